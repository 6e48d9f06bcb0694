"""Every RPC over a real server: what goes in, what comes out, in which order, and what is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio
from grpc_fakes import BOX, ENGINES, PAGE, FakePipeline, details, failure, rich_status, serving, stub

from ml_server.errors import DeadlineExceeded, InvalidImage, ServerBusy, all_errors
from ml_server.grpc_services.servicer import STREAM_IN_FLIGHT, seconds_left
from ml_server.grpc_services.v1 import ocr_pb2

Text = ocr_pb2.ExtractTextRequest
Item = ocr_pb2.ExtractTextStreamRequest
Part = ocr_pb2.ExtractDocumentRequest


async def test_a_page_crosses_the_wire_unrounded() -> None:
    async with serving(FakePipeline()) as (channel, _):
        answer = await stub(channel).ExtractText(Text(image=b"x"))
    assert answer.text == "합계 1,000\nTotal"
    assert answer.overall_confidence == PAGE.overall_confidence
    assert (answer.width, answer.height) == (640, 480)
    assert (answer.language, answer.engine, answer.model_version) == ("korean+english", "fake", "fake 1")
    assert answer.processing_time_ms == 12.3
    first, second = answer.text_boxes
    assert (first.text, first.confidence) == ("합계 1,000", 2 / 3)
    assert tuple((point.x, point.y) for point in first.bbox) == BOX
    assert [(word.text, word.confidence) for word in first.words] == [("합계", 0.1 + 0.2), ("1,000", 0.9)]
    assert tuple((point.x, point.y) for point in first.words[0].bbox) == BOX
    assert second.text == "Total"


async def test_fields_left_out_take_the_server_s_defaults() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline, lang="english", engine="tesseract") as (channel, _):
        await stub(channel).ExtractText(Text(image=b"x"))
    request = pipeline.requests[0]
    assert request.data == b"x"
    assert (request.language, request.engine) == ("english", "tesseract")
    assert (request.confidence_threshold, request.use_angle_cls) == (0.5, True)
    assert request.single_page
    assert request.timeout_s is None


async def test_fields_sent_as_zero_are_not_taken_for_left_out() -> None:
    pipeline = FakePipeline()
    sent = Text(image=b"", language="", engine=" ", confidence_threshold=0.0, use_angle_cls=False)
    async with serving(pipeline, lang="english", engine="tesseract") as (channel, _):
        await stub(channel).ExtractText(sent)
    request = pipeline.requests[0]
    assert (request.confidence_threshold, request.use_angle_cls) == (0.0, False)
    assert (request.language, request.engine) == ("english", "tesseract")  # no text is no choice, as in a form


async def test_a_batch_has_a_result_or_an_error_for_each_item_in_order() -> None:
    items = [Text(image=b"x", language="ko"), Text(image=b"raise InvalidImage"), Text(image=b"y", language="en")]
    pipeline = FakePipeline([InvalidImage])
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractTextBatch(
            ocr_pb2.ExtractTextBatchRequest(requests=items), metadata=(("x-request-id", "mine"),)
        )
        answer = await call
    assert [result.WhichOneof("outcome") for result in answer.results] == ["result", "error", "result"]
    error = answer.results[1].error
    assert error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert details(error)["ErrorInfo"].reason == "invalid_image"
    assert details(error)["RequestInfo"].request_id == "mine/1"
    assert [(r.language, r.request_id) for r in pipeline.requests] == [
        ("ko", "mine/0"),
        ("korean", "mine/1"),
        ("en", "mine/2"),
    ]


@pytest.mark.parametrize("count", [0, 4])
async def test_a_batch_of_none_or_too_many_is_refused_before_any_work(count: int) -> None:
    pipeline = FakePipeline()
    async with serving(pipeline, max_batch=3) as (channel, _):
        batch = ocr_pb2.ExtractTextBatchRequest(requests=[Text(image=b"x")] * count)
        error = await failure(stub(channel).ExtractTextBatch(batch))
    status = rich_status(error)
    assert details(status)["ErrorInfo"].reason == "invalid_request"
    assert details(status)["BadRequest"].field_violations[0].field == "requests"
    assert f"found {count}" in status.message
    assert "1..3" in status.message
    assert not pipeline.requests


async def test_a_stream_answers_as_pages_are_done_and_outlives_bad_items() -> None:
    pipeline = FakePipeline([ServerBusy])
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractTextStream(metadata=(("x-request-id", "mine"),))
        for name, data in (("slow", b"wait slow"), ("bad", b"raise ServerBusy"), ("bug", b"boom"), ("quick", b"x")):
            await call.write(Item(request_id=name, request=Text(image=data)))
        answers = [await call.read() for _ in range(3)]
        pipeline.gate("slow").set()
        answers.append(await call.read())
        await call.write(Item(request_id="after", request=Text(image=b"x")))
        answers.append(await call.read())
        await call.done_writing()
        assert await call.read() is aio.EOF  # type: ignore[attr-defined]  # the stubs lack it
        assert await call.code() is grpc.StatusCode.OK
    by_id = {answer.request_id: answer for answer in answers}
    assert [answer.request_id for answer in answers[3:]] == ["slow", "after"]
    assert {name: answer.WhichOneof("outcome") for name, answer in by_id.items()} == {
        "slow": "result", "bad": "error", "bug": "error", "quick": "result", "after": "result",
    }  # fmt: skip
    assert details(by_id["bad"].error)["RetryInfo"].retry_delay.ToMilliseconds() == 1500
    assert details(by_id["bad"].error)["RequestInfo"].request_id == "mine/bad"
    assert details(by_id["bug"].error)["ErrorInfo"].reason == "internal"
    assert "secret" not in str(by_id["bug"].error)


async def test_a_stream_has_a_bounded_number_of_pages_in_work() -> None:
    pipeline = FakePipeline()
    total = 3 * STREAM_IN_FLIGHT

    async def items() -> AsyncIterator[ocr_pb2.ExtractTextStreamRequest]:
        for index in range(total):
            yield Item(request_id=str(index), request=Text(image=b"wait all"))

    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractTextStream(items())
        await pipeline.arrived(STREAM_IN_FLIGHT)
        for _ in range(20):  # turns in which a server without a bound would have started more
            await asyncio.sleep(0.01)
        assert len(pipeline.requests) == STREAM_IN_FLIGHT
        pipeline.gate("all").set()
        answered = {answer.request_id async for answer in call}
    assert answered == {str(index) for index in range(total)}
    assert pipeline.most_running == STREAM_IN_FLIGHT


async def test_a_cancelled_stream_cancels_all_its_pages() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractTextStream()
        for _ in range(3):
            await call.write(Item(request=Text(image=b"wait ever")))
        await pipeline.arrived(3)
        call.cancel()
        await pipeline.were_cancelled(3)


async def test_a_document_comes_in_chunks_and_its_pages_as_they_are_done() -> None:
    pipeline = FakePipeline()
    parts = [
        Part(options=ocr_pb2.DocumentOptions(language="eng", engine="mock", confidence_threshold=0.25)),
        Part(chunk=b"pag"),
        Part(chunk=b"es 3"),
    ]
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractDocument(iter(parts))
        pipeline.gate("page 1").set()
        first = await call.read()  # before the second one may be done
        assert isinstance(first, ocr_pb2.ExtractDocumentResponse)
        assert (first.page, first.result.text) == (1, PAGE.text)
        pipeline.gate("page 2").set()
        pipeline.gate("page 3").set()
        assert [(await call.read()).page for _ in range(2)] == [2, 3]
        assert await call.code() is grpc.StatusCode.OK
    request = pipeline.requests[0]
    assert request.data == b"pages 3"
    assert (request.language, request.engine, request.confidence_threshold) == ("eng", "mock", 0.25)
    assert request.use_angle_cls
    assert not request.single_page


async def test_an_error_ends_a_document_after_the_pages_before_it() -> None:
    pipeline = FakePipeline(all_errors())
    pipeline.gate("page 1").set()
    parts = [Part(options=ocr_pb2.DocumentOptions()), Part(chunk=b"raise EngineFailed")]
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractDocument(iter(parts))
        error = await failure(call.read())
    assert error.code() is grpc.StatusCode.INTERNAL
    assert details(rich_status(error))["ErrorInfo"].reason == "engine_failed"


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([], "empty"),
        ([Part(chunk=b"x")], "found chunk"),
        ([Part()], "found an empty message"),
        ([Part(options=ocr_pb2.DocumentOptions())] * 2, "found options"),
    ],
)
async def test_a_document_in_the_wrong_order_is_refused(parts: list[Part], found: str) -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        error = await failure(stub(channel).ExtractDocument(iter(parts)).read())
    assert details(rich_status(error))["ErrorInfo"].reason == "invalid_request"
    assert found in str(error.details())
    assert not pipeline.requests


async def test_a_document_above_the_limit_is_refused_in_so_many_words() -> None:
    pipeline = FakePipeline()
    parts = [Part(options=ocr_pb2.DocumentOptions()), *[Part(chunk=bytes(400))] * 4]
    async with serving(pipeline, max_document_bytes=1000) as (channel, _):
        error = await failure(stub(channel).ExtractDocument(iter(parts)).read())
    status = rich_status(error)
    assert details(status)["ErrorInfo"].reason == "payload_too_large"
    assert "1600 bytes or more; at most 1000" in status.message
    assert not pipeline.requests


async def test_an_upload_far_above_the_limit_is_not_read_to_its_end() -> None:
    async def endless() -> AsyncIterator[ocr_pb2.ExtractDocumentRequest]:
        yield Part(options=ocr_pb2.DocumentOptions())
        for _ in range(6):
            yield Part(chunk=bytes(400))
        await asyncio.Event().wait()  # there is always more to come

    async with serving(FakePipeline(), max_document_bytes=1000) as (channel, _):
        error = await failure(stub(channel).ExtractDocument(endless()).read())
    assert "2400 bytes or more" in rich_status(error).message


async def test_a_document_of_just_the_limit_is_read() -> None:
    pipeline = FakePipeline()
    pipeline.gate("page 1").set()
    parts = [Part(options=ocr_pb2.DocumentOptions()), *[Part(chunk=bytes(500))] * 2]
    async with serving(pipeline, max_document_bytes=1000) as (channel, _):
        assert [answer.page async for answer in stub(channel).ExtractDocument(iter(parts))] == [1]
    assert pipeline.requests[0].data == bytes(1000)


async def test_an_upload_that_never_ends_meets_the_server_s_limit() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline, request_timeout_s=0.05) as (channel, _):
        call = stub(channel).ExtractDocument()
        await call.write(Part(options=ocr_pb2.DocumentOptions()))
        error = await failure(call.read())
    assert details(rich_status(error))["ErrorInfo"].reason == "deadline_exceeded"


async def test_engines_are_listed_with_everything_known_about_them() -> None:
    async with serving(FakePipeline()) as (channel, _):
        answer = await stub(channel).ListEngines(ocr_pb2.ListEnginesRequest())
    for message, engine in zip(answer.engines, ENGINES, strict=True):
        for name in message.DESCRIPTOR.fields_by_name:
            sent, known = getattr(message, name), getattr(engine, name)
            assert (tuple(sent) if name == "languages" else sent) == known


async def test_the_caller_s_deadline_reaches_the_pipeline() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        await stub(channel).ExtractText(Text(image=b"x"), timeout=50)
    left = pipeline.requests[0].timeout_s
    assert left is not None
    assert 0 < left < 51  # grpc rounds up what it sends


async def test_a_deadline_that_passes_cancels_the_work() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        error = await failure(stub(channel).ExtractText(Text(image=b"wait ever"), timeout=0.3))
        await pipeline.were_cancelled(1)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_call_whose_deadline_has_passed_is_not_started() -> None:
    class Late:
        def time_remaining(self) -> float:
            return 0.0

    with pytest.raises(DeadlineExceeded, match="before the server could start"):
        seconds_left(Late())  # type: ignore[arg-type]  # the one method that counts


async def test_a_cancelled_call_cancels_the_work() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        call = stub(channel).ExtractText(Text(image=b"wait ever"))
        await pipeline.arrived(1)
        call.cancel()
        await pipeline.were_cancelled(1)
