"""A pipeline of its own that reads documents when it is called: for processes that somebody else starts and feeds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.page_worker import PagePool
from ml_server.bulk.pipeline_reader import PipelineReader, bulk_settings
from ml_server.bulk.places import open_place
from ml_server.bulk.read_document import read_document
from ml_server.bulk.storage import Storage
from ml_server.decode_limits import DecodeLimits
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


class BulkWorker:
    """Reads documents into a store, blocking; what it is made of is picklable, it itself is not.

    ::

        with BulkWorker(settings, options, "s3://bucket/results") as worker:
            outcomes = worker.read([document, …])

    Only one thread may use it.

    Args:
        settings: engine, language and limits; those of a server are raised as for every bulk run.
        options: what to read and write.
        output: address of the results' place.
        inline: load the engine into this process instead of processes of its own.
        retry_failed: also try what failed for good in an earlier run.
        fingerprints: of the options, where somebody else goes by them, too; else those of the settings here.

    Raises:
        MLServerError: the engine does not load, or the place cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        options: BulkOptions,
        output: str,
        *,
        inline: bool = True,
        retry_failed: bool = False,
        fingerprints: Sequence[str] = (),
    ) -> None:
        self._options = options
        self._retry_failed = retry_failed
        self._closed = False
        roomy = bulk_settings(settings)
        self._fingerprints = fingerprints or options.fingerprints(roomy)
        self._storage = Storage(open_place(output), options.retries, DecodeLimits.from_settings(roomy))
        self._runner = asyncio.Runner()
        try:
            self._pages = PagePool(roomy, inline=inline) if options.images or options.markdown else None
            self._pipeline = Pipeline(roomy, inline=inline)
            self._runner.run(self._load())
        except BaseException:
            self._runner.close()
            raise
        self._reader = PipelineReader(self._pipeline, options, self._pages)

    def read(self, documents: Sequence[BulkDocument]) -> list[Outcome]:
        """Read documents, several at a time; see :func:`~ml_server.bulk.read_document.read_document`.

        Raises:
            OutputFailed: results cannot be written.
            EngineUnavailable: the engine cannot read the language.
        """
        return self._runner.run(self._read(documents))

    def close(self) -> None:
        """End the engine. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._runner.run(self._pipeline.close())
        if self._pages is not None:
            self._runner.run(self._pages.close())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _load(self) -> None:
        try:
            await self._pipeline.wait_until_ready()
            if self._options.key_values:
                await self._pipeline.wait_until_extracting()
        except BaseException:
            await self._pipeline.close()
            raise

    async def _read(self, documents: Sequence[BulkDocument]) -> list[Outcome]:
        return await asyncio.gather(
            *(
                read_document(
                    document,
                    self._reader,
                    self._storage,
                    self._options,
                    self._fingerprints,
                    retry_failed=self._retry_failed,
                )
                for document in documents
            )
        )
