"""All documents of a run: a bounded number at a time, until there are none left or somebody stops it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome, settled
from ml_server.bulk.read_document import DocumentReader, Progress, nobody, read_document
from ml_server.bulk.storage import Storage

_LOOKED_FOR_AT_ONCE = 64

Done = Callable[[BulkDocument, Outcome], None]


@dataclass(slots=True)
class Tally:
    """What a run has done so far.

    Attributes:
        documents: that it has come to.
        skipped: of them, those that had been read before.
        pages: read now.
        failed: pages, and documents without pages, that could not be read; those of skipped documents included.
        stopped: whether it was ended before it was through.
    """

    documents: int = 0
    skipped: int = 0
    pages: int = 0
    failed: int = 0
    stopped: bool = False

    def add(self, outcome: Outcome) -> None:
        """Count a document."""
        self.documents += 1
        self.skipped += outcome.skipped
        self.pages += outcome.read
        self.failed += len(outcome.record.failures)


@dataclass(slots=True)
class BulkRun:
    """A run over documents. Belongs to one event loop.

    Attributes:
        reader: gives what reads them; awaited when the first document is found that is not finished, and for each.
        storage: of the results.
        options: what to read and write.
        fingerprints: of the options.
        at_once: documents in work at a time.
        retry_failed: also try what failed for good in an earlier run.
        grace_s: time documents in work get to end in when the run is stopped.
        done: told of every document.
        progress: told of every page.
        tally: of what was done.
    """

    reader: Callable[[], Awaitable[DocumentReader]]
    storage: Storage
    options: BulkOptions
    fingerprints: Sequence[str]
    at_once: int
    retry_failed: bool
    grace_s: float
    done: Done
    progress: Progress = nobody
    tally: Tally = field(default_factory=Tally)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _now: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: bool = False

    def stop(self) -> bool:
        """Begin no further document, and give those in work ``grace_s`` seconds; called again: end them at once.

        While the reader is not ready yet there is nothing in work.

        Returns:
            Whether it was called before.
        """
        again = self._stopping.is_set()
        if again:
            self._now.set()
        self._stopping.set()
        return again

    async def run(self, documents: Iterable[BulkDocument]) -> Tally:
        """Read them all.

        Raises:
            OutputFailed: results cannot be written.
            EngineUnavailable, Unauthenticated: no document can be read this way.
            MLServerError: the documents cannot be listed.
        """
        queue: asyncio.Queue[BulkDocument | None] = asyncio.Queue(self.at_once)
        work = asyncio.create_task(self._all(queue, documents))
        stop = asyncio.create_task(self._stopped())
        try:
            await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
            self.tally.stopped |= not work.done()
            work.cancel()  # nothing happens where it is done
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            stop.cancel()
        return self.tally

    async def _stopped(self) -> None:
        await self._stopping.wait()
        if not self._reading:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.grace_s):
                await self._now.wait()

    async def _all(self, queue: asyncio.Queue[BulkDocument | None], documents: Iterable[BulkDocument]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._fill(queue, documents))
                for _ in range(self.at_once):
                    group.create_task(self._work(queue))
        except* Exception as failed:  # the first one says why the run ends; the others followed from it
            raise failed.exceptions[0] from None

    async def _fill(self, queue: asyncio.Queue[BulkDocument | None], documents: Iterable[BulkDocument]) -> None:
        async for document in _looked_for(documents):
            if self._stopping.is_set():
                self.tally.stopped = True
                break
            await queue.put(document)
        for _ in range(self.at_once):
            await queue.put(None)

    async def _work(self, queue: asyncio.Queue[BulkDocument | None]) -> None:
        while (document := await queue.get()) is not None:
            if self._stopping.is_set():
                self.tally.stopped = True
                continue
            outcome = await self._outcome(document)
            self.tally.add(outcome)
            self.done(document, outcome)

    async def _outcome(self, document: BulkDocument) -> Outcome:
        how = self.storage, self.options, self.fingerprints
        done = await settled(document, *how, retry_failed=self.retry_failed)
        if done is not None:
            return done
        reader = await self.reader()
        self._reading = True
        return await read_document(document, reader, *how, retry_failed=self.retry_failed, progress=self.progress)


async def _looked_for(documents: Iterable[BulkDocument]) -> AsyncGenerator[BulkDocument, None]:
    """Documents as they are found, looked for in a thread."""
    found = iter(documents)
    while chunk := await asyncio.to_thread(lambda: list(islice(found, _LOOKED_FOR_AT_ONCE))):
        for document in chunk:
            yield document
