"""One document through a reader into the store: what every kind of bulk run does, document by document.

::

    storage = Storage(open_place("results"), retries=options.retries)
    reader = PipelineReader(pipeline, options)          # or ServerReader
    outcome = await read_document(document, reader, storage, options, fingerprint)

It may be called for several documents at a time, of different processes too, but not twice for the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from tenacity import AsyncRetrying

from ml_server.bulk import again
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.pages import PageReading, names, page_file, page_files, summary
from ml_server.bulk.record import RECORD, WHOLE, Failure, PageSummary, Record
from ml_server.bulk.storage import Storage
from ml_server.errors import MLServerError


class DocumentReader(Protocol):
    """What reads documents: engines of this machine, or servers."""

    async def count(self, data: bytes) -> int:
        """How many pages a document has.

        Raises:
            MLServerError: it is no document that can be read.
        """

    def read(self, data: bytes, pages: tuple[int, ...]) -> AsyncGenerator[PageReading, None]:
        """Read some pages, in order.

        Args:
            data: the document.
            pages: numbers from 1, ascending, at least one.

        Raises:
            MLServerError: on the first page that has not come.
        """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document.

    Attributes:
        record: as it is in the store now.
        read: pages that were read now; none where everything had been done before.
        skipped: whether there was nothing to do.
    """

    record: Record
    read: int
    skipped: bool = False


async def finished(
    document: BulkDocument, storage: Storage, fingerprint: str, *, retry_failed: bool = False
) -> Outcome | None:
    """What became of a document if there is nothing left to do for it, else None.

    Raises:
        OutputFailed: the store does not answer.
    """
    record, present = await _look(document, storage)
    return _finished(document, record, present, fingerprint, retry_failed=retry_failed)


async def read_document(
    document: BulkDocument,
    reader: DocumentReader,
    storage: Storage,
    options: BulkOptions,
    fingerprint: str,
    *,
    retry_failed: bool = False,
) -> Outcome:
    """Read what is left of a document, and write its files and then its record.

    A page that fails is tried again where that may help, noted in the record where it does not, and the others are
    read all the same.

    Args:
        document: what to read.
        reader: reads it.
        storage: of its results.
        options: what to write.
        fingerprint: of the options, see :meth:`BulkOptions.fingerprint`.
        retry_failed: also try what failed for good in an earlier run.

    Raises:
        OutputFailed: results cannot be written.
        EngineUnavailable, Unauthenticated: nothing can be read with this engine, or on this server.
    """
    record, present = await _look(document, storage)
    done = _finished(document, record, present, fingerprint, retry_failed=retry_failed)
    if done is not None:
        return done
    return await _Work(document, reader, storage, options, fingerprint).run(record, present)


