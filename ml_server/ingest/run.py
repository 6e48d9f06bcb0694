"""Many documents into a store, a few at a time: what ``ml-server ingest`` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.originals import Originals
from ml_server.bulk.pipeline_reader import bulk_settings
from ml_server.decode import DecodeLimits
from ml_server.errors import MLServerError, NotReady
from ml_server.ingest.documents import Documents, StoredDocument
from ml_server.ingest.stores import Store
from ml_server.pools import Pools
from ml_server.rendering import render_pages
from ml_server.replicas import let_executors_end
from ml_server.settings import Settings

Told = Callable[[BulkDocument, StoredDocument | MLServerError], None]


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How documents are stored.

    Attributes:
        dpi: resolution for the pages of a PDF, pixels per inch.
        keep_raw: keep the file as it came, too.
        at_once: documents in work at a time, at least 1.
        retries: attempts after the first for a file or a store that did not answer.
        limits: of a file's bytes; None for those of whoever renders it, when it was loaded.
    """

    dpi: int
    keep_raw: bool
    at_once: int
    retries: int = 3
    limits: DecodeLimits | None = None


@asynccontextmanager
async def storing(store: Store, settings: Settings) -> AsyncIterator[Documents]:
    """Documents that are rendered by decoder processes of this command's own."""
    roomy = bulk_settings(settings)
    pools = Pools(roomy, DecodeLimits.from_settings(roomy), inline=False)
    try:
        decoder = pools.decoder
        yield Documents(store, lambda data, dpi: render_pages(data, dpi, decoder, roomy.request_timeout_s))
    finally:
        await pools.close(0)
        await asyncio.to_thread(let_executors_end)


async def ingest(
    sources: Sequence[BulkDocument], documents: Documents, options: IngestOptions, told: Told
) -> list[StoredDocument]:
    """Store every document; one that fails is told of, and the others go on.

    Args:
        sources: files of this machine or of a bucket.
        documents: keeps them.
        options: how.
        told: of every document, as it is done.

    Returns:
        Those that were stored, in the order of ``sources``.

    Raises:
        MLServerError: the store cannot be used at all; no file was looked at.
    """
    await asyncio.to_thread(documents.store.tidy)
    originals = Originals(options.retries, options.limits)
    left = iter(enumerate(sources))
    stored: dict[int, StoredDocument] = {}

    async def work() -> None:
        for index, source in left:
            try:
                stored[index] = await _retrying(options.retries)(partial(_one, source, originals, documents, options))
                told(source, stored[index])
            except MLServerError as error:
                told(source, error)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(options.at_once):
                group.create_task(work())
    except* Exception as failed:  # not a document's: the terminal is gone, or a fault of ours
        raise failed.exceptions[0] from None
    return [stored[index] for index in sorted(stored)]


async def _one(
    source: BulkDocument, originals: Originals, documents: Documents, options: IngestOptions
) -> StoredDocument:
    data = await originals.fetch(source)
    name = PurePosixPath(source.url).name
    return await documents.add(data, name, options.dpi, keep_raw=options.keep_raw)


def _retrying(retries: int) -> AsyncRetrying:
    return AsyncRetrying(
        sleep=asyncio.sleep,
        retry=retry_if_exception_type(NotReady),
        stop=stop_after_attempt(retries + 1),
        wait=wait_exponential_jitter(multiplier=0.5, max=20),
        reraise=True,
    )
