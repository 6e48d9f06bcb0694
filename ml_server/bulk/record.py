"""What is known of one document after it was read: ``record.json`` in the folder of its results, written last.

A document is finished when its record says so. While a document of several pages is being read its record says that,
so that a run that was killed goes on with the page it had come to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.path_text import as_json
from ml_server.errors import MLServerError

RECORD: Final = "record.json"
WHOLE: Final = 0
"""The page of a failure that concerns the whole document."""

PASSING: Final = frozenset({"server_busy", "not_ready"})
"""Codes of what lies in the moment and not in the file: the next run tries again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a page, or a whole document, could not be read.

    Attributes:
        page: 1-based; ``WHOLE`` for the document.
        code: of :mod:`ml_server.errors`.
        message: for people.
        attempts: at least 1.
    """

    page: int
    code: str
    message: str
    attempts: int

    @classmethod
    def of(cls, error: MLServerError, page: int, attempts: int) -> Failure:
        """A failure from its error."""
        return cls(page, error.code, error.message, attempts)

    @property
    def passing(self) -> bool:
        """Whether the next run is to try again without being asked."""
        return self.code in PASSING


@dataclass(frozen=True, slots=True)
class PageSummary:
    """One page for the index: everything but boxes.

    Attributes:
        page: 1-based.
        file: its JSON, in the record's folder.
        width: pixels.
        height: pixels.
        language: it was read in.
        engine: that read it.
        model_version: of the engine.
        lines: how many.
        words: how many.
        overall_confidence: 0..1.
        key_values: how many pairs; None where none were looked for.
        processing_time_ms: milliseconds.
        text: all of it.
    """

    page: int
    file: str
    width: int
    height: int
    language: str
    engine: str
    model_version: str
    lines: int
    words: int
    overall_confidence: float
    key_values: int | None
    processing_time_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """See the module.

    Attributes:
        state: ``reading`` until it is ``done``.
        source: the document's path or address.
        size: of the document, bytes.
        version: see :class:`BulkDocument`.
        options: fingerprint of what was asked for.
        page_count: pages of the document; 0 where that could not be found out.
        pages: those that were read, in order; empty while ``reading``.
        failures: those that were not, in order.
        files: names and bytes of what was written, in the record's folder; while ``reading``, by an earlier run.
        finished: when it was done, ISO 8601 in UTC; empty while ``reading``.
        before: while ``reading``, names of all files that were there when that began, and so are not its own.
    """

    state: Literal["reading", "done"]
    source: str
    size: int
    version: str
    options: str
    page_count: int
    pages: tuple[PageSummary, ...]
    failures: tuple[Failure, ...]
    files: Mapping[str, int]
    finished: str = ""
    before: tuple[str, ...] = ()

    @classmethod
    def begin(
        cls, document: BulkDocument, options: str, page_count: int, earlier: Record | None, before: Iterable[str]
    ) -> Record:
        """A document that is about to be read.

        Args:
            document: the file.
            options: fingerprint.
            page_count: of the document.
            earlier: its last record, whatever it says.
            before: names of the files that are in its folder.
        """
        files = earlier.files if earlier is not None and earlier.source == document.url else {}
        key = (document.url, document.size, document.version, options)
        return cls("reading", *key, page_count, (), (), dict(files), before=tuple(sorted(before)))

    def is_of(self, document: BulkDocument, options: str) -> bool:
        """Whether this is about the same file, unchanged, and the same options."""
        mine = (self.source, self.size, self.version, self.options)
        return mine == (document.url, document.size, document.version, options)

    def done(
        self, pages: Mapping[int, PageSummary], failures: Mapping[int, Failure], files: Mapping[str, int]
    ) -> Record:
        """The record of a document that was read, as far as that was possible."""
        return replace(
            self,
            state="done",
            pages=tuple(pages[number] for number in sorted(pages)),
            failures=tuple(failures[number] for number in sorted(failures)),
            files=dict(files),
            finished=datetime.now(UTC).isoformat(timespec="milliseconds"),
            before=(),
        )

    def to_json(self) -> bytes:
        """As it is written."""
        return as_json(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Record | None:
        """From what was written; None where that is no record of ours."""
        try:
            fields: dict[str, Any] = json.loads(data)
            pages = tuple(PageSummary(**each) for each in fields.pop("pages"))
            failures = tuple(Failure(**each) for each in fields.pop("failures"))
            return cls(pages=pages, failures=failures, before=tuple(fields.pop("before")), **fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
