"""Keys and values of a document that is being read: each page goes to the extractor while the next ones are read."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from ml_server.document import KeyValuePage, OCRPage
from ml_server.reading import Plan
from ml_server.scheduler import Pool


async def key_value_pages(
    pages: AsyncGenerator[OCRPage, None], plan: Plan, extractor: Pool
) -> AsyncGenerator[KeyValuePage, None]:
    """Entities and pairs page by page, in order, as they are done.

    Args:
        pages: a document as it is read; read ahead by their own generator, and closed here.
        plan: of the same document, for its beginning and deadline.
        extractor: the extractor's pool.

    Raises:
        ServerBusy: no permit left; nothing was read then.
        EngineUnavailable, EngineFailed, EngineCrashed: on one of the pages.
        DeadlineExceeded: the request's deadline or a hard limit passed.
        MLServerError: what ``pages`` raises.
    """
    began = plan.began
    with extractor.admit() as permit:
        async with aclosing(pages):
            async for page in pages:
                found: KeyValuePage = await extractor.call_item(permit, plan.deadline, "extract_many", page)
                now = time.perf_counter()
                yield replace(found, processing_time_ms=(now - began) * 1000)
                began = now
