"""The same bytes give the same keys and values whichever way they go; every difference between the wires is a fault."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from pages import png
from running_server import RunningServer

from ml_server.bentoml_services.key_value_schemas import KeyValuesPage
from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.errors import InvalidImage, MLServerError, UnknownEngine, UnsupportedLanguage, from_code
from ml_server.key_value import KeyValuePage

OPTIONS: dict[str, Any] = {"language": "en+ko", "confidence_threshold": 0.25, "use_angle_cls": False}


def by_clients(server: RunningServer, data: bytes | Path, **options: Any) -> list[Any]:
    """What each of the four clients gives, without times, or raises."""

    def blocking(address: str) -> list[KeyValuePage]:
        with OCRClient(address, timeout_s=60) as client:
            return client.extract_key_values(data, **options)

    async def asynchronous(address: str) -> list[KeyValuePage]:
        async with AsyncOCRClient(address, timeout_s=60) as client:
            return await client.extract_key_values(data, **options)

    found: list[Any] = []
    for address in (server.http, f"grpc://{server.grpc}"):
        for call in (blocking, lambda where: asyncio.run(asynchronous(where))):
            try:
                found.append([replace(page, processing_time_ms=0.0) for page in call(address)])
            except MLServerError as error:
                found.append((type(error), error.message))
    return found


def by_reflection(server: RunningServer, data: bytes) -> list[dict[str, Any]]:
    """The pages as a client gets them that has no stubs; points as the pairs they are in JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return [value["x"], value["y"]] if value.keys() == {"x", "y"} else {k: plain(v) for k, v in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    with grpc.insecure_channel(server.grpc) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName("ml_server.v1.OcrService").methods_by_name["ExtractKeyValues"]
        ask, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        call = channel.stream_stream(
            "/ml_server.v1.OcrService/ExtractKeyValues",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString,
        )
        found = list(call(iter([ask(options=OPTIONS), ask(chunk=data[:1000]), ask(chunk=data[1000:])]), timeout=60))

    def fields(message: Any) -> Any:
        return plain(
            MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        )

    return [{"page": each.page, **fields(each.result)} for each in found]


def by_http(server: RunningServer, data: bytes) -> dict[str, Any]:
    form = {name: str(value).lower() for name, value in OPTIONS.items()}
    answer = httpx.post(f"{server.http}/extract_key_values", files={"document": data}, data=form, timeout=60)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def by_command_line(path: Path) -> dict[str, Any]:
    command = [str(Path(sys.executable).parent / "ml-server"), "extract", "--key-values", "--json", str(path)]
    command += ["--lang", "en+ko", "--engine", "mock", "--confidence-threshold", "0.25", "--no-angle-cls"]
    environment = {"ML_SERVER_KEY_VALUE_EXTRACTOR": "mock"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    body: dict[str, Any] = json.loads(done.stdout)
    return body


def timeless(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in page.items() if name != "processing_time_ms"} for page in pages]


def test_a_document(mock_server: RunningServer, samples: Path) -> None:
    path = samples / "invoices.pdf"
    data = path.read_bytes()
    body = by_http(mock_server, data)
    assert (body["status"], body["page_count"]) == ("success", 2)
    assert body["processing_time_ms"] >= sum(page["processing_time_ms"] for page in body["pages"])
    pages = timeless(body["pages"])
    assert [page["page"] for page in pages] == [1, 2]
    assert [[entity["label"] for entity in page["entities"]] for page in pages] == [
        ["HEADER", "QUESTION", "ANSWER", "QUESTION", "ANSWER"]
    ] * 2
    assert pages[0]["key_values"][1]["value"] == "english+korean angle False"
    assert pages[0]["key_values"] != pages[1]["key_values"], "the pages differ, so their digests do"
    assert timeless(by_reflection(mock_server, data)) == pages
    local = by_command_line(path)
    assert (local["file"], local["status"], local["page_count"]) == (str(path), "success", 2)
    assert timeless(local["pages"]) == pages
    clients = by_clients(mock_server, path, **OPTIONS)
    assert clients == [clients[0]] * 4
    assert timeless([KeyValuesPage.of(page).model_dump() for page in clients[0]]) == pages


def test_a_page_without_text(mock_server: RunningServer) -> None:
    clients = by_clients(mock_server, png(30, 20), confidence_threshold=1.0)
    assert clients == [clients[0]] * 4
    (page,) = clients[0]
    assert (page.entities, page.relations, page.key_values) == ((), (), ())
    assert (page.width, page.height, page.number) == (30, 20, 1)


def test_the_extractor_is_listed_apart_from_the_engines(mock_server: RunningServer) -> None:
    with OCRClient(mock_server.http) as one, OCRClient(f"grpc://{mock_server.grpc}") as other:
        assert one.engines() == other.engines()
        (extractor,) = [info for info in one.engines() if info.kind == "key_values"]
    assert (extractor.name, extractor.available, extractor.default) == ("mock", True, False)


@pytest.mark.parametrize(
    ("data", "options", "kind"),
    [
        (png(), {"language": "klingon"}, UnsupportedLanguage),
        (png(), {"engine": "layoutlm"}, UnknownEngine),
        (b"", {}, InvalidImage),
        (b"%PDF-1.7 but no more", {}, InvalidImage),
    ],
)
def test_an_error(mock_server: RunningServer, data: bytes, options: dict[str, str], kind: type[MLServerError]) -> None:
    found = by_clients(mock_server, data, **options)
    assert found == [found[0]] * 4
    assert found[0][0] is kind
    files = {"document": ("page", data)}
    answer = httpx.post(f"{mock_server.http}/extract_key_values", files=files, data=options, timeout=60)
    error = answer.json()["error"]
    assert (type(from_code(error["code"], error["message"])), error["message"]) == found[0]
