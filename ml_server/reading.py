"""One document from bytes to pages of text: decode and recognise, a few pages ahead, in order."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace

from ml_server import metrics, observation
from ml_server.document import DocumentRequest, OCRPage
from ml_server.engines.base import ReadOptions
from ml_server.errors import InvalidImage, PayloadTooLarge
from ml_server.scheduler import Pool
from ml_server.shared_documents import share


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that has been checked.

    Attributes:
        pool: of the engine that reads it.
        options: for the engine.
        threshold: lines below it are left out, 0..1.
        deadline: event-loop time after which nobody waits for it.
        began: ``time.perf_counter()`` when it came.
        shared: whether decoders are other processes, which can read it from shared memory.
    """

    pool: Pool
    options: ReadOptions
    threshold: float
    deadline: float
    began: float
    shared: bool = False


@contextmanager
def blaming_file(request: DocumentRequest) -> Iterator[None]:
    """Errors about the file itself name the field it came in, which those who look into it do not know."""
    try:
        yield
    except (InvalidImage, PayloadTooLarge) as error:
        error.field = error.field or ("image" if request.single_page else "document")
        raise


async def read_pages(request: DocumentRequest, plan: Plan, decoder: Pool) -> AsyncGenerator[OCRPage, None]:
    """Read a document page by page, in order, as the pages are done.

    While one page is being read, or its caller is busy with it, the next ones are decoded and read: as many as the
    replicas take at once, plus one. Closing the generator ends their work.

    Args:
        request: the document.
        plan: how to read it.
        decoder: the decoder's pool.

    Raises:
        InvalidImage: not a readable document, or of several pages where one was asked for.
        PayloadTooLarge: more pixels or pages than allowed.
        ServerBusy: no permit left.
        EngineUnavailable, EngineFailed, EngineCrashed: on one of the pages.
        DeadlineExceeded: the request's deadline or a hard limit passed.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(blaming_file(request))
        permit = stack.enter_context(plan.pool.admit())
        opening = stack.enter_context(decoder.admit())
        engine = plan.pool.options.name
        observation.passed("admit", engine, time.perf_counter() - plan.began)
        start = request.pages[0] - 1 if request.pages else 0
        data = await share(request.data) if plan.shared else request.data
        probe, first = await decoder.call(opening, plan.deadline, "open", data, request.single_page, start)
        if request.single_page and probe.pages != 1:
            raise InvalidImage(
                f"the {probe.format} has {probe.pages} pages, this call reads one; send it as a document instead"
            )

        async def page(index: int) -> OCRPage:
            pages = first
            if index != start:
                pages = await decoder.call(opening, plan.deadline, "decode", data, index)
            found: OCRPage = await plan.pool.call_item(permit, plan.deadline, "read_many", pages[0], plan.options)
            metrics.LINES.labels(engine).inc(len(found.lines))
            return found

        ahead: deque[asyncio.Task[OCRPage]] = deque()
        stack.push_async_callback(_abandon, ahead)
        began, options = plan.began, plan.pool.options
        left = deque(range(probe.pages) if request.pages is None else (number - 1 for number in request.pages))
        permit.expect(len(left))
        opening.expect(len(left) - 1)  # the first has come with the opening
        while left or ahead:
            while left and len(ahead) <= options.replicas * options.batch_size:
                ahead.append(asyncio.create_task(page(left.popleft())))
            result = await ahead[0]
            ahead.popleft()
            now = time.perf_counter()
            yield replace(
                result,
                lines=tuple(line for line in result.lines if line.confidence >= plan.threshold),
                processing_time_ms=(now - began) * 1000,
            )
            began = now


async def _abandon(tasks: deque[asyncio.Task[OCRPage]]) -> None:
    """Cancel what is under way for a document nobody waits for any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
