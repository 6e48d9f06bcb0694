"""Every row of the error table over the wire, request ids, the API key, and what grpc itself would answer badly."""

from __future__ import annotations

import json
import logging
from typing import Any

import grpc
import pytest
from grpc import aio
from grpc_fakes import RETRY_S, FakePipeline, details, failure, rich_status, serving, stub, trailers
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import InvalidRequest, MLServerError, ServerBusy, Unauthenticated, all_errors
from ml_server.grpc_services.server import SERVICE
from ml_server.grpc_services.status import to_status, to_trailers
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.metrics import REQUESTS

Text = ocr_pb2.ExtractTextRequest


def raw(channel: aio.Channel, method: str) -> Any:
    """A call of any method with any bytes."""
    return channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
async def test_every_error_has_its_code_and_details(kind: type[MLServerError]) -> None:
    async with serving(FakePipeline(all_errors())) as (channel, _):
        call = stub(channel).ExtractText(
            Text(image=f"raise {kind.__name__}".encode()), metadata=(("x-request-id", "mine"),)
        )
        error = await failure(call)
    assert error.code() is grpc.StatusCode[kind.grpc_code]
    assert error.details() == f"made to fail: {kind.__name__}"
    found = details(rich_status(error))
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == (kind.code, "ml_server")
    assert found["RequestInfo"].request_id == "mine"
    assert found["RetryInfo"].retry_delay.ToTimedelta().total_seconds() == RETRY_S
    assert trailers(error)["x-request-id"] == "mine"
    assert trailers(error)["retry-after"] == "2"
    assert trailers(error)["grpc-retry-pushback-ms"] == "1500"
    if issubclass(kind, InvalidRequest):
        assert found["BadRequest"].field_violations[0].field == "image"
    else:
        assert "BadRequest" not in found


async def test_the_line_in_the_log_has_the_names_of_http_s() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with serving(FakePipeline([ServerBusy])) as (channel, _):
            await stub(channel).ExtractText(Text(image=b"x"), metadata=(("x-request-id", "good"),))
            await failure(
                stub(channel).ExtractText(Text(image=b"raise ServerBusy"), metadata=(("x-request-id", "bad"),))
            )
    good, bad = (line for line in lines if line["event"] == "grpc_call")
    assert (good["request_id"], good["method"], good["status"]) == ("good", "ExtractText", "OK")
    assert "code" not in good
    assert (bad["request_id"], bad["status"], bad["code"]) == ("bad", "RESOURCE_EXHAUSTED", "server_busy")
    assert 0 < bad["seconds"] < 60


def test_nothing_is_said_about_retrying_where_it_does_not_help() -> None:
    assert {key for key, _ in to_trailers(InvalidRequest("no"), "id")} == {"grpc-status-details-bin", "x-request-id"}
    assert "RetryInfo" not in details(to_status(InvalidRequest("no"), "id"))


async def test_the_request_id_of_a_failed_call_is_in_both_kinds_of_metadata() -> None:
    async with serving(FakePipeline()) as (channel, _):
        call = stub(channel).ExtractTextBatch(ocr_pb2.ExtractTextBatchRequest(), metadata=(("x-request-id", "mine"),))
        error = await failure(call)
        assert dict(await call.initial_metadata())["x-request-id"] == "mine"
    assert trailers(error)["x-request-id"] == "mine"


