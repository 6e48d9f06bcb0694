"""The files of one page, from what was read on it, and its summary back from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ml_server.bulk.grids import Grid
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.record import PageSummary
from ml_server.document import OCRPage
from ml_server.key_value import KeyValuePage


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page as it was read.

    Attributes:
        page: its lines.
        key_values: its keys and values; None where they were not asked for.
        drawing: JPEG of the page with both on it; None where it was not asked for.
        grids: its ruled tables; none where they were not looked for.
    """

    page: OCRPage
    key_values: KeyValuePage | None = None
    drawing: bytes | None = None
    grids: tuple[Grid, ...] = ()


def page_file(number: int, suffix: str = ".json") -> str:
    """Name of a page's file; numbers from 1."""
    return f"page{number}{suffix}"


def page_files(reading: PageReading, options: BulkOptions) -> dict[str, bytes]:
    """Names and contents of all files of a page; its JSON, by whose being there the page is known, is last."""
    from ml_server.bentoml_services.key_value_schemas import KeyValuesPage
    from ml_server.bentoml_services.schemas import NumberedPage
    from ml_server.bulk import markdown

    number = reading.page.number
    files: dict[str, bytes] = {}
    if options.text:
        files[page_file(number, ".txt")] = (reading.page.text + "\n").encode()
    if options.markdown:
        files[page_file(number, ".md")] = markdown.of(reading.page, reading.key_values, reading.grids).encode()
    if reading.drawing is not None:
        files[page_file(number, ".jpg")] = reading.drawing
    if reading.key_values is not None:
        files[page_file(number, ".key_values.json")] = KeyValuesPage.of(reading.key_values).model_dump_json().encode()
    files[page_file(number)] = NumberedPage.of(reading.page).model_dump_json().encode()
    return files


def names(number: int, options: BulkOptions) -> list[str]:
    """Names of the files that options ask for and that only reading gives; the text is made of the JSON."""
    wanted = (".json", ".md" * options.markdown, ".jpg" * options.images, ".key_values.json" * options.key_values)
    return [page_file(number, suffix) for suffix in wanted if suffix]


def all_names(number: int) -> set[str]:
    """Names of all files that a page may have."""
    return {page_file(number, suffix) for suffix in (".json", ".txt", ".md", ".jpg", ".key_values.json")}


def text_of(page: bytes) -> bytes:
    """What ``pageN.txt`` says.

    Args:
        page: its JSON.

    Raises:
        ValueError, KeyError, TypeError: not a page's JSON.
    """
    return (str(json.loads(page)["text"]) + "\n").encode()


def summary(page: bytes, key_values: bytes | None) -> PageSummary:
    """A page's summary from its files.

    Args:
        page: its JSON.
        key_values: its keys and values as JSON; None where they were not asked for.

    Raises:
        ValueError, KeyError, TypeError: not a page's JSON.
    """
    body: dict[str, Any] = json.loads(page)
    boxes = body["text_boxes"]
    return PageSummary(
        page=body["page"],
        file=page_file(body["page"]),
        width=body["width"],
        height=body["height"],
        language=body["language"],
        engine=body["engine"],
        model_version=body["model_version"],
        lines=len(boxes),
        words=sum(len(box["words"]) for box in boxes),
        overall_confidence=body["overall_confidence"],
        key_values=None if key_values is None else len(json.loads(key_values)["key_values"]),
        processing_time_ms=body["processing_time_ms"],
        text=body["text"],
    )
