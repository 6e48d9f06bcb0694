"""Real pages through every way in: HTTP, gRPC by reflection alone, the command line and the client, all alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
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
from PIL import Image
from running_server import RunningServer

from ml_server.bentoml_services.schemas import PageResult
from ml_server.clients import OCRClient
from ml_server.document import OCRPage

ENGINES = {
    "paddle": ("invoice_english", "en"),
    "tesseract": ("invoice_korean", "korean"),
    "easyocr": ("invoice_english", "en"),
    "mock": ("invoice_english", "ko"),
}
HEADLINE = (0, 60, 1654, 300)
"""Part of the English invoice for EasyOCR, which takes a quarter of a minute for a page on two cores."""


def word_f1(read: str, truth: str) -> float:
    """Harmonic mean of precision and recall of words, their order ignored."""
    found, wanted = Counter(read.split()), Counter(truth.split())
    common = (found & wanted).total()
    return 2 * common / max(found.total() + wanted.total(), 1)


def truth(samples: Path, name: str) -> str:
    """What the sample says."""
    return "\n".join(line["text"] for line in json.loads((samples / f"{name}.json").read_text())["lines"])


def over_http(server: RunningServer, page: Path, **form: str) -> dict[str, Any]:
    answer = httpx.post(f"{server.http}/extract_text", files={"image": page.read_bytes()}, data=form, timeout=120)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def over_reflection(server: RunningServer, page: Path, **fields: str) -> dict[str, Any]:
    """What a client gets that has no stubs and asks the server what it speaks."""
    with grpc.insecure_channel(server.grpc) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName("ml_server.v1.OcrService").methods_by_name["ExtractText"]
        ask, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        call = channel.unary_unary(
            "/ml_server.v1.OcrService/ExtractText",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString,
        )
        message = call(ask(image=page.read_bytes(), **fields), timeout=120)
    found = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    for box in found["text_boxes"] + found["blocks"]:
        for part in (box, *box.get("words", [])):
            part["bbox"] = [[point["x"], point["y"]] for point in part["bbox"]]
    for block in found["blocks"]:
        block.setdefault("confidence", None)  # optional: where it is not known, JSON has null and protobuf nothing
    return {"status": "success", **found}


@pytest.mark.parametrize(
    ("name", "language", "engine"),
    [("invoice_korean", "korean", "paddle"), ("invoice_english", "english", "paddle")],
)
def test_auto_reads_the_samples(server: RunningServer, samples: Path, name: str, language: str, engine: str) -> None:
    page = samples / f"{name}.png"
    body = over_http(server, page, language=language)
    assert body["engine"] == engine
    assert word_f1(body["text"], truth(samples, name)) > 0.9
    assert over_reflection(server, page, language=language)["text"] == body["text"]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_way_in_gives_the_same(server: RunningServer, samples: Path, tmp_path: Path, engine: str) -> None:
    name, language = ENGINES[engine]
    page = samples / f"{name}.png"
    if engine == "easyocr":
        with Image.open(page) as whole:
            page = tmp_path / "headline.png"
            whole.crop(HEADLINE).save(page)
    form = {"engine": engine, "language": language, "confidence_threshold": "0.25"}
    http = over_http(server, page, **form)
    fields: dict[str, Any] = {**form, "confidence_threshold": 0.25}
    reflected = over_reflection(server, page, **fields)
    command = [str(Path(sys.executable).parent / "ml-server"), "extract", str(page), "--json", "--engine", engine]
    command += ["--lang", language, "--confidence-threshold", "0.25"]
    local = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    pages: list[OCRPage] = []
    for address in (server.http, f"grpc://{server.grpc}"):
        with OCRClient(address, timeout_s=120) as client:
            pages.append(client.extract_text(page, **fields))
    assert http["text_boxes"]
    http.pop("processing_time_ms")
    reflected.pop("processing_time_ms")
    assert reflected == http
    assert {key: local["pages"][0][key] for key in http if key != "status"} == {
        key: value for key, value in http.items() if key != "status"
    }
    assert replace(pages[0], processing_time_ms=0.0) == replace(pages[1], processing_time_ms=0.0)
    assert PageResult.of(pages[0]).model_dump(exclude={"processing_time_ms"}) == http


def test_boxes_lie_in_the_page_and_hold_their_words(server: RunningServer, samples: Path) -> None:
    body = over_http(server, samples / "invoice_english.png", language="en")
    for line in body["text_boxes"]:
        assert " ".join(word["text"] for word in line["words"]) == line["text"]
        for part in (line, *line["words"]):
            xs, ys = zip(*part["bbox"], strict=True)
            assert 0 <= min(xs) < max(xs) <= body["width"]
            assert 0 <= min(ys) < max(ys) <= body["height"]
            assert 0 <= part["confidence"] <= 1


def test_documents_stream_page_by_page(server: RunningServer, samples: Path) -> None:
    with OCRClient(f"grpc://{server.grpc}", timeout_s=120) as client:
        pages = list(client.extract_pages(samples / "invoices.pdf", language="korean+english"))
    assert [page.number for page in pages] == [1, 2]
    assert "청구서" in pages[0].text
