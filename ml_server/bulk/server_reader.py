"""Documents read by running servers, a page a call, so that one document can use them all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace

from ml_server.bulk.options import BulkOptions
from ml_server.bulk.page_worker import PagePool, Picture
from ml_server.bulk.pages import PageReading
from ml_server.bulk.servers import Servers
from ml_server.clients import AsyncOCRClient
from ml_server.clients.calls import CallOptions
from ml_server.document import OCRPage
from ml_server.key_value import KeyValuePage
from ml_server.scaling import key_values_scaled_back, scaled_back


class ServerReader:
    """See :class:`~ml_server.bulk.read_document.DocumentReader`.

    Pages become pictures here, and their results are brought back to the pages' own pixels here.

    Args:
        servers: read the pages.
        pages: makes them.
        options: how to read.
        ahead: pages of one document in work at a time.
    """

    def __init__(self, servers: Servers, pages: PagePool, options: BulkOptions, ahead: int) -> None:
        self._servers = servers
        self._pages = pages
        self._options = options
        self._ahead = ahead

    async def count(self, data: bytes) -> int:
        """See DocumentReader."""
        return await self._pages.count(data)

    async def read(self, data: bytes, pages: tuple[int, ...]) -> AsyncGenerator[PageReading, None]:
        """See DocumentReader."""
        left = deque(pages)
        ahead: deque[asyncio.Task[PageReading]] = deque()
        try:
            while left or ahead:
                while left and len(ahead) < self._ahead:
                    ahead.append(asyncio.create_task(self._page(data, left.popleft())))
                reading = await ahead[0]
                ahead.popleft()
                yield reading
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _page(self, data: bytes, number: int) -> PageReading:
        options = self._options
        picture = await self._pages.picture(data, number, options.max_pixels, options.enlarge_below)
        asked = CallOptions(
            language=options.language,
            engine=options.engine,
            confidence_threshold=options.confidence_threshold,
            use_angle_cls=options.use_angle_cls,
        )

        async def text(client: AsyncOCRClient) -> OCRPage:
            return await client.extract_text(picture.png, **asked)

        page = _of_page(await self._servers.call(text), picture, number)
        understood: KeyValuePage | None = None
        if options.key_values:

            async def key_values(client: AsyncOCRClient) -> list[KeyValuePage]:
                return await client.extract_key_values(picture.png, **asked)

            (found,) = await self._servers.call(key_values)
            understood = replace(key_values_scaled_back(found, picture.width, picture.height), number=number)
        drawing = await self._pages.draw(data, page, understood) if options.images else None
        grids = await self._pages.grids(data, page) if options.markdown else ()
        return PageReading(page, understood, drawing, grids)


def _of_page(found: OCRPage, picture: Picture, number: int) -> OCRPage:
    """What was read on a picture, as of the page it was made of."""
    own = (found.width, found.height) == (picture.width, picture.height)
    return replace(found if own else scaled_back(found, picture.width, picture.height), number=number)
