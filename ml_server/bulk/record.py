"""What is known of one document after it was read: ``record.json`` in the folder of its results, written last.

A document is finished when its record says so. While a document of several pages is being read its record says that,
so that a run that was killed goes on with the page it had come to. A document that cannot be got or opened any more
keeps the record that it has, with that failure in it: what was once read is never given up for what cannot be read now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
        pages: those that were read, in order; while ``reading``, by an earlier run.
        failures: those that were not, in order; while ``reading``, by an earlier run.
        files: names and bytes of what was written, in the record's folder; while ``reading``, by an earlier run. Those
            of pages that could not be read for the moment may be of other options.
        finished: when it was done, ISO 8601 in UTC; empty while ``reading``.
        before: while ``reading``, names of pages' JSON that were there when that began, and are not its own yet.
        tried: size, version and fingerprint of what could not be read as a whole, where all the rest is of an earlier
            reading; else None.
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
    tried: tuple[int, str, str] | None = None

    @classmethod
    def begin(
        cls,
        document: BulkDocument,
        fingerprint: str,
        page_count: int,
        *,
        pages: Mapping[int, PageSummary] | None = None,
        failures: Iterable[Failure] = (),
        files: Mapping[str, int] | None = None,
        before: Iterable[str] = (),
    ) -> Record:
        """A document that is about to be read; the arguments are the attributes."""
        read = () if pages is None else _in_order(pages)
        key = (document.url, document.size, document.version, fingerprint)
        return cls("reading", *key, page_count, read, tuple(failures), dict(files or {}), before=tuple(sorted(before)))

    def is_of(self, document: BulkDocument, fingerprints: Sequence[str]) -> bool:
        """Whether this is about the same file, unchanged, and options that are as good."""
        mine = (self.source, self.size, self.version)
        return mine == (document.url, document.size, document.version) and self.options in fingerprints

    def has_tried(self, document: BulkDocument, fingerprints: Sequence[str]) -> bool:
        """Whether the same file, unchanged, could not be read as a whole when this was written."""
        if self.tried is None or self.source != document.url:
            return False
        size, version, fingerprint = self.tried
        return (size, version) == (document.size, document.version) and fingerprint in fingerprints

    def of_pages(self) -> tuple[Failure, ...]:
        """Failures of single pages."""
        return tuple(failure for failure in self.failures if failure.page != WHOLE)

    def unread(self, document: BulkDocument, fingerprint: str, failure: Failure) -> Record:
        """This record, and that the document cannot be read as a whole now."""
        tried = (document.size, document.version, fingerprint)
        return replace(self, failures=(failure, *self.of_pages()), tried=tried)

    def done(
        self, pages: Mapping[int, PageSummary], failures: Mapping[int, Failure], files: Mapping[str, int]
    ) -> Record:
        """The record of a document that was read, as far as that was possible."""
        return replace(
            self,
            state="done",
            pages=_in_order(pages),
            failures=tuple(failures[number] for number in sorted(failures)),
            files=dict(files),
            finished=datetime.now(UTC).isoformat(timespec="milliseconds"),
            before=(),
            tried=None,
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
            before, tried = tuple(fields.pop("before")), fields.pop("tried", None)
            return cls(
                pages=pages, failures=failures, before=before, tried=None if tried is None else tuple(tried), **fields
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _in_order(pages: Mapping[int, PageSummary]) -> tuple[PageSummary, ...]:
    return tuple(pages[number] for number in sorted(pages))