async def test_grpc_s_own_retry_policy_works_and_waits_as_long_as_it_is_told() -> None:
    class BusyTwice(FakePipeline):
        async def extract_page(self, request: DocumentRequest) -> OCRPage:
            page = await super().extract_page(request)
            if len(self.requests) < 3:
                raise ServerBusy("full", retry_after_s=0.1)
            return page

    policy = {
        "maxAttempts": 4,
        "initialBackoff": "60s",  # what the server says counts instead
        "maxBackoff": "60s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
    config = {"methodConfig": [{"name": [{"service": SERVICE}], "retryPolicy": policy}]}
    options = [("grpc.service_config", json.dumps(config)), ("grpc.per_rpc_retry_buffer_size", 32 * 2**20)]
    pipeline = BusyTwice()
    async with serving(pipeline, options) as (channel, _):
        answer = await stub(channel).ExtractText(Text(image=bytes(2**20)), timeout=50)
    assert answer.engine == "fake"
    assert len(pipeline.requests) == 3


async def test_a_long_message_still_arrives() -> None:
    """8 KiB is what peers accept as metadata; Korean takes nine bytes a character there."""
    error = InvalidRequest("글" * 20_000)
    status = to_status(error, "i" * 128)
    assert status.message.startswith("글글글")
    assert status.message.endswith("…")
    assert len(status.message.encode()) <= 1024
    assert len(status.SerializeToString()) * 4 / 3 + len(status.message.encode()) * 3 < 8192

    class Long(FakePipeline):
        def engines(self) -> list[Any]:
            raise error

    async with serving(Long()) as (channel, _):
        failed = await failure(stub(channel).ListEngines(ocr_pb2.ListEnginesRequest()))
    assert rich_status(failed).message == status.message


def test_text_that_protobuf_refuses_does_not_hide_the_error() -> None:
    assert to_status(InvalidRequest("bad \ud800 text"), "id").message == "bad ? text"


async def test_an_unexpected_exception_is_logged_with_the_id_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(FakePipeline()) as (channel, _):
            call = stub(channel).ExtractText(Text(image=b"boom"), metadata=(("x-request-id", "find-me"),))
            error = await failure(call)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert details(rich_status(error))["ErrorInfo"].reason == "internal"
    assert "secret" not in str(error.details())
    assert "secret" not in str(rich_status(error))


@pytest.mark.parametrize("given", ["한글".encode(), b"", b"x" * 129, b"a\tb"])
async def test_an_unfit_request_id_is_replaced(given: bytes) -> None:
    # The client refuses to send what is not printable ASCII, so such bytes come as a -bin key or as too long a value.
    text = given.decode(errors="replace")
    fit_for_the_client = text.isascii() and text.isprintable()
    metadata = ((("x-request-id", text)),) if fit_for_the_client else (("x-request-id-bin", given),)
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractText(Text(image=b"x"), metadata=metadata)
        await call
        answered = dict(await call.initial_metadata())["x-request-id"]
    assert len(answered) == 32
    assert pipeline.requests[0].request_id == answered


async def test_the_longest_request_id_is_kept() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        await stub(channel).ExtractText(Text(image=b"x"), metadata=(("x-request-id", "y" * 128),))
    assert pipeline.requests[0].request_id == "y" * 128


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ((), "no API key"),
        ((("authorization", "Basic c2VjcmV0"),), "no API key"),
        ((("authorization", "Bearer wrong"),), "a wrong API key"),
        ((("x-api-key", "Bearer right"),), "a wrong API key"),
        ((("x-api-key", ""),), "a wrong API key"),
    ],
)
@pytest.mark.parametrize("method", ["ExtractText", "ExtractDocument", "ExtractKeyValues", "Nothing"])
async def test_a_call_without_the_key_is_refused(method: str, metadata: Any, found: str) -> None:
    pipeline = FakePipeline()
    async with serving(pipeline, api_key="right") as (channel, _):
        error = await failure(raw(channel, f"/ml_server.v1.OcrService/{method}")(b"", metadata=metadata))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    status = rich_status(error)
    assert details(status)["ErrorInfo"].reason == Unauthenticated.code
    assert details(status)["RequestInfo"].request_id
    assert found in status.message
    assert "right" not in status.message
    assert not pipeline.requests


@pytest.mark.parametrize("metadata", [("authorization", "bearer right"), ("x-api-key", "right")])
async def test_a_call_with_the_key_passes(metadata: tuple[str, str]) -> None:
    async with serving(FakePipeline(), api_key="right") as (channel, _):
        answer = await stub(channel).ExtractText(Text(image=b"x"), metadata=(metadata,))
    assert answer.engine == "fake"


async def test_health_needs_no_key() -> None:
    async with serving(FakePipeline(), api_key="right") as (channel, _):
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status in (health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING)


async def test_an_unknown_method_is_our_error_and_no_new_metric() -> None:
    async with serving(FakePipeline()) as (channel, _):
        error = await failure(raw(channel, "/ml_server.v1.OcrService/Nothing")(b""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert details(rich_status(error))["ErrorInfo"].reason == "not_found"
    methods = {sample.labels["method"] for family in REQUESTS.collect() for sample in family.samples}
    assert "Nothing" not in methods
    assert "unknown" in methods


async def test_bytes_that_are_no_message_are_the_caller_s_fault() -> None:
    async with serving(FakePipeline()) as (channel, _):
        error = await failure(raw(channel, "/ml_server.v1.OcrService/ExtractText")(b"\xff\xff\xff"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(rich_status(error))["ErrorInfo"].reason == "invalid_request"


async def test_calls_are_counted_by_method_and_code() -> None:
    def count(code: str) -> float:
        return float(REQUESTS.labels("grpc", "ExtractText", "none", code)._value.get())

    ok, bad = count("OK"), count("INVALID_ARGUMENT")
    async with serving(FakePipeline(all_errors())) as (channel, _):
        await stub(channel).ExtractText(Text(image=b"x"))
        await failure(stub(channel).ExtractText(Text(image=b"raise InvalidImage")))
    assert (count("OK"), count("INVALID_ARGUMENT")) == (ok + 1, bad + 1)
