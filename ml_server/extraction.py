"""Keys and values of a document that is being read: each page goes to the extractor while the next ones are read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from ml_server import metrics
from ml_server.document import OCRPage
from ml_server.key_value import KeyValuePage
from ml_server.reading import Plan
from ml_server.scheduler import Pool


async def key_value_pages(
    pages: AsyncGenerator[OCRPage, None], plan: Plan, extractor: Pool
) -> AsyncGenerator[tuple[OCRPage, KeyValuePage], None]:
    """Every page as it was read, with its entities and pairs; in order, as they are done.

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
                metrics.KEY_VALUE_PAGES.labels(found.model_version).inc()
                now = time.perf_counter()
                yield page, replace(found, processing_time_ms=(now - began) * 1000, warnings=page.warnings)
                began = now


async def understood(page: OCRPage, extractor: Pool, timeout_s: float) -> KeyValuePage:
    """Entities and pairs of one page that has been read.

    Args:
        page: its words may come from anywhere.
        extractor: the extractor's pool.
        timeout_s: seconds until nobody waits any more.

    Raises:
        ServerBusy: no permit left.
        EngineUnavailable, EngineFailed, EngineCrashed, DeadlineExceeded: on this page.
    """
    began = time.perf_counter()
    deadline = asyncio.get_running_loop().time() + timeout_s
    with extractor.admit() as permit:
        found: KeyValuePage = await extractor.call_item(permit, deadline, "extract_many", page)
    return replace(found, processing_time_ms=(time.perf_counter() - began) * 1000)
