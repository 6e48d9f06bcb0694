"""Both real wires over a pipeline that reads nothing, and callers that treat the four kinds of client alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from key_value_pages import KEY_VALUE_PAGE

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.clients import AsyncOCRClient, OCRClient, retries
from ml_server.document import Block, DocumentRequest, DocumentResult, Line, OCRPage, Polygon, Word
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError, NotReady, from_code
from ml_server.grpc_services.server import GrpcServer
from ml_server.key_value import KeyValuePage
from ml_server.logs import current_request_id
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

BOX: Polygon = ((0.1, 2.0), (1 / 3, 2.0), (1 / 3, 4.25), (0.1, 4.25))
PAGE = OCRPage(
    lines=(
        Line("합계 1,000", 2 / 3, BOX, (Word("합계", 0.1 + 0.2, BOX), Word("1,000", 0.9, BOX))),
        Line("Total", 0.7, BOX, (Word("Total", 0.7, BOX),)),
    ),
    width=640,
    height=480,
    language="korean+english",
    engine="fake",
    model_version="fake 1",
    processing_time_ms=12.3,
    blocks=(Block("Table", BOX, "<table></table>", "html"), Block("Title", BOX, "합계", "markdown", 1 / 3)),
    warnings=("the answer was cut off",),
)
ENGINES = [
    EngineInfo("paddle", True, languages=("english",), weights="w", license="MIT", version="3", loaded=2, default=True),
    EngineInfo("easyocr", False, reason="not installed", install="pip install 'ml_server[easyocr]'"),
    EngineInfo("layoutlm", True, weights="shipped", license="MIT", version="1", kind="key_values"),
]
KEY = "a key"
RETRY_S = 2.0


class FakePipeline:
    """Does what the request's bytes say.

    ``raise CODE`` raises that error, ``busy N`` and ``down N`` refuse the first N times, ``wait`` never ends,
    ``pages N`` has N pages, of which the last is held until ``last_page`` is set; anything else is PAGE.
    """

    def __init__(self) -> None:
        self.state = "ready"
        self.reason = ""
        self.requests: list[DocumentRequest] = []
        self.ids: list[str] = []
        self.cancelled = asyncio.Event()
        self.last_page = asyncio.Event()

    def check_ready(self) -> None:
        if self.state != "ready":
            raise NotReady(f"the server is {self.state}", retry_after_s=1)

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        self.requests.append(request)
        self.ids.append(current_request_id())
        verb, _, argument = request.data[:100].decode(errors="replace").partition(" ")
        match verb:
            case "raise":
                raise from_code(argument, f"made to fail: {argument}", retry_after_s=RETRY_S)
            case "busy" | "down" if len(self.requests) <= int(argument):
                code = "server_busy" if verb == "busy" else "not_ready"
                raise from_code(code, f"refusal {len(self.requests)}", retry_after_s=RETRY_S)
            case "wait":
                try:
                    await asyncio.Event().wait()
                finally:
                    self.cancelled.set()
        return PAGE

    async def extract_pages(self, request: DocumentRequest) -> AsyncIterator[OCRPage]:
        page = await self.extract_page(request)
        count = int(request.data[:100].split()[1]) if request.data.startswith(b"pages") else 1
        for number in range(1, count + 1):
            if number == count > 1:
                try:
                    await self.last_page.wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            yield replace(page, number=number)

    async def extract_document(self, request: DocumentRequest) -> DocumentResult:
        pages = [page async for page in self.extract_pages(request)]
        return DocumentResult(tuple(pages), sum(page.processing_time_ms for page in pages))

    async def extract_key_values(self, request: DocumentRequest) -> AsyncIterator[KeyValuePage]:
        async for page in self.extract_pages(request):
            yield replace(KEY_VALUE_PAGE, number=page.number)

    async def extract_batch(self, requests: Sequence[DocumentRequest]) -> list[OCRPage | MLServerError]:
        outcomes: list[OCRPage | MLServerError] = []
        for request in requests:
            try:
                outcomes.append(await self.extract_page(request))
            except MLServerError as error:
                outcomes.append(error)
        return outcomes

    def engines(self) -> list[EngineInfo]:
        return ENGINES


@dataclass
class Served:
    """A running server and where it is."""

    pipeline: FakePipeline
    http: str
    grpc: str


@asynccontextmanager
async def serving(**values: Any) -> AsyncIterator[Served]:
    """Both wires on free loopback ports."""
    settings = Settings(**{"grpc_host": "127.0.0.1", "grpc_port": 0, "http_port": 0, **values})
    pipeline = FakePipeline()
    grpc = GrpcServer(cast(Pipeline, pipeline), settings)
    edge = Edge(create_app(cast(Pipeline, pipeline), settings), settings)
    config = uvicorn.Config(
        edge, port=settings.http_port, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    config.load()
    http = uvicorn.Server(config)
    http.lifespan = config.lifespan_class(config)
    await http.startup()  # no serve() and no shutdown(): those take over signals and sleep for 0.1 s each time
    port = http.servers[0].sockets[0].getsockname()[1]
    grpc_port = await grpc.start()
    try:
        yield Served(pipeline, f"http://127.0.0.1:{port}", f"grpc://127.0.0.1:{grpc_port}")
    finally:
        await grpc.stop(0)
        for listening in http.servers:
            listening.close()
        for connection in list(http.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


class Caller:
    """One of the clients, called the same way whichever it is."""

    def __init__(self, client: OCRClient | AsyncOCRClient) -> None:
        self.client = client

    async def __call__(self, method: str, *args: Any, **options: Any) -> Any:
        """The result of a method; the blocking client's run in a thread."""
        act = getattr(self.client, method)
        if isinstance(self.client, OCRClient):
            return await asyncio.to_thread(act, *args, **options)
        return await act(*args, **options)

    async def pages(self, *args: Any, **options: Any) -> AsyncIterator[OCRPage]:
        """``extract_pages``; closing it closes the client's."""
        found: Any = self.client.extract_pages(*args, **options)
        if isinstance(self.client, AsyncOCRClient):
            async with aclosing(found):
                async for page in found:
                    yield page
            return
        try:
            while (page := await asyncio.to_thread(next, found, None)) is not None:
                yield page
        finally:
            await asyncio.to_thread(found.close)


@asynccontextmanager
async def calling(kind: type[OCRClient] | type[AsyncOCRClient], address: str, **options: Any) -> AsyncIterator[Caller]:
    """A client, closed at the end."""
    caller = Caller(kind(address, **options))
    try:
        yield caller
    finally:
        await caller("close")


async def stop_being_ready(server: Served, caller: Caller) -> None:
    """Let the pipeline say that it is starting, and wait until the wire says so too: gRPC's health follows it."""
    server.pipeline.state = "starting"
    while await caller("is_ready"):  # noqa: ASYNC110 - the server is asked as anybody would
        await asyncio.sleep(0.01)


@contextmanager
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The pauses between attempts, which are noted instead of taken."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    with monkeypatch.context() as patch:
        patch.setattr("tenacity.nap.time", SimpleNamespace(sleep=pauses.append))
        patch.setattr(retries, "asyncio", SimpleNamespace(sleep=pause))
        yield pauses
