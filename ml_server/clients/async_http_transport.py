"""HTTP for asyncio, over one httpx.AsyncClient."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, TypeVar

import httpx

from ml_server.clients import results
from ml_server.clients.calls import Call
from ml_server.clients.http_requests import (
    CONNECT_S,
    call_headers,
    client_options,
    read_answer,
    transport_failure,
    upload,
)
from ml_server.clients.transport import Connection
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError
from ml_server.key_value import KeyValuePage

T = TypeVar("T")


class AsyncHttpTransport:
    """See :class:`~ml_server.clients.transport.AsyncTransport`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        timeout = httpx.Timeout(None, connect=CONNECT_S)  # everything else is limited by the call's own deadline
        self._client = httpx.AsyncClient(timeout=timeout, **client_options(connection))

    async def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""
        return await self._send("POST", "/extract_text", call, results.page, **upload("image", [image], call))

    async def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""
        return await self._send("POST", "/extract_text_batch", call, results.batch, **upload("images", images, call))

    async def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""
        form = upload("document", [document], call)
        return await self._send("POST", "/extract_document", call, results.document, **form)

    async def extract_pages(self, document: bytes, call: Call) -> AsyncGenerator[OCRPage, None]:
        """The pages, once all of them are there: HTTP answers with a whole document."""
        for page in (await self.extract_document(document, call)).pages:
            yield page

    async def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""
        form = upload("document", [document], call)
        return await self._send("POST", "/extract_key_values", call, results.key_values, **form)

    async def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""
        return await self._send("GET", "/engines", call, results.engines)

    async def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""
        await self._send("GET", "/readyz", call, results.nothing)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, method: str, path: str, call: Call, convert: Callable[[Any], T], **body: Any) -> T:
        request = self._client.build_request(method, path, headers=call_headers(call), **body)
        try:
            async with asyncio.timeout(call.left_s()):
                response = await self._client.send(request)
        except TimeoutError as error:
            raise call.expired() from error
        except httpx.RequestError as error:
            raise transport_failure(error, self._connection, call) from error
        return read_answer(response, response.content, convert)
