"""The only decoder: a file's bytes to upright 8-bit RGB pages.

:func:`check_size` is for the server process and looks at the first bytes and the length only. :func:`probe` and
:func:`decode_pages` are for decoder processes, where :func:`limit_memory` has been called once: Pillow and pdfium are
C and C++ reading what strangers send, and a file that crashes or hangs them must cost no more than that process.

Whatever the libraries raise on bad bytes leaves here as InvalidImage, and every limit as PayloadTooLarge.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ml_server import decode_pdf
from ml_server.decode_format import ACCEPTED, describe, sniff
from ml_server.decode_limits import DecodeLimits, limit_address_space
from ml_server.document import Page
from ml_server.errors import InvalidImage, MLServerError, PayloadTooLarge

__all__ = [
    "HEAD",
    "DecodeLimits",
    "DocumentProbe",
    "check_length",
    "check_size",
    "decode_pages",
    "limit_memory",
    "probe",
]

_LOCK: Final = threading.Lock()
"""One file at a time in a process: pdfium is not thread-safe, and warning filters and Pillow's limit are global."""

_MULTI_PAGE: Final = ("PDF", "TIFF")

HEAD: Final = 1024
"""First bytes of a file that tell what it is."""

_BLOCKS_KEPT: Final = 8
"""Blocks of at most 16 MB that Pillow keeps for the next page; one at 200 dpi takes one, and its strips others."""


@dataclass(frozen=True, slots=True)
class DocumentProbe:
    """What a document is, before its pages are decoded.

    Attributes:
        format: PNG, JPEG, WebP, BMP, GIF, TIFF or PDF, by content.
        pages: all pages of a PDF or TIFF, 1 for the others (animations are read by their first frame).
    """

    format: str
    pages: int


def limit_memory(extra_bytes: int) -> None:
    """Load the libraries, have Pillow keep some memory, and let this process grow by ``extra_bytes`` and no more.

    Call it once, when a decoder process starts. A file that asks for more then gets MemoryError, which becomes
    PayloadTooLarge, instead of waking the kernel's out-of-memory killer. pdfium is less exact: it may leave out a
    picture it has no memory for, or end the process. Linux only; elsewhere the libraries are loaded and that is all.

    Args:
        extra_bytes: what pages may take while they are decoded; a page of 64 million pixels needs up to 1.2 GB.
    """
    _load_libraries()
    from PIL import _imaging

    # A fresh page of memory costs more than decoding into it; see Pillow's documentation of its block allocator.
    _imaging.set_blocks_max(_BLOCKS_KEPT)
    limit_address_space(extra_bytes)


def check_size(data: bytes, limits: DecodeLimits) -> None:
    """Refuse a body by its length alone; quick enough for the server's event loop.

    PDF and TIFF, which hold several pages, may have ``max_document_bytes``; anything else ``max_image_bytes``.

    Raises:
        InvalidImage: nothing was sent.
        PayloadTooLarge: too many bytes.
    """
    if not data:
        raise InvalidImage(f"the file is empty; accepted: {ACCEPTED}")
    check_length(data[:HEAD], len(data), limits)


def check_length(head: bytes, length: int, limits: DecodeLimits) -> None:
    """The same for what has not been loaded yet.

    Args:
        head: its first ``HEAD`` bytes.
        length: of all of it.
        limits: what is allowed.

    Raises:
        PayloadTooLarge: too many bytes.
    """
    kind = sniff(head)
    allowed = limits.max_document_bytes if kind in _MULTI_PAGE else limits.max_image_bytes
    if length > allowed:
        raise PayloadTooLarge(f"the {kind or 'file'} is too large: found {length} bytes, {allowed} allowed")


def probe(data: bytes, limits: DecodeLimits) -> DocumentProbe:
    """Format and number of pages, from headers only.

    Raises:
        InvalidImage: not one of the accepted formats, damaged, without pages, or encrypted.
        PayloadTooLarge: too many bytes or pages, or a first page of too many pixels.
    """
    kind = _kind(data, limits)
    with _reading(kind):
        if kind == "PDF":
            pages = decode_pdf.count_pages(data)
            limits.check_pages(pages)
        else:
            from ml_server import decode_image

            pages = decode_image.count_pages(data, kind, limits)
    return DocumentProbe(format=kind, pages=pages)


def decode_pages(data: bytes, first: int, count: int, limits: DecodeLimits) -> list[Page]:
    """Some pages of a document, as pixels.

    PDF pages are rendered at ``pdf_dpi``, or as much lower as it takes to fit ``max_pixels``, down to 36 dpi.

    Args:
        data: the file.
        first: index of the first page, 0-based.
        count: how many pages at most; fewer come back where the document ends.
        limits: what is allowed.

    Returns:
        At least one page; ``Page.number`` is 1-based.

    Raises:
        InvalidImage: not one of the accepted formats, damaged, truncated, encrypted, or no page ``first``.
        PayloadTooLarge: too many bytes, pages or pixels, or more memory needed than the process has.
    """
    kind = _kind(data, limits)
    with _reading(kind):
        if kind == "PDF":
            pages = decode_pdf.render_pages(data, first, count, limits)
        else:
            from ml_server import decode_image

            pages = decode_image.read_pages(data, kind, first, count, limits)
    if not pages:
        raise InvalidImage(f"the {kind} has no page {first + 1}")
    return pages


def _kind(data: bytes, limits: DecodeLimits) -> str:
    check_size(data, limits)
    kind = sniff(data)
    if kind is None:
        raise InvalidImage(f"not an image or PDF; found: {describe(data)}; accepted: {ACCEPTED}")
    return kind


def _load_libraries() -> None:
    import pypdfium2  # noqa: F401
    from PIL import Image

    from ml_server import decode_image  # noqa: F401

    Image.init()


@contextmanager
def _reading(kind: str) -> Iterator[None]:
    """Hold the lock, keep the libraries quiet, and turn what they raise into our errors."""
    _load_libraries()  # before the try: a broken installation is not the caller's fault
    with _LOCK, _quiet():
        try:
            yield
        except MLServerError:
            raise
        except MemoryError as error:
            raise PayloadTooLarge(f"reading this {kind} needs more memory than a decoder is allowed") from error
        except Exception as error:
            # Which types the libraries raise on damaged data is not documented, and grows with every fuzzed file.
            raise InvalidImage(
                f"found a {kind} that cannot be read: {_reason(error)}; accepted: {ACCEPTED}, undamaged"
            ) from error


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):  # its own text is the address of a buffer
        return "it is damaged, incomplete, or of a variant that is not supported"
    return " ".join(str(error).split())[:200] or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the libraries warn and log about damaged files; the caller gets an error or a page."""
    loggers = [logging.getLogger(name) for name in ("PIL", "pypdfium2")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
