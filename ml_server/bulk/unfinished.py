"""Which documents a run has anything left to do for, found before anything is started to do it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome, settled
from ml_server.bulk.storage import Storage

_AT_ONCE = 32
"""Records looked at at a time; a bucket takes its time for each."""


def unfinished(
    documents: Iterable[BulkDocument],
    storage: Storage,
    options: BulkOptions,
    fingerprints: Sequence[str],
    done: Callable[[BulkDocument, Outcome], None],
    *,
    retry_failed: bool,
) -> list[BulkDocument]:
    """The documents that are not finished, in their order.

    Args:
        documents: all.
        storage: of the results.
        options: what to write.
        fingerprints: of the options.
        done: told of those that are finished.
        retry_failed: also count those as unfinished that failed for good in an earlier run.

    Raises:
        OutputFailed: the store does not answer.
        MLServerError: the documents cannot be listed.
    """

    async def look() -> list[BulkDocument]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_AT_ONCE))
        left: list[BulkDocument] = []
        found = iter(documents)
        while some := await asyncio.to_thread(lambda: list(islice(found, _AT_ONCE))):
            outcomes = await asyncio.gather(
                *(settled(document, storage, options, fingerprints, retry_failed=retry_failed) for document in some)
            )
            for document, outcome in zip(some, outcomes, strict=True):
                if outcome is None:
                    left.append(document)
                else:
                    done(document, outcome)
        return left

    return asyncio.run(look())
