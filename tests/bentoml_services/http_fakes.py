"""A fake pipeline, which reads nothing and says what it was asked, and the HTTP app around it, without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import httpx
from key_value_pages import KEY_VALUE_PAGE

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.document import Block, DocumentRequest, DocumentResult, Line, OCRPage, Polygon, Word
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError, NotReady, from_code
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
    blocks=(Block("Table", BOX, "<table></table>", "html"), Block("Title", BOX, "합계", "markdown", 1 / 3)),
    warnings=("the answer was cut off",),
)
BOX_JSON = [[0.1, 2.0], [1 / 3, 2.0], [1 / 3, 4.25], [0.1, 4.25]]
BOXES_JSON = [
    {
        "text": "합계 1,000",
        "confidence": 2 / 3,
        "bbox": BOX_JSON,
        "words": [
            {"text": "합계", "confidence": 0.1 + 0.2, "bbox": BOX_JSON},
            {"text": "1,000", "confidence": 0.9, "bbox": BOX_JSON},
        ],
    },
    {
        "text": "Total",
        "confidence": 0.7,
        "bbox": BOX_JSON,
        "words": [{"text": "Total", "confidence": 0.7, "bbox": BOX_JSON}],
    },
]
PAGE_JSON = {
    "blocks": [
        {"category": "Table", "bbox": BOX_JSON, "text": "<table></table>", "format": "html", "confidence": None},
        {"category": "Title", "bbox": BOX_JSON, "text": "합계", "format": "markdown", "confidence": 1 / 3},
    ],
    "warnings": ["the answer was cut off"],
    "text": "합계 1,000\nTotal",
    "overall_confidence": (2 / 3 + 0.7) / 2,
    "text_boxes": BOXES_JSON,
    "language": "korean+english",
    "engine": "fake",
    "model_version": "fake 1",
    "width": 640,
    "height": 480,
    "processing_time_ms": 12.3,
}
ENGINES = [
    EngineInfo("paddle", True, languages=("english",), weights="w", license="MIT", version="3", loaded=2, default=True),
    EngineInfo("easyocr", False, reason="not installed", install="pip install 'ml_server[easyocr]'"),
    EngineInfo("layoutlm", True, weights="shipped", license="MIT", version="1", kind="key_values"),
]
RETRY_S = 1.2


class FakePipeline:
    """Does what the request's bytes say.

    ``raise CODE`` raises the error with that code, ``boom`` an exception nobody expects, ``wait`` never ends, ``pages
    N`` has N pages; anything else is PAGE.
    """

    def __init__(self) -> None:
        self.state = "ready"
        self.reason = ""
        self.requests: list[DocumentRequest] = []
        self.waiting = asyncio.Event()
        self.cancelled = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    def check_ready(self) -> None:
        if self.state != "ready":
            why = {"starting": "still loading", "failed": self.reason}.get(self.state, "")
            known = self.state in ("starting", "failed", "stopping")
            raise NotReady(f"the server is {self.state}: {why}", retry_after_s=RETRY_S if known else None)

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        self.requests.append(request)
        verb, _, argument = request.data[:100].decode(errors="replace").partition(" ")
        if verb == "raise":
            raise from_code(argument, f"made to fail: {argument}", retry_after_s=RETRY_S)
        if verb == "boom":
            raise ZeroDivisionError("secret detail")
        if verb == "wait":
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return PAGE

    async def extract_document(self, request: DocumentRequest) -> DocumentResult:
        page = await self.extract_page(request)
        count = int(request.data.split()[1]) if request.data.startswith(b"pages") else 1
        pages = [replace(page, number=number, processing_time_ms=12.3) for number in range(1, count + 1)]
        return DocumentResult(tuple(pages), 98.7)

    async def extract_key_values(self, request: DocumentRequest) -> AsyncIterator[KeyValuePage]:
        for page in (await self.extract_document(request)).pages:
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


def app_over(pipeline: FakePipeline, **values: Any) -> Edge:
    """The app as a worker has it, but for BentoML."""
    settings = Settings(**values)
    return Edge(create_app(cast(Pipeline, pipeline), settings), settings)


@asynccontextmanager
async def calling(pipeline: FakePipeline | None = None, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app; settings as keyword arguments."""
    transport = httpx.ASGITransport(app_over(pipeline or FakePipeline(), **settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def image(data: bytes = b"image", field: str = "image", name: str = "page.png") -> dict[str, tuple[str, bytes]]:
    """``files=`` of a request with one file."""
    return {field: (name, data)}


def failure(response: httpx.Response, status: int, code: str) -> str:
    """The message of an error answer, whose shape, status, code and request id are checked."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "request_id"}
    assert body["error"]["code"] == code
    assert body["error"]["request_id"] == response.headers["x-request-id"] != ""
    assert ("retry-after" in response.headers) or status not in (429, 503)
    message = body["error"]["message"]
    assert isinstance(message, str)
    assert message
    return message


class RawExchange:
    """An ASGI request written message by message, for what a client library would not do.

    Args:
        path: of a POST.
        headers: names and values.
        messages: what ``receive`` gives, in order; after them the connection stays silent.
    """

    def __init__(self, path: str, headers: dict[str, str], messages: Iterable[dict[str, Any]]) -> None:
        self._path, self._headers, self._messages = path, headers, list(messages)
        self.left = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def run(self, app: Edge) -> None:
        """Let the app answer."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": self._path, "raw_path": self._path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self._headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await app(scope, self._receive, self._send)

    @property
    def unread(self) -> int:
        """How many messages nobody has asked for."""
        return len(self._messages)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))

    async def _receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
