"""Servers elsewhere as a :class:`Reader`, by turns: whoever has nothing to do reads next."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field

from ml_server.clients import AsyncOCRClient
from ml_server.clients.calls import CallOptions
from ml_server.document import DocumentRequest, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.engines.factory import AUTO
from ml_server.errors import InvalidRequest
from ml_server.key_value import KeyValuePage
from ml_server.settings import Settings

_READY_S = 60.0
_BLANK = 32  # pixels


@dataclass(slots=True)
class Remote:
    """Several running servers with the same models. Made by :func:`remote`.

    Attributes:
        settings: of this process: the language to ask for, and the engine, which is the one that answered for ``auto``.
        clients: one for each server.
        known: the first server's engines, as they were when it was last asked.
        busy: requests that each has in work.
    """

    settings: Settings
    clients: Sequence[AsyncOCRClient]
    known: list[EngineInfo]
    busy: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.busy = [0] * len(self.clients)

    def engines(self) -> list[EngineInfo]:
        """The first server's."""
        return self.known

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        """Read a page on the server that has the least to do."""
        async with self._least_busy() as client:
            return await client.extract_text(request.data, **self._options(request))

    async def extract_key_values(self, request: DocumentRequest) -> AsyncGenerator[KeyValuePage, None]:
        """Read and understand a document on the server that has the least to do."""
        async with self._least_busy() as client:
            options = self._options(request) | {"model_version": request.model_version or None}
            pages = await client.extract_key_values(request.data, **options)
        for page in pages:
            yield page

    async def understand(self, page: OCRPage, timeout_s: float | None = None, model_version: str = "") -> KeyValuePage:
        """Servers take documents and no words; only a question for the version, a page of hardly a word, is answered.

        Raises:
            InvalidRequest: it is another page.
        """
        if len(page.lines) > 1 or page.width > 100:
            raise InvalidRequest("servers elsewhere cannot label regions that are there; predict without --server")
        request = DocumentRequest(_blank(), self.settings.lang, self.settings.engine, model_version=model_version)
        async with aclosing(self.extract_key_values(request)) as pages:
            return await anext(pages)

    async def refresh(self) -> None:
        """Ask the first server which engines and versions it has now."""
        self.known = await self.clients[0].engines()

    def _options(self, request: DocumentRequest) -> CallOptions:
        return {
            "language": request.language,
            "engine": self.settings.engine if request.engine == AUTO else request.engine,
            "confidence_threshold": request.confidence_threshold,
            "use_angle_cls": request.use_angle_cls,
            "request_id": request.request_id or None,
        }

    @asynccontextmanager
    async def _least_busy(self) -> AsyncGenerator[AsyncOCRClient, None]:
        at = min(range(len(self.clients)), key=lambda index: self.busy[index])
        self.busy[at] += 1
        try:
            yield self.clients[at]
        finally:
            self.busy[at] -= 1


@asynccontextmanager
async def remote(addresses: Sequence[str], settings: Settings) -> AsyncGenerator[Remote, None]:
    """Connect to servers and wait until they are ready.

    Args:
        addresses: ``http://host:3000`` or ``grpc://host:50051``, at least one.
        settings: the language and engine to ask for, and the API key.

    Raises:
        InvalidRequest: one of the addresses is none.
        MLServerError: a server is not there, or not ready within a minute.
    """
    async with AsyncExitStack() as stack:
        key = settings.api_key.get_secret_value() if settings.api_key else None
        try:
            clients = [AsyncOCRClient(address, api_key=key) for address in addresses]
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        for client in clients:
            stack.push_async_callback(client.close)
        await asyncio.gather(*(client.wait_until_ready(_READY_S) for client in clients))
        # Who reads where nobody is named is for the server to say: its engines and settings are not those here.
        page = await clients[0].extract_text(_blank(), language=settings.lang, engine=settings.engine)
        settings = settings.model_copy(update={"engine": page.engine})
        yield Remote(settings, clients, await clients[0].engines())


def _blank() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (_BLANK, _BLANK), "white").save(file, "PNG")
    return file.getvalue()
