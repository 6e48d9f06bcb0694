"""More uploads than a server has memory for, over both wires: it stays small, and small requests get through."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import grpc
import httpx
import psutil
import pytest
from grpc import aio
from pages import png
from running_server import RunningServer, running

from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc

MIB = 2**20
BUDGET_MIB = 64
UPLOADS, SIZE = 40, 18 * MIB
HEAD = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
REQUEST = (
    b"POST /extract_text HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    b"Content-Length: %d\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(
        tmp_path_factory.mktemp("bodies"), engine="mock", replicas="1", decode_workers="1", preload="",
        key_value_extractor="mock", key_value_preload="false",
        body_memory_mb=str(BUDGET_MIB), max_document_bytes=str(20 * MIB),
    ) as started:  # fmt: skip
        yield started


def held(server: RunningServer) -> float:
    """Bytes, by the server's own account."""
    found = re.search(r'ml_server_body_bytes\{where="memory"\} (\S+)', httpx.get(f"{server.http}/metrics").text)
    assert found is not None
    return float(found[1])


def grown_mib(process: psutil.Process, base: int) -> float:
    return float(process.memory_info().rss - base) / MIB


async def all_given_back(server: RunningServer) -> None:
    for _ in range(200):
        if not held(server):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{held(server)} bytes are still held")


async def begin(port: int) -> tuple[asyncio.Task[bytes], asyncio.StreamWriter]:
    """All of an upload but its last megabyte, or until it is refused; and the task that reads the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST % SIZE + HEAD)
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    with suppress(ConnectionError):
        for _ in range(SIZE // MIB - 1):
            await writer.drain()
            await asyncio.sleep(0)
            if answer.done():
                break
            writer.write(bytes(MIB))
    return answer, writer


async def test_http_uploads_without_an_end(server: RunningServer) -> None:
    process = server.front()
    base = process.memory_info().rss
    uploads = await asyncio.gather(*(begin(int(server.http.rpartition(":")[2])) for _ in range(UPLOADS)))
    refused = [answer for answer, _ in uploads if answer.done()]
    assert len(refused) == UPLOADS - 2  # as many as fit into three quarters of it
    for answer in refused:
        head = answer.result().lower()
        assert head.startswith(b"http/1.1 429 ")
        assert b"retry-after: " in head
    assert 34 * MIB < held(server) <= BUDGET_MIB * MIB
    assert grown_mib(process, base) < 2 * BUDGET_MIB
    small = await asyncio.to_thread(httpx.post, f"{server.http}/extract_text", files={"image": png(60, 40)}, timeout=60)
    assert small.status_code == 200
    for answer, writer in uploads:
        answer.cancel()
        writer.transport.abort()
    await all_given_back(server)


async def test_grpc_uploads_without_an_end(server: RunningServer) -> None:
    process = server.front()
    base = process.memory_info().rss
    uploads = 20

    async def parts() -> AsyncIterator[Any]:
        yield ocr_pb2.ExtractDocumentRequest(options=ocr_pb2.DocumentOptions())
        for _ in range(SIZE // MIB * 4):
            yield ocr_pb2.ExtractDocumentRequest(chunk=bytes(MIB // 4))
        await asyncio.Event().wait()

    async with aio.insecure_channel(server.grpc) as channel:
        stub: Any = ocr_pb2_grpc.OcrServiceStub(channel)
        calls = [stub.ExtractDocument(parts()) for _ in range(uploads)]
        ended = [asyncio.create_task(call.code()) for call in calls]
        for _ in range(600):
            if sum(each.done() for each in ended) == uploads - 2:
                break
            await asyncio.sleep(0.1)
        assert Counter(each.result() for each in ended if each.done()) == {
            grpc.StatusCode.RESOURCE_EXHAUSTED: uploads - 2
        }
        assert 34 * MIB < held(server) <= BUDGET_MIB * MIB
        assert grown_mib(process, base) < uploads * SIZE / MIB * 0.7  # what grpc has under way is beside it
        small = await stub.ExtractText(ocr_pb2.ExtractTextRequest(image=png(60, 40)))
        assert small.engine == "mock"
        for call in calls:
            call.cancel()
        await asyncio.wait(ended)
    await all_given_back(server)
