"""One document through a reader into the store: what every kind of bulk run does, document by document.

::

    storage = Storage(open_place("results"), retries=options.retries)
    reader = PipelineReader(pipeline, options)          # or ServerReader
    outcome = await read_document(document, reader, storage, options, options.fingerprints(settings))

It may be called for several documents at a time, of different processes too, but not twice for the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from tenacity import AsyncRetrying

from ml_server.bulk import again
from ml_server.bulk.found import Found, look, summary_of, write_text
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome, settle
from ml_server.bulk.pages import PageReading, all_names, page_file, page_files, summary
from ml_server.bulk.places import PART
from ml_server.bulk.record import RECORD, WHOLE, Failure, PageSummary, Record
from ml_server.bulk.storage import Storage
from ml_server.errors import MLServerError, NotReady

Progress = Callable[[BulkDocument, int, float], None]
"""Told of a document's pages as they come: how many were read now, and how much of it is through, 0..1."""


def nobody(document: BulkDocument, read: int, share: float) -> None:
    """Told of progress where nobody asks for it."""


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


async def read_document(
    document: BulkDocument,
    reader: DocumentReader,
    storage: Storage,
    options: BulkOptions,
    fingerprints: Sequence[str],
    *,
    retry_failed: bool = False,
    progress: Progress = nobody,
) -> Outcome:
    """Read what is left of a document, and write its files and then its record.

    A page that fails is tried again where that may help, noted in the record where it does not, and the others are
    read all the same. A document that cannot be got or opened keeps what was read of it before.

    Args:
        document: what to read.
        reader: reads it.
        storage: of its results.
        options: what to write.
        fingerprints: of the options, see :meth:`BulkOptions.fingerprints`.
        retry_failed: also try what failed for good in an earlier run.
        progress: told of every page.

    Raises:
        OutputFailed: results cannot be written.
        EngineUnavailable, Unauthenticated: nothing can be read with this engine, or on this server.
    """
    found = await look(document, storage)
    done = await settle(found, document, storage, options, fingerprints, retry_failed=retry_failed)
    if done is not None:
        return done
    return await _Work(document, reader, storage, options, fingerprints, progress).run(found)


class _Work:
    """One document while it is read."""

    def __init__(
        self,
        document: BulkDocument,
        reader: DocumentReader,
        storage: Storage,
        options: BulkOptions,
        fingerprints: Sequence[str],
        progress: Progress,
    ) -> None:
        self._document = document
        self._reader = reader
        self._storage = storage
        self._options = options
        self._fingerprints = fingerprints
        self._progress = progress
        self._record = Record.begin(document, fingerprints[0], 0)
        self._pages: dict[int, PageSummary] = {}
        self._files: dict[str, int] = {}
        self._failures: dict[int, Failure] = {}
        self._attempts = 1
        self._kept = 0

    async def run(self, found: Found) -> Outcome:
        for name in found.present:
            if name.startswith(PART):  # half-written when a run was killed
                await self._storage.delete(self._name(name))
        try:
            data = await self._fetch()
            total: int = await self._retrying()(self._reader.count, data)
        except again.ENDS_THE_RUN:
            raise
        except MLServerError as error:
            return await self._unread(found, Failure.of(error, WHOLE, self._attempts))
        await self._begin(found, total)
        while left := tuple(n for n in range(1, total + 1) if n not in self._pages and n not in self._failures):
            await self._advance(data, left)
        return await self._done(found)

    async def _fetch(self) -> bytes:
        try:
            return await self._storage.originals.fetch(self._document)
        except NotReady:
            self._attempts = self._storage.retries + 1  # it has tried for itself
            raise

    async def _unread(self, found: Found, failure: Failure) -> Outcome:
        """The document cannot be got or opened: that is noted, and what was read of it before stays."""
        earlier = found.record
        if earlier is not None and earlier.source == self._document.url and earlier.page_count:
            record = earlier.unread(self._document, self._fingerprints[0], failure)
        else:
            record = self._record.done({}, {WHOLE: failure}, {})
        await self._write(RECORD, record.to_json())
        return Outcome(record, 0)

    async def _begin(self, found: Found, total: int) -> None:
        """Take over the pages that earlier runs have finished, and note what there is."""
        earlier, failures, files = found.record, tuple[Failure, ...](), dict[str, int]()
        if earlier is not None and earlier.source == self._document.url:
            files = dict(earlier.files)
            if earlier.is_of(self._document, self._fingerprints) and total == earlier.page_count:
                failures = earlier.of_pages()
                await self._keep(found)
        self._kept = len(self._pages)
        self._record = Record.begin(
            self._document,
            self._fingerprints[0],
            total,
            pages=self._pages,
            failures=failures,
            files=files | self._files,
            before=found.present.keys() & {page_file(n) for n in range(1, total + 1) if n not in self._pages},
        )
        if self._kept < total and (total > 1 or earlier is not None):
            await self._write(RECORD, self._record.to_json())

    async def _keep(self, found: Found) -> None:
        self._pages, self._files = found.kept(self._options)
        for number, files in found.begun(self._options).items():
            page = await summary_of(self._document, files, number, self._storage)
            if page is not None:
                self._pages[number] = page
                self._files |= files
        if self._options.text:
            for number in self._pages:
                if page_file(number, ".txt") not in self._files:
                    self._files |= await write_text(self._document, number, self._storage)

    async def _done(self, found: Found) -> Outcome:
        # Of a page that cannot be read for the moment the files of before, of other options it may be, stay until it
        # can. What else the document had and has no more is removed: pages, and files that are not asked for.
        ours = self._record.files.keys() & found.present.keys()
        waiting = {name for failure in self._failures.values() if failure.passing for name in all_names(failure.page)}
        files = {name: found.present[name] for name in ours & waiting} | self._files
        done = self._record.done(self._pages, self._failures, files)
        await self._write(RECORD, done.to_json())
        for name in ours - files.keys():
            await self._storage.delete(self._name(name))
        return Outcome(done, len(self._pages) - self._kept)

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
                    self._fail(failed, error, 1)

        try:
            await self._retrying()(go_on)
        except again.ENDS_THE_RUN:
            raise
        except MLServerError as error:
            self._fail(first, error, self._attempts)

    def _fail(self, number: int, error: MLServerError, attempts: int) -> None:
        self._failures[number] = Failure.of(error, number, attempts)
        self._tell()

    async def _keep_page(self, reading: PageReading) -> None:
        files = await asyncio.to_thread(page_files, reading, self._options)
        number = reading.page.number
        for name, content in files.items():
            await self._write(name, content)
        found = summary(files[page_file(number)], files.get(page_file(number, ".key_values.json")))
        self._files |= {name: len(content) for name, content in files.items()}
        self._pages[number] = found
        if page_file(number) in self._record.before:  # now its own: a run that is killed has not read it for nothing
            self._record = replace(self._record, before=tuple(n for n in self._record.before if n != page_file(number)))
            await self._write(RECORD, self._record.to_json())
        self._tell()

    def _tell(self) -> None:
        through = len(self._pages) + len(self._failures)
        self._progress(self._document, len(self._pages) - self._kept, through / self._record.page_count)

    def _retrying(self) -> AsyncRetrying:
        def count(attempt: int) -> None:
            self._attempts = attempt

        return again.reading(self._options.retries, count)

    async def _write(self, name: str, data: bytes) -> None:
        await self._storage.write(self._name(name), data)

    def _name(self, name: str) -> str:
        return f"{self._document.folder}/{name}"
