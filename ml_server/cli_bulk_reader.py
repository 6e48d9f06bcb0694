"""What reads in ``ml-server bulk``: engines of this machine or servers, made when there is something to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Self

from ml_server.bulk.options import BulkOptions
from ml_server.bulk.page_worker import PagePool
from ml_server.bulk.pipeline_reader import PipelineReader
from ml_server.bulk.read_document import DocumentReader
from ml_server.bulk.server_reader import ServerReader
from ml_server.bulk.servers import Servers
from ml_server.cli_bulk_shown import Shown
from ml_server.pipeline import Pipeline
from ml_server.replicas import let_executors_end
from ml_server.settings import Settings

if TYPE_CHECKING:
    from ml_server.cli_bulk_run import Asked


class Reader:
    """One reader for a run, made when it is first asked for: a run that finds everything done loads no engine.

    Args:
        make: see :func:`reader`.
        shown: told when it is made and when it is ready.
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[DocumentReader]], shown: Shown) -> None:
        self._make = make
        self._shown = shown
        self._stack = AsyncExitStack()
        self._making = asyncio.Lock()
        self._reader: DocumentReader | None = None
        self.began = time.monotonic()

    async def __aenter__(self) -> Self:
        self._shown.begin()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def get(self) -> DocumentReader:
        """The one.

        Raises:
            MLServerError: the engine or the servers do not start.
        """
        async with self._making:
            if self._reader is None:
                self._shown.starting()
                self._reader = await self._stack.enter_async_context(self._make())
                self.began = self._shown.begin()
        return self._reader


@asynccontextmanager
async def reader(
    asked: Asked, settings: Settings, options: BulkOptions, parallel: int
) -> AsyncGenerator[DocumentReader, None]:
    """What reads, ready to."""
    pages = PagePool(settings)
    try:
        if asked.servers:
            key = settings.api_key
            servers = Servers(
                asked.servers,
                calls_each=parallel,
                patience_s=asked.server_wait_s,
                timeout_s=settings.page_timeout_s * 5,
                api_key=None if key is None else key.get_secret_value(),
                ca_file=asked.ca_file,
            )
            try:
                await servers.wait_until_ready()
                yield ServerReader(servers, pages, options, ahead=parallel * len(asked.servers) + 1)
            finally:
                await servers.close()
        else:
            pipeline = Pipeline(settings)
            try:
                await pipeline.wait_until_ready()
                if options.key_values:
                    await pipeline.wait_until_extracting()
                yield PipelineReader(pipeline, options, pages)
            finally:
                await pipeline.close()
    finally:
        await pages.close()
        await asyncio.to_thread(let_executors_end)
