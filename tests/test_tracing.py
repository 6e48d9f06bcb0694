"""Spans over both wires: one trace from the caller to each stage, bounded, and nothing of it where nobody asked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
import pytest
from both_wires import Wires, both_wires
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pages import bad_png, png
from structlog.contextvars import get_contextvars

from ml_server import tracing
from ml_server.clients import AsyncOCRClient
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.pipeline import Pipeline

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
STAGES = {"admit", "queue", "decode", "recognise", "extract", "encode"}
Make = Callable[..., Pipeline]


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    found = InMemorySpanExporter()
    tracing.send_to(SimpleSpanProcessor(found))
    yield found
    tracing.shut_down()


@asynccontextmanager
async def served(make_pipeline: Make, **settings: Any) -> AsyncIterator[Wires]:
    pipeline = make_pipeline(inline=True, grpc_host="127.0.0.1", grpc_port=0, **settings)
    await pipeline.wait_until_ready()
    async with both_wires(pipeline) as wires:
        yield wires


async def call(wires: Wires, wire: str, data: bytes, engine: str = "mock") -> None:
    """Keys and values of a document, with a caller's trace; the answer is the caller's business."""
    if wire == "http":
        headers = {"traceparent": TRACEPARENT, "x-request-id": "mine"}
        form = {"engine": engine}
        await wires.http.post("/extract_key_values", files={"document": data}, data=form, headers=headers)
        return
    options = ocr_pb2.DocumentOptions(engine=engine)
    parts = [ocr_pb2.ExtractKeyValuesRequest(options=options), ocr_pb2.ExtractKeyValuesRequest(chunk=data)]
    metadata = (("traceparent", TRACEPARENT), ("x-request-id", "mine"))
    answers = wires.stub.ExtractKeyValues(iter(parts), metadata=metadata)
    try:
        async for _ in answers:
            pass
    except grpc.aio.AioRpcError:
        pass


def of_kind(exporter: InMemorySpanExporter, kind: trace.SpanKind) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.kind is kind]


@pytest.mark.parametrize(
    ("wire", "name"), [("http", "POST /extract_key_values"), ("grpc", "ml_server.v1.OcrService/ExtractKeyValues")]
)
async def test_one_trace_from_the_caller_to_every_stage(
    make_pipeline: Make, exporter: InMemorySpanExporter, wire: str, name: str
) -> None:
    async with served(make_pipeline) as wires:
        await call(wires, wire, png())
    (server,) = of_kind(exporter, trace.SpanKind.SERVER)
    own = server.get_span_context()
    assert own is not None
    assert server.name == name
    assert server.parent is not None
    assert (trace.format_trace_id(server.parent.trace_id), trace.format_span_id(server.parent.span_id)) == (TRACE, SPAN)
    assert server.attributes is not None
    assert server.attributes["ml_server.request_id"] == "mine"
    assert server.attributes["ml_server.engine"] == "mock"
    assert server.status.is_unset
    stages = of_kind(exporter, trace.SpanKind.INTERNAL)
    assert {span.name for span in stages} == STAGES
    assert sum(span.name == "queue" for span in stages) == 3  # of the decoder, the engine and the extractor
    slack = 20_000_000  # nanoseconds: two clocks
    for span in stages:
        assert span.parent is not None
        assert span.parent.span_id == own.span_id, span.name
        assert server.start_time is not None
        assert server.end_time is not None
        assert span.start_time is not None
        assert span.end_time is not None
        assert server.start_time - slack <= span.start_time <= span.end_time <= server.end_time + slack, span.name


@pytest.mark.parametrize(
    ("data", "engine", "code"),
    [(png(), "magic" * 40, "unknown_engine"), (b"nonsense", "mock", "invalid_image")],
)
@pytest.mark.parametrize("wire", ["http", "grpc"])
async def test_a_caller_s_error_is_on_the_span_by_its_code(
    make_pipeline: Make, exporter: InMemorySpanExporter, wire: str, data: bytes, engine: str, code: str
) -> None:
    async with served(make_pipeline) as wires:
        await call(wires, wire, data, engine)
    (server,) = of_kind(exporter, trace.SpanKind.SERVER)
    assert server.attributes is not None
    assert server.attributes["error.type"] == code
    assert server.status.is_unset
    assert all(len(str(value)) <= 200 for value in server.attributes.values())


@pytest.mark.parametrize("wire", ["http", "grpc"])
async def test_a_server_that_fails_makes_the_span_an_error(
    make_pipeline: Make, exporter: InMemorySpanExporter, wire: str
) -> None:
    async with served(make_pipeline, mock_failure="raise") as wires:
        await call(wires, wire, bad_png())
    (server,) = of_kind(exporter, trace.SpanKind.SERVER)
    assert server.attributes is not None
    assert server.attributes["error.type"] == "engine_failed"
    assert server.status.status_code is trace.StatusCode.ERROR


async def test_probes_have_no_spans_and_odd_requests_no_odd_names(
    make_pipeline: Make, exporter: InMemorySpanExporter
) -> None:
    async with served(make_pipeline) as wires:
        for path in ("/livez", "/readyz", "/health", "/metrics"):
            await wires.http.get(path)
        assert exporter.get_finished_spans() == ()
        await wires.http.request("ZQX", "/zqx", headers={"traceparent": "zqx"})
        with pytest.raises(grpc.aio.AioRpcError):
            await wires.channel.unary_unary("/zqx.Service/zqx", bytes, bytes)(b"")
    assert [span.name for span in exporter.get_finished_spans()] == ["_OTHER unknown", "unknown"]


def test_log_lines_inside_have_the_trace_s_id(exporter: InMemorySpanExporter) -> None:
    with tracing.server_span("test", {"traceparent": TRACEPARENT}, {}):
        assert get_contextvars()["trace_id"] == TRACE
    assert "trace_id" not in get_contextvars()


async def test_our_clients_send_the_trace_they_are_called_in(
    make_pipeline: Make, exporter: InMemorySpanExporter
) -> None:
    tracer = TracerProvider().get_tracer("caller")
    async with served(make_pipeline) as wires, AsyncOCRClient(f"grpc://{wires.grpc_address}") as client:
        with tracer.start_as_current_span("caller") as caller:
            await client.extract_text(png())
        await client.extract_text(png())
    first, second = of_kind(exporter, trace.SpanKind.SERVER)
    assert first.parent is not None
    assert first.parent.span_id == caller.get_span_context().span_id
    assert second.parent is None


def test_spans_reach_a_collector_under_our_name() -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    received: list[tuple[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in http.server
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            tracing.configure(f"http://127.0.0.1:{collector.server_port}")
            with tracing.server_span("test", {}, {"ml_server.request_id": "mine"}):
                tracing.record("queue", 0.2, 0.1)
            tracing.shut_down()
        finally:
            collector.shutdown()
            thread.join()
    ((path, message),) = received
    assert path == "/v1/traces"
    (resource,) = message.resource_spans
    attributes = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert attributes["service.name"] == "ml_server"
    assert [span.name for span in resource.scope_spans[0].spans] == ["queue", "test"]


def test_a_missing_exporter_is_logged_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    tracing.configure("http://127.0.0.1:9")
    assert "ml_server[otel]" in capsys.readouterr().out
    with tracing.server_span("test", {}, {}):
        assert "trace_id" not in get_contextvars()


OFF = """
import asyncio, sys
from grpc import aio
from ml_server.clients import AsyncOCRClient
from ml_server.grpc_services.server import GrpcServer
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server import tracing

async def main():
    settings = Settings(engine="mock", preload="", key_value_preload=False, grpc_host="127.0.0.1", grpc_port=0)
    tracing.configure(settings.otel_endpoint)
    pipeline = Pipeline(settings, inline=True)
    server = GrpcServer(pipeline, settings)
    port = await server.start()
    await pipeline.wait_until_ready()
    async with AsyncOCRClient(f"grpc://127.0.0.1:{port}") as client:
        print((await client.extract_text(bytes.fromhex(sys.argv[1]))).engine)
    await server.stop(0)
    await pipeline.close()
    print([name for name in sys.modules if name.startswith("opentelemetry")])

asyncio.run(main())
"""


def test_without_an_endpoint_nothing_is_imported() -> None:
    command = [sys.executable, "-c", OFF, png().hex()]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "mock\n" in out.stdout
    assert out.stdout.endswith("\n[]\n")
