"""ExtractKeyValues over a real server: every field to the last bit, pages as they are done, errors, cancellation."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from grpc_fakes import FakePipeline, details, failure, rich_status, serving, stub
from key_value_pages import KEY_VALUE_JSON

from ml_server.errors import all_errors
from ml_server.grpc_services.v1 import ocr_pb2

Part = ocr_pb2.ExtractKeyValuesRequest
OPTIONS = ocr_pb2.DocumentOptions(language="eng", engine="mock", confidence_threshold=0.25)


def as_json(message: ocr_pb2.KeyValues) -> dict[str, object]:
    """A message as the HTTP API's JSON has it: there, points are pairs."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return [value["x"], value["y"]] if value.keys() == {"x", "y"} else {k: plain(v) for k, v in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    found = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return {name: plain(value) for name, value in found.items()}


async def test_pages_come_as_they_are_done_with_every_field_unrounded() -> None:
    pipeline = FakePipeline()
    parts = [Part(options=OPTIONS), Part(chunk=b"pag"), Part(chunk=b"es 2")]
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractKeyValues(iter(parts))
        pipeline.gate("page 1").set()
        first = await call.read()  # before the second one may be done
        pipeline.gate("page 2").set()
        second = await call.read()
        assert await call.code() is grpc.StatusCode.OK
    assert (first.page, second.page) == (1, 2)
    assert as_json(first.result) == as_json(second.result) == KEY_VALUE_JSON
    request = pipeline.requests[0]
    assert (request.data, request.single_page) == (b"pages 2", False)
    assert (request.language, request.engine, request.confidence_threshold) == ("eng", "mock", 0.25)


async def test_an_error_ends_the_call_with_its_details() -> None:
    pipeline = FakePipeline(all_errors())
    parts = [Part(options=ocr_pb2.DocumentOptions()), Part(chunk=b"raise EngineUnavailable")]
    async with serving(pipeline) as (channel, _):
        error = await failure(stub(channel).ExtractKeyValues(iter(parts)).read())
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert details(rich_status(error))["ErrorInfo"].reason == "engine_unavailable"


@pytest.mark.parametrize(("parts", "found"), [([], "empty"), ([Part(chunk=b"x")], "found chunk")])
async def test_an_upload_in_the_wrong_order_is_refused(parts: list[Part], found: str) -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        error = await failure(stub(channel).ExtractKeyValues(iter(parts)).read())
    assert found in str(error.details())
    assert not pipeline.requests


async def test_a_caller_that_leaves_ends_the_work() -> None:
    pipeline = FakePipeline()
    parts = [Part(options=ocr_pb2.DocumentOptions()), Part(chunk=b"wait ever")]
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractKeyValues(iter(parts))
        await pipeline.arrived(1)
        call.cancel()
        await pipeline.were_cancelled(1)
