"""Messages that have to share memory: which are refused, which wait, and when their room comes back."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import grpc
from grpc import aio
from grpc_fakes import FakePipeline, details, failure, rich_status, settings_on, stub

from ml_server.body_budget import BodyBudget
from ml_server.grpc_services.server import GrpcServer
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.pipeline import Pipeline

MIB = 2**20
Text = ocr_pb2.ExtractTextRequest
Item = ocr_pb2.ExtractTextStreamRequest
Part = ocr_pb2.ExtractDocumentRequest
LIMITS = {"max_image_bytes": 2 * MIB, "max_document_bytes": 7 * MIB, "body_memory_mb": 1}  # 16 MiB, 12 for large ones


@asynccontextmanager
async def sharing(**settings: Any) -> AsyncIterator[tuple[Any, FakePipeline, BodyBudget]]:
    """A server's methods and port, its pipeline, and the budget that the test may take from, too."""
    chosen, pipeline = settings_on(0, **LIMITS | settings), FakePipeline()
    budget = BodyBudget(chosen)
    serving = GrpcServer(cast(Pipeline, pipeline), chosen, budget)
    port = await serving.start()
    try:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield SimpleNamespace(port=port, **vars(stub(channel))), pipeline, budget
            await until(lambda: not budget.memory.used)
    finally:
        await serving.stop(0)


