"""One document from bytes to PNG files, a page each: decoded and written by the decoder's processes, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from ml_server.decode import DocumentProbe
from ml_server.decode_png import PagePicture
from ml_server.scheduler import Pool


async def render_pages(
    data: bytes, dpi: int, decoder: Pool, timeout_s: float
) -> AsyncGenerator[tuple[DocumentProbe, PagePicture], None]:
    """Write a document's pages as PNG, in order, as they are done; the next ones are begun meanwhile.

    Args:
        data: the file: an image, a multi-page TIFF or a PDF.
        dpi: resolution of PDF pages, pixels per inch; images keep the pixels they have.
        decoder: the decoder's pool.
        timeout_s: seconds until nobody waits for it any more.

    Yields:
        What the document is, and the page.

    Raises:
        InvalidImage: not a readable document.
        PayloadTooLarge: more bytes, pixels or pages than allowed.
        ServerBusy: the decoder has too much to do.
        DeadlineExceeded: the time is over.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    async with AsyncExitStack() as stack:
        permit = stack.enter_context(decoder.admit())
        found: DocumentProbe = await decoder.call(permit, deadline, "probe", data)
        permit.expect(found.pages)
        ahead: deque[asyncio.Task[PagePicture]] = deque()
        stack.push_async_callback(_abandon, ahead)
        index = 0
        while index < found.pages or ahead:
            while index < found.pages and len(ahead) <= decoder.options.replicas:
                ahead.append(asyncio.create_task(decoder.call(permit, deadline, "render", data, index, dpi)))
                index += 1
            picture = await ahead[0]
            ahead.popleft()
            yield found, picture


async def _abandon(tasks: deque[asyncio.Task[PagePicture]]) -> None:
    """Cancel what is under way for a document nobody waits for any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
