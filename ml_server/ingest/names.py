"""What stored files are called. A name says which bytes it was made of, so the same file always has the same ones.

::

    preprocessed/9f2c…e1-200dpi-p0001.png   a PDF's page: hash of the file, resolution, number
    preprocessed/41ab…07-p0001.png          a page of an image or a TIFF, which keeps the pixels it has
    raw/9f2c…e1.pdf                         the file as it came
    records/9f2c…e1-200dpi.json             what is known of it; written last

``preprocessed/`` is flat and holds nothing but pages, as Label Studio's storage sync wants it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

PAGES: Final = "preprocessed"
RAW: Final = "raw"
RECORDS: Final = "records"

_HASH_DIGITS: Final = 32
"""128 of SHA-256's bits: nobody makes two files with the same ones."""

_PAGE_NAME = re.compile(r"[0-9a-f]{32}(-[0-9]{2,3}dpi)?-p[0-9]{4,6}\.png")
_RAW_NAME = re.compile(r"[0-9a-f]{32}\.[a-z]{3,4}")
_SUFFIXES: Final = {"JPEG": "jpg", "TIFF": "tif"}


def document_id(data: bytes) -> str:
    """32 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]


def rendering_id(document: str, kind: str | None, dpi: int) -> str:
    """What a document's pages have in common: its id and, where that decides their pixels, the resolution.

    Args:
        document: see :func:`document_id`.
        kind: PDF, PNG and so on, by content; None for what is no document.
        dpi: pixels per inch.
    """
    return f"{document}-{dpi}dpi" if kind == "PDF" else document


def page_name(rendering: str, number: int) -> str:
    """File name of a page, numbers from 1."""
    return f"{rendering}-p{number:04d}.png"


def is_page_name(name: str) -> bool:
    """Whether a file name is one of :func:`page_name`'s; no path is."""
    return _PAGE_NAME.fullmatch(name) is not None


def page_path(name: str) -> str:
    """Where a page is, below the store's root."""
    return f"{PAGES}/{name}"


def raw_path(document: str, kind: str) -> str:
    """Where the file as it came is, below the store's root."""
    return f"{RAW}/{document}.{_SUFFIXES.get(kind, kind.lower())}"


def is_raw_name(name: str) -> bool:
    """Whether a file name is one of :func:`raw_path`'s."""
    return _RAW_NAME.fullmatch(name) is not None


def record_path(rendering: str) -> str:
    """Where the record is, below the store's root."""
    return f"{RECORDS}/{rendering}.json"


def root_of(target: str) -> str:
    """The store's root: the target without ``preprocessed/`` at its end, for those who name the pages' own folder."""
    trimmed = target.rstrip("/")
    return "." if trimmed == PAGES else trimmed.removesuffix(f"/{PAGES}") or "/"
