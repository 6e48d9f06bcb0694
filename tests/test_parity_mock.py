"""The same bytes give the same result whichever way they go: raw HTTP, raw gRPC, the four clients, and no server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from pages import png
from running_server import RunningServer

from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.document import DocumentRequest, DocumentResult, OCRPage
from ml_server.errors import InvalidImage, MLServerError, UnknownEngine, UnsupportedLanguage, from_code
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc
from ml_server.pipeline import Pipeline

OPTIONS: dict[str, Any] = {"language": "en+ko", "confidence_threshold": 0.25, "use_angle_cls": False}


def timeless(found: Any) -> Any:
    """A result without the times, which are nobody's twice."""
    if isinstance(found, OCRPage):
        return replace(found, processing_time_ms=0.0)
    if isinstance(found, DocumentResult):
        return DocumentResult(tuple(timeless(page) for page in found.pages), 0.0)
    if isinstance(found, MLServerError):
        return type(found), found.message
    return [timeless(each) for each in found]


def by_clients(server: RunningServer, method: str, *args: Any, **options: Any) -> list[Any]:
    """What each of the four clients gives or raises."""

    def blocking(address: str) -> Any:
        with OCRClient(address, timeout_s=60) as client:
            return getattr(client, method)(*args, **options)

    async def asynchronous(address: str) -> Any:
        async with AsyncOCRClient(address, timeout_s=60) as client:
            return await getattr(client, method)(*args, **options)

    found = []
    for address in (server.http, f"grpc://{server.grpc}"):
        for call in (blocking, lambda where: asyncio.run(asynchronous(where))):
            try:
                found.append(call(address))
            except MLServerError as error:
                found.append(error)
    return [timeless(each) for each in found]


def by_raw_http(server: RunningServer, data: bytes) -> dict[str, Any]:
    form = {name: str(value).lower() for name, value in OPTIONS.items()}
    answer = httpx.post(f"{server.http}/extract_text", files={"image": data}, data=form, timeout=60)
    found: dict[str, Any] = answer.json()
    return found


def by_raw_grpc(server: RunningServer, data: bytes) -> ocr_pb2.ExtractTextResponse:
    with grpc.insecure_channel(server.grpc) as channel:
        stub: Any = ocr_pb2_grpc.OcrServiceStub(channel)
        found: ocr_pb2.ExtractTextResponse = stub.ExtractText(ocr_pb2.ExtractTextRequest(image=data, **OPTIONS))
        return found


async def by_no_server(make_pipeline: Callable[..., Pipeline], data: bytes) -> OCRPage:
    pipeline = make_pipeline(inline=True)
    await pipeline.wait_until_ready()
    return await pipeline.extract_page(DocumentRequest(data, **OPTIONS))


async def test_a_page(mock_server: RunningServer, make_pipeline: Callable[..., Pipeline], samples: Path) -> None:
    data = (samples / "invoice_english.png").read_bytes()
    here = await by_no_server(make_pipeline, data)
    assert len(here.lines) == 3
    found = await asyncio.to_thread(by_clients, mock_server, "extract_text", data, **OPTIONS)
    assert found == [timeless(here)] * 4
    over_http = await asyncio.to_thread(by_raw_http, mock_server, data)
    over_grpc = await asyncio.to_thread(by_raw_grpc, mock_server, data)
    assert over_http["text"] == over_grpc.text == here.text
    assert over_http["overall_confidence"] == over_grpc.overall_confidence == here.overall_confidence
    boxes = [[list(corner) for corner in line.bbox] for line in here.lines]
    assert [box["bbox"] for box in over_http["text_boxes"]] == boxes
    assert [[[point.x, point.y] for point in box.bbox] for box in over_grpc.text_boxes] == boxes
    confidences = {block["category"]: block["confidence"] for block in over_http["blocks"]}
    assert confidences == {"Title": 0.9, "Text": 0.6, "Picture": None}
    assert [block.HasField("confidence") for block in over_grpc.blocks] == [True, True, False]
    assert [block["text"] for block in over_http["blocks"]] == [block.text for block in over_grpc.blocks]
    for name in ("language", "engine", "model_version", "width", "height"):
        assert over_http[name] == getattr(over_grpc, name) == getattr(here, name)


def test_a_document(mock_server: RunningServer, samples: Path) -> None:
    found = by_clients(mock_server, "extract_document", samples / "invoices.pdf", **OPTIONS)
    assert isinstance(found[0], DocumentResult)
    assert [page.number for page in found[0].pages] == list(range(1, len(found[0].pages) + 1))
    assert len(found[0].pages) > 1
    assert found == [found[0]] * 4


def test_a_batch(mock_server: RunningServer, samples: Path) -> None:
    images = [png(30, 20), b"not an image", samples / "invoice_english.png"]
    found = by_clients(mock_server, "extract_text_batch", images, **OPTIONS)
    assert isinstance(found[0][0], OCRPage)
    assert found[0][1][0] is InvalidImage
    assert found == [found[0]] * 4


def test_options_left_empty(mock_server: RunningServer, samples: Path) -> None:
    page = samples / "invoice_english.png"
    (plain, *_) = by_clients(mock_server, "extract_text", page)
    found = by_clients(mock_server, "extract_text", page, language="", engine="")
    assert found == [plain] * 4


def test_the_engines(mock_server: RunningServer) -> None:
    with OCRClient(mock_server.http) as one, OCRClient(f"grpc://{mock_server.grpc}") as other:
        assert one.engines() == other.engines()
        assert [engine.name for engine in one.engines() if engine.default] == ["mock"]


@pytest.mark.parametrize(
    ("data", "options", "kind"),
    [
        (png(), {"language": "klingon"}, UnsupportedLanguage),
        (png(), {"engine": "abacus"}, UnknownEngine),
        (b"", {}, InvalidImage),
        (b"%PDF-1.7 but no more", {}, InvalidImage),
    ],
)
def test_an_error(mock_server: RunningServer, data: bytes, options: dict[str, str], kind: type[MLServerError]) -> None:
    found = by_clients(mock_server, "extract_text", data, **options)
    assert found == [found[0]] * 4
    assert found[0][0] is kind
    answer = httpx.post(f"{mock_server.http}/extract_text", files={"image": ("page", data)}, data=options, timeout=60)
    error = answer.json()["error"]
    assert (type(from_code(error["code"], error["message"])), error["message"]) == found[0]
