"""What /metrics says: the numbers, that nothing a caller writes gets into it, and that it is documented."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from both_wires import both_wires
from pages import png, tiff
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from ml_server import metrics
from ml_server.document import DocumentRequest
from ml_server.engines.factory import OCREngineFactory
from ml_server.errors import DeadlineExceeded
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.pipeline import Pipeline

OPERATIONS = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
GRPC: dict[str, Any] = {"grpc_host": "127.0.0.1", "grpc_port": 0}
STAGES = {"admit", "queue", "decode", "recognise", "extract", "encode"}
Make = Callable[..., Pipeline]


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def refused(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    code: grpc.StatusCode = caught.value.code()
    return code


def test_the_documented_metrics_are_those_there_are() -> None:
    rows = re.findall(
        r"^\| `(ml_server_\w+)` \| (\w+) \| (.*?) \| (.*?) \| `(.*)` \|$", OPERATIONS.read_text(), re.MULTILINE
    )
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, *_ in rows}
    assert len(documented) == len(rows)
    exposed = {}
    for collector, names in metrics.REGISTRY._collector_to_names.items():
        (family,) = collector.collect()
        name = family.name + ("_total" if family.type == "counter" else "")
        assert name in names
        exposed[name] = (family.type, set(getattr(collector, "_labelnames", ())))
    assert documented == exposed
    for name, *_, example in rows:
        assert name in example


def test_names_follow_prometheus() -> None:
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith("ml_server_"), family.name
        assert not re.search(r"_(ms|millis|minutes|mb|kb|percent)(_|$)", family.name), family.name
        assert family.documentation


async def test_a_request_is_counted_by_wire_method_engine_and_code(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, **GRPC)
    await pipeline.wait_until_ready()
    http = {"wire": "http", "method": "/extract_text", "engine": "mock", "code": "200"}
    rpc = {"wire": "grpc", "method": "ExtractText", "engine": "mock", "code": "OK"}
    before = [value("ml_server_requests_total", **labels) for labels in (http, rpc)]
    lines, timed = value("ml_server_lines_total", engine="mock"), {
        stage: value("ml_server_stage_seconds_count", stage=stage, engine="mock") for stage in STAGES
    }  # fmt: skip
    async with both_wires(pipeline) as wires:
        assert (await wires.http.post("/extract_text", files={"image": png()})).status_code == 200
        await wires.stub.ExtractText(ocr_pb2.ExtractTextRequest(image=png()))
        assert value("ml_server_requests_in_flight", wire="http") == 0
    assert value("ml_server_requests_in_flight", wire="grpc") == 0
    after = [value("ml_server_requests_total", **labels) for labels in (http, rpc)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1]
    assert value("ml_server_lines_total", engine="mock") - lines == 6  # the mock reads three a page
    for stage in ("admit", "queue", "recognise", "encode"):
        assert value("ml_server_stage_seconds_count", stage=stage, engine="mock") - timed[stage] == 2, stage
    assert value("ml_server_stage_seconds_count", stage="decode", engine="decode") >= 2


async def test_items_of_different_engines_are_a_request_of_several(make_pipeline: Make) -> None:
    from ml_server import observation

    with observation.observed("grpc", "ExtractTextBatch", "", {}, {}) as seen:
        assert seen.engine == "none"
        observation.picked("mock")
        observation.picked("mock")
        assert seen.engine == "mock"
        observation.picked("tesseract")
        assert seen.engine == "several"
        observation.picked("several")
        assert seen.engine == "several"


async def test_refusals_have_their_causes(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, api_key=SecretStr("key"), max_image_bytes=2000, **GRPC)
    key, rpc_key = {"x-api-key": "key"}, (("x-api-key", "key"),)

    def counts() -> dict[str, float]:
        causes = ("unauthenticated", "too_large", "not_ready", "busy", "deadline")
        return {cause: value("ml_server_refusals_total", cause=cause) for cause in causes}

    before = counts()
    async with both_wires(pipeline) as wires:
        text = ocr_pb2.ExtractTextRequest(image=png())
        assert (await wires.http.post("/extract_text", files={"image": png()}, headers=key)).status_code == 503
        assert await refused(wires.stub.ExtractText(text, metadata=rpc_key)) is grpc.StatusCode.UNAVAILABLE
        await pipeline.wait_until_ready()
        assert (await wires.http.post("/extract_text", files={"image": png()})).status_code == 401
        assert await refused(wires.stub.ExtractText(text)) is grpc.StatusCode.UNAUTHENTICATED
        large = bytes(2**20 + 5000)
        assert (await wires.http.post("/extract_text", files={"image": large}, headers=key)).status_code == 413
        batch = ocr_pb2.ExtractTextBatchRequest(requests=[text, ocr_pb2.ExtractTextRequest(image=bytes(3000))])
        answer = await wires.stub.ExtractTextBatch(batch, metadata=rpc_key)
        assert [result.WhichOneof("outcome") for result in answer.results] == ["result", "error"]
    after = counts()
    found = {cause: after[cause] - before[cause] for cause in after}
    assert found == {"unauthenticated": 2, "too_large": 2, "not_ready": 2, "busy": 0, "deadline": 0}


async def test_what_waits_too_long_or_finds_the_line_full_is_refused_and_counted(make_pipeline: Make) -> None:
    pipeline = make_pipeline(replicas=1, queue_size=1, mock_delay_s=0.3)
    await pipeline.wait_until_ready()
    before = value("ml_server_refusals_total", cause="busy")
    outcomes = await asyncio.gather(
        *(pipeline.extract_page(DocumentRequest(png())) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 3
    assert value("ml_server_refusals_total", cause="busy") - before == 3

    def expired() -> tuple[float, float]:
        pages = value("ml_server_pages_total", engine="mock", outcome="expired")
        return value("ml_server_refusals_total", cause="deadline"), pages

    refused_before, pages_before = expired()
    reading = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.1)
    with pytest.raises(DeadlineExceeded):
        await pipeline.extract_page(DocumentRequest(png(), timeout_s=0.1))
    await reading
    assert expired() == (refused_before + 1, pages_before + 1)
    with pytest.raises(DeadlineExceeded):  # while the page is being read: it was not refused, and its reading counts
        await pipeline.extract_page(DocumentRequest(png(), timeout_s=0.2))
    await pipeline._pools.engine("mock").drained()
    assert expired() == (refused_before + 1, pages_before + 1)


async def test_no_label_holds_what_a_caller_wrote(make_pipeline: Make) -> None:
    for collector in (metrics.ENGINE_MEMORY_BYTES, metrics.EVICTIONS, metrics.REPLICAS, metrics.PAGES):
        collector.clear()  # other tests call their engines as they like
    marked = "zqx7"
    pipeline = make_pipeline(inline=True, **GRPC)
    await pipeline.wait_until_ready()
    async with both_wires(pipeline) as wires:
        http = wires.http
        for path in (f"/{marked}", f"/extract_text/{marked}", f"/assets/{marked}.js", f"/docs/../{marked}"):
            await http.get(path)
        for verb in (marked.upper(), "PROPFIND", "OPTIONS", "DELETE"):
            await http.request(verb, "/extract_text")
        for form in ({"engine": marked}, {"language": marked}, {"confidence_threshold": marked}, {marked: marked}):
            await http.post("/extract_text", files={"image": (marked, png())}, data=form)
        asked = await http.post("/extract_key_values", files={"document": png()}, data={"model_version": marked})
        assert asked.status_code == 400
        headers = {"x-request-id": marked, "user-agent": marked, "traceparent": marked, "x-api-key": marked}
        await http.post("/extract_document", files={"document": tiff((8, 8), (9, 9))}, headers=headers)
        await http.post("/extract_text_batch", files={"images": marked.encode()}, headers=headers)
        odd = wires.channel.unary_unary(f"/{marked}.Service/{marked}", bytes, bytes)
        assert await refused(odd(b"x")) is grpc.StatusCode.UNIMPLEMENTED
        text = ocr_pb2.ExtractTextRequest(image=png(), engine=marked, language=marked)
        metadata = tuple(headers.items())
        assert await refused(wires.stub.ExtractText(text, metadata=metadata)) is grpc.StatusCode.INVALID_ARGUMENT
        exposition = (await http.get("/metrics")).text
    assert marked not in exposition.lower()
    # "pages" is of bulk's own processes, which tests of it may have run in this one before
    others = {"decode", "key_values", "none", "several", "fake", "pages"}
    engines = {*(info.name for info in pipeline.engines()), *others}
    assert set(OCREngineFactory.names()) <= engines
    closed = {
        "wire": {"http", "grpc"},
        "stage": STAGES,
        "where": {"memory", "disk"},
        "cause": {"busy", "bodies", "not_ready", "too_large", "unauthenticated", "deadline", "idle", "ram", "vram"},
        "engine": engines,
    }
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            for label, allowed in closed.items():
                named = sample.labels.get(label, next(iter(allowed))).partition(":")[0]  # behind it: a model's version
                assert named in allowed, sample
