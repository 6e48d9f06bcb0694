"""A fake pipeline, which reads nothing and says what it was asked, and a real server on a free loopback port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from key_value_pages import KEY_VALUE_PAGE

from ml_server.document import DocumentRequest, Line, OCRPage, Polygon, Word
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError
from ml_server.grpc_services.server import GrpcServer
from ml_server.grpc_services.v1 import ocr_pb2_grpc
from ml_server.key_value import KeyValuePage
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
)
ENGINES = [
    EngineInfo("paddle", True, languages=("english",), weights="w", license="MIT", version="3", loaded=2, default=True),
    EngineInfo("easyocr", False, reason="not installed", install="pip install 'ml_server[easyocr]'"),
    EngineInfo("layoutlm", True, weights="shipped", license="MIT", version="1", kind="key_values"),
]
RETRY_S = 1.5


class FakePipeline:
    """Does what the request's bytes say.

    ``raise CODE`` raises the error class with that code, ``boom`` an exception nobody expects, ``wait NAME`` waits
    until :meth:`release` names it, ``pages N`` has N pages; anything else is PAGE.
    """

    def __init__(self, kinds: Sequence[type[MLServerError]] = ()) -> None:
        self.is_ready = True
        self.requests: list[DocumentRequest] = []
        self.cancelled: list[bytes] = []
        self.calls: list[str] = []
        self.started = asyncio.Event()
        self.running = 0
        self.most_running = 0
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._gates: dict[str, asyncio.Event] = {}
        self._arrived = asyncio.Condition()
        self._cancellation = asyncio.Semaphore(0)

    def gate(self, name: str) -> asyncio.Event:
        return self._gates.setdefault(name, asyncio.Event())

    async def arrived(self, count: int) -> None:
        """Wait until that many requests have come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def were_cancelled(self, count: int) -> None:
        """Wait until that many requests have been cancelled while they waited."""
        for _ in range(count):
            await self._cancellation.acquire()

    async def start(self) -> None:
        self.calls.append("start")
        self.started.set()

    async def drain(self) -> float:
        self.calls.append("drain")
        self.is_ready = False
        return 60.0

    async def hopeless(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def close(self) -> None:
        self.calls.append("close")

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        verb, _, argument = request.data.decode(errors="replace").partition(" ")
        if verb == "raise":
            raise self._kinds[argument](f"made to fail: {argument}", field="image", retry_after_s=RETRY_S)
        if verb == "boom":
            raise ZeroDivisionError("secret detail")
        if verb == "wait":
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            try:
                await self.gate(argument).wait()
            except asyncio.CancelledError:
                self.cancelled.append(request.data)
                self._cancellation.release()
                raise
            finally:
                self.running -= 1
        return PAGE

    async def extract_pages(self, request: DocumentRequest) -> AsyncIterator[OCRPage]:
        verb, _, argument = request.data[:100].decode(errors="replace").partition(" ")
        for number in range(1, int(argument) + 1 if verb == "pages" else 2):
            page = await self.extract_page(request)
            await self.gate(f"page {number}").wait()
            yield OCRPage(page.lines, page.width, page.height, page.language, page.engine, page.model_version, number)

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


def settings_on(port: int, **values: Any) -> Settings:
    """Settings of a server on the loopback address."""
    return Settings(grpc_host="127.0.0.1", grpc_port=port, **values)


@asynccontextmanager
async def serving(
    pipeline: FakePipeline, options: Sequence[tuple[str, Any]] = (), **settings: Any
) -> AsyncIterator[tuple[aio.Channel, GrpcServer]]:
    """A channel with these options to a running server, and the server."""
    server = GrpcServer(cast(Pipeline, pipeline), settings_on(0, **settings))
    port = await server.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}", options=[*options]) as channel:
            yield channel, server
    finally:
        await server.stop(0)


async def failure(call: Any) -> aio.AioRpcError:
    """The error a call ends with."""
    try:
        await call
    except aio.AioRpcError as error:
        return error
    raise AssertionError("the call succeeded")


def details(status: status_pb2.Status) -> dict[str, Any]:
    """The details of a status by message name."""
    found: dict[str, Any] = {}
    for packed in status.details:
        message = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])()
        assert packed.Unpack(message)
        found[type(message).__name__] = message
    return found


def trailers(error: aio.AioRpcError) -> dict[str, Any]:
    """The trailing metadata of a failed call."""
    found: Any = error.trailing_metadata()
    return dict(found)


def rich_status(error: aio.AioRpcError) -> status_pb2.Status:
    """The google.rpc.Status in a failed call's trailing metadata, checked against the call's own code and message."""
    status = status_pb2.Status.FromString(trailers(error)["grpc-status-details-bin"])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    return status


def stub(channel: aio.Channel) -> Any:
    """The generated stub; untyped, because grpc's stubs do not know streams that are written to call by call."""
    return ocr_pb2_grpc.OcrServiceStub(channel)