class _Work:
    """One document while it is read."""

    def __init__(
        self, document: BulkDocument, reader: DocumentReader, storage: Storage, options: BulkOptions, fingerprint: str
    ) -> None:
        self._document = document
        self._reader = reader
        self._storage = storage
        self._options = options
        self._fingerprint = fingerprint
        self._pages: dict[int, PageSummary] = {}
        self._files: dict[str, int] = {}
        self._failures: dict[int, Failure] = {}
        self._attempts = 1

    async def run(self, earlier: Record | None, present: dict[str, int]) -> Outcome:
        data, total = b"", 0
        try:
            data = await self._storage.originals.fetch(self._document)
            total = await self._retrying()(self._reader.count, data)
        except again.ENDS_THE_RUN:
            raise
        except MLServerError as error:
            self._failures[WHOLE] = Failure.of(error, WHOLE, self._attempts)
        record = Record.begin(self._document, self._fingerprint, total, earlier, present)
        if earlier is not None and earlier.is_of(self._document, self._fingerprint) and total == earlier.page_count:
            await self._keep(earlier, present)
            record = earlier
        elif total > 1:
            await self._write(RECORD, record.to_json())
        kept = len(self._pages)
        while left := tuple(n for n in range(1, total + 1) if n not in self._pages and n not in self._failures):
            await self._advance(data, left)
        done = record.done(self._pages, self._failures, self._files)
        await self._write(RECORD, done.to_json())
        for name in set(record.files) & set(present) - set(done.files):
            await self._storage.delete(self._name(name))  # of a page that the document no longer has, or not asked for
        return Outcome(done, len(self._pages) - kept)

    async def _keep(self, earlier: Record, present: dict[str, int]) -> None:
        """Take over the pages that an earlier run has finished."""
        if earlier.state == "done":
            for page in earlier.pages:
                files = {name: earlier.files[name] for name in names(page.page, self._options) if name in earlier.files}
                if files and all(present.get(name) == size for name, size in files.items()):
                    self._pages[page.page] = page
                    self._files |= files
            return
        own = present.keys() - set(earlier.before)
        for number in range(1, earlier.page_count + 1):
            wanted = names(number, self._options)
            if own.issuperset(wanted):
                await self._take_over(number, {name: present[name] for name in wanted})

    async def _take_over(self, number: int, files: dict[str, int]) -> None:
        page = await self._storage.read(self._name(page_file(number)))
        pairs = page_file(number, ".key_values.json")
        found = await self._storage.read(self._name(pairs)) if pairs in files else None
        if page is None:
            return
        self._pages[number] = summary(page, found)
        self._files |= files

    async def _advance(self, data: bytes, left: tuple[int, ...]) -> None:
        """Read on until the first of the pages that are left is done, or is given up."""
        first = left[0]

        async def go_on() -> None:
            rest = tuple(number for number in left if number not in self._pages)
            try:
                async with aclosing(self._reader.read(data, rest)) as readings:
                    async for reading in readings:
                        await self._keep_page(reading)
            except MLServerError as error:
                failed = next((number for number in rest if number not in self._pages), first)
                if failed == first or isinstance(error, again.ENDS_THE_RUN):
                    raise
                if not isinstance(error, again.RETRIED):  # else its attempts are counted from when it is the first
                    self._failures[failed] = Failure.of(error, failed, 1)

        try:
            await self._retrying()(go_on)
        except again.ENDS_THE_RUN:
            raise
        except MLServerError as error:
            self._failures[first] = Failure.of(error, first, self._attempts)

    async def _keep_page(self, reading: PageReading) -> None:
        files = await asyncio.to_thread(page_files, reading, self._options)
        number = reading.page.number
        for name, content in files.items():
            await self._write(name, content)
        found = summary(files[page_file(number)], files.get(page_file(number, ".key_values.json")))
        self._files |= {name: len(content) for name, content in files.items()}
        self._pages[number] = found

    def _retrying(self) -> AsyncRetrying:
        def count(attempt: int) -> None:
            self._attempts = attempt

        return again.reading(self._options.retries, count)

    async def _write(self, name: str, data: bytes) -> None:
        await self._storage.write(self._name(name), data)

    def _name(self, name: str) -> str:
        return f"{self._document.folder}/{name}"


def _finished(
    document: BulkDocument, record: Record | None, present: dict[str, int], fingerprint: str, *, retry_failed: bool
) -> Outcome | None:
    """What became of a document, of what is in its folder; None where something is left to do."""
    if record is None or record.state != "done" or not record.is_of(document, fingerprint):
        return None
    if any(retry_failed or failure.passing for failure in record.failures):
        return None
    whole = all(present.get(name) == size for name, size in record.files.items())
    return Outcome(record, 0, skipped=True) if whole else None


async def _look(document: BulkDocument, storage: Storage) -> tuple[Record | None, dict[str, int]]:
    """A document's record and the files in its folder."""
    data = await storage.read(f"{document.folder}/{RECORD}")
    present = await storage.sizes(document.folder)
    record = None if data is None else Record.from_json(data)
    return record, {name: size for name, size in present.items() if name != RECORD}
