"""Documents read by running servers, a page a call, so that one document can use them all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from ml_server.bulk.options import BulkOptions
from ml_server.bulk.page_worker import PagePool, Picture
from ml_server.bulk.pages import PageReading
from ml_server.bulk.servers import Servers
from ml_server.clients import AsyncOCRClient
from ml_server.clients.calls import CallOptions
from ml_server.document import OCRPage
from ml_server.errors import PayloadTooLarge
from ml_server.key_value import KeyValuePage
from ml_server.scaling import key_values_scaled_back, scaled_back
from ml_server.settings import Settings

_MADE_BEFORE: Final = 4
"""Pictures that wait for a call to end, so that no server waits for one."""

_USUAL_LIMIT: Final = int(Settings.model_fields["max_image_bytes"].default)
"""Bytes of an image that a server takes whose operator has not said otherwise."""


class ServerReader:
    """See :class:`~ml_server.bulk.read_document.DocumentReader`.

    Pages become pictures here, no more at a time than the servers are about to take, and their results are brought back
    to the pages' own pixels.

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
        # Of all documents together: servers take their time, and a page's picture may have many MB.
        self._room = asyncio.Semaphore(ahead + _MADE_BEFORE)

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
        async with self._room:
            page, understood = await self._read_page(data, number)
        drawing = await self._pages.draw(data, page, understood) if self._options.images else None
        grids = await self._pages.grids(data, page) if self._options.markdown else ()
        return PageReading(page, understood, drawing, grids)

    async def _read_page(self, data: bytes, number: int) -> tuple[OCRPage, KeyValuePage | None]:
        options = self._options
        sized = options.max_pixels, options.enlarge_below
        picture = await self._pages.picture(data, number, *sized, _USUAL_LIMIT)
        try:
            return await self._asked(picture, number)
        except PayloadTooLarge:  # by the limit of this server, or of a proxy before it
            if picture.smallest:
                raise
        return await self._asked(await self._pages.picture(data, number, *sized, 0), number)

    async def _asked(self, picture: Picture, number: int) -> tuple[OCRPage, KeyValuePage | None]:
        options = self._options
        asked = CallOptions(
            language=options.language,
            engine=options.engine,
            confidence_threshold=options.confidence_threshold,
            use_angle_cls=options.use_angle_cls,
        )

        async def text(client: AsyncOCRClient) -> OCRPage:
            return await client.extract_text(picture.data, **asked)

        async def key_values(client: AsyncOCRClient) -> list[KeyValuePage]:
            return await client.extract_key_values(picture.data, **asked)

        page = _of_page(await self._servers.call(text), picture, number)
        if not options.key_values:
            return page, None
        (found,) = await self._servers.call(key_values)
        return page, replace(key_values_scaled_back(found, picture.width, picture.height), number=number)


def _of_page(found: OCRPage, picture: Picture, number: int) -> OCRPage:
    """What was read on a picture, as of the page it was made of."""
    own = (found.width, found.height) == (picture.width, picture.height)
    return replace(found if own else scaled_back(found, picture.width, picture.height), number=number)
