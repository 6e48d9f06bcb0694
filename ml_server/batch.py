"""Several single-page documents in one call: each gets a result or an error, and none crowds others out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ml_server import metrics
from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import MLServerError, ServerBusy
from ml_server.settings import usable_cores

_AGAIN_S = 0.5
"""Pause before an item that was not let in, in a batch that was, is tried again."""


async def read_batch(
    requests: Sequence[DocumentRequest], read: Callable[[DocumentRequest], Awaitable[OCRPage]], patience_s: float
) -> list[OCRPage | MLServerError]:
    """Read every item, only as many at a time as there are replicas for.

    Args:
        requests: at least one.
        read: reads one of them.
        patience_s: seconds that items wait for their turn once others of the batch were let in.

    Raises:
        ServerBusy: no item was let in.
    """
    gate = asyncio.Semaphore(2 * usable_cores())
    patience = asyncio.get_running_loop().time() + patience_s

    async def one(request: DocumentRequest) -> OCRPage | MLServerError:
        async with gate:
            try:
                return await read(request)
            except MLServerError as error:
                return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(request)) for request in requests]
    outcomes = [task.result() for task in tasks]
    refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, ServerBusy)]
    if len(refused) == len(outcomes):
        raise outcomes[0]  # type: ignore[misc]  # all of them are ServerBusy
    for i in refused:  # some were let in, so the batch is: the others wait for their turn
        while isinstance(outcomes[i], ServerBusy) and asyncio.get_running_loop().time() < patience:
            await asyncio.sleep(_AGAIN_S)
            outcomes[i] = await one(requests[i])
    for outcome in outcomes:
        if isinstance(outcome, MLServerError):
            metrics.observe_refusal(outcome.code)
    return outcomes