async def until(true: Callable[[], object]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


async def document(size: int) -> AsyncIterator[ocr_pb2.ExtractDocumentRequest]:
    yield Part(options=ocr_pb2.DocumentOptions())
    for _ in range(0, size, MIB // 4):
        yield Part(chunk=bytes(MIB // 4))


async def test_a_message_has_room_until_its_call_is_answered() -> None:
    async with sharing() as (server, pipeline, budget):
        running = server.ExtractText(Text(image=b"wait there" + bytes(MIB)))
        await pipeline.arrived(1)
        assert MIB < budget.memory.used < MIB + 100
        running.cancel()
        await until(lambda: not budget.memory.used)
        await server.ExtractText(Text(image=bytes(MIB)))
        assert budget.memory.used == 0
        await failure(server.ExtractText(Text(image=b"boom")))


async def test_an_upload_that_does_not_fit_is_refused_once_it_has_been_sent() -> None:
    async with sharing() as (server, pipeline, budget):
        with budget.body() as other:
            other.memory.add(8 * MIB)
            error = await failure(server.ExtractDocument(document(6 * MIB)).read())
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            found = details(rich_status(error))
            assert found["ErrorInfo"].reason == "server_busy"
            assert found["RetryInfo"].retry_delay.seconds == 1
            assert budget.memory.used == 8 * MIB
        call = server.ExtractDocument(document(6 * MIB))
        await pipeline.arrived(1)
        assert budget.memory.used == 6 * MIB
        pipeline.gate("page 1").set()
        assert (await call.read()).page == 1
        assert await call.read() is aio.EOF  # type: ignore[attr-defined]  # the stubs lack it
        assert [len(request.data) for request in pipeline.requests] == [6 * MIB]


async def test_an_upload_that_is_too_large_holds_nothing_while_the_rest_of_it_is_read() -> None:
    async with sharing() as (server, _, budget):
        call = server.ExtractDocument()
        async for message in document(8 * MIB):
            await call.write(message)
        await until(lambda: not budget.memory.used)
        await call.done_writing()
        assert "payload_too_large" in str(rich_status(await failure(call.read())))


async def test_an_upload_that_stands_still_is_cut_off() -> None:
    async with sharing(body_timeout_s=0.3) as (server, _, budget):
        call = server.ExtractDocument()
        await call.write(Part(options=ocr_pb2.DocumentOptions()))
        await call.write(Part(chunk=bytes(MIB)))
        error = await failure(call.read())
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "nothing came for 0.3 s" in str(error.details())
        assert budget.memory.used == 0


async def test_the_items_of_a_stream_have_room_until_they_are_answered_and_wait_for_it() -> None:
    async with sharing(max_image_bytes=7 * MIB) as (server, pipeline, budget):
        call = server.ExtractTextStream()
        for name in ("a", "b", "c"):
            await call.write(Item(request_id=name, request=Text(image=f"wait {name}".encode() + bytes(5 * MIB))))
        await pipeline.arrived(2)
        await until(lambda: budget.memory.wanted)
        assert len(pipeline.requests) == 2
        for request in pipeline.requests[:]:
            pipeline.gate(request.data.decode().partition(" ")[2]).set()
        assert {(await call.read()).request_id for _ in range(2)} == {"a", "b"}
        await pipeline.arrived(3)
        assert 5 * MIB <= budget.memory.used < 6 * MIB
        call.cancel()
        await pipeline.were_cancelled(1)


async def test_an_item_there_is_no_room_for_is_refused_alone() -> None:
    async with sharing(body_timeout_s=0.3) as (server, _, budget):
        with budget.body() as other:
            other.memory.add(11 * MIB)
            call = server.ExtractTextStream()
            await call.write(Item(request_id="large", request=Text(image=bytes(2 * MIB))))
            await call.write(Item(request_id="small", request=Text(image=b"x")))
            await call.done_writing()
            answers = {answer.request_id: answer async for answer in call}
        assert details(answers["large"].error)["ErrorInfo"].reason == "server_busy"
        assert answers["small"].result.engine == "fake"


async def test_a_call_waits_for_its_turn_to_be_read_and_slow_ones_give_way() -> None:
    async with sharing(body_timeout_s=1.0) as (server, _, budget):
        with budget.body() as other:
            other.memory.add(11 * MIB)  # 5 are left: one message is under way at a time, as nobody knows its size
            async with unfinished(server.port):
                await until(lambda: budget.memory.used == 14 * MIB)
                answer = await server.ExtractText(Text(image=b"x"))
                assert answer.engine == "fake"
                assert budget.memory.used == 11 * MIB  # the slow one has been sent away for it


async def test_a_call_whose_turn_does_not_come_is_refused() -> None:
    async with sharing(body_timeout_s=0.3) as (server, pipeline, budget):
        with budget.body() as other:
            other.memory.add(12 * MIB)
            await other.part().reserve_in_turn(2 * MIB, 1, unseen=True)
            error = await failure(server.ExtractText(Text(image=b"x")))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "RetryInfo" in details(rich_status(error))
        assert not pipeline.requests


async def test_a_caller_who_leaves_in_the_middle_of_a_message_leaves_nothing() -> None:
    async with sharing() as (server, _, budget):
        async with unfinished(server.port):
            await until(lambda: budget.memory.used == 3 * MIB)
        await until(lambda: not budget.memory.used)


async def test_a_message_that_never_ends_is_cut_off_when_its_request_has_had_its_time() -> None:
    async with sharing(request_timeout_s=0.5) as (server, pipeline, budget):
        async with unfinished(server.port) as reader:
            await until(lambda: budget.memory.used == 3 * MIB)
            await asyncio.wait_for(reader.readuntil(b"the message was not there after"), 30)
            assert budget.memory.used == 0
        assert not pipeline.requests


@asynccontextmanager
async def unfinished(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """A call whose message has begun, by hand: no client of grpc stops in the middle of one."""

    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    headers = {
        ":method": "POST", ":scheme": "http", ":path": "/ml_server.v1.OcrService/ExtractText", ":authority": "x",
        "te": "trailers", "content-type": "application/grpc",
    }  # fmt: skip
    packed = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers.items()
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(1, 4, 1, packed))
    writer.write(frame(0, 0, 1, struct.pack(">BI", 0, 2 * MIB) + bytes(1000)))
    await writer.drain()
    try:
        yield reader
    finally:
        writer.transport.abort()
