"""The four clients when something fails: errors, retries, deadlines, servers that are not there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from client_fakes import PAGE, RETRY_S, Caller, Served, calling, no_waiting, serving

from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.errors import (
    DeadlineExceeded,
    EngineUnavailable,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    all_errors,
)

KINDS = [
    pytest.param((kind, wire), id=f"{kind.__name__}-{wire}")
    for kind in (OCRClient, AsyncOCRClient)
    for wire in ("http", "grpc")
]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(max_document_bytes=2**20, max_image_bytes=2**20) as server:
        yield server


@pytest.fixture(params=KINDS)
def which(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
async def call(which: Any, served: Served) -> AsyncIterator[Caller]:
    kind, wire = which
    async with calling(kind, getattr(served, wire), timeout_s=30, retries=2) as caller:
        yield caller


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Any:
    with no_waiting(monkeypatch) as found:
        yield found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_every_error_arrives_as_its_class(call: Caller, served: Served, pauses: list[float]) -> None:
    for kind in all_errors():
        served.pipeline.requests.clear()
        with pytest.raises(MLServerError) as caught:
            await call("extract_text", f"raise {kind.code}".encode())
        assert type(caught.value) is kind
        assert caught.value.message == f"made to fail: {kind.code}"
        assert caught.value.retry_after_s == RETRY_S
        assert len(served.pipeline.requests) == (3 if kind in (ServerBusy, NotReady) else 1)
        with pytest.raises(MLServerError) as caught:
            await call("extract_document", f"raise {kind.code}".encode())
        assert type(caught.value) is kind


@pytest.mark.parametrize("refusal", ["busy", "down"])
@pytest.mark.parametrize("method", ["extract_text", "extract_document", "extract_key_values", "pages"])
async def test_a_refused_call_is_tried_again_when_the_server_says(
    call: Caller, served: Served, pauses: list[float], refusal: str, method: str
) -> None:
    data = f"{refusal} 2".encode()
    if method == "pages":
        assert [page async for page in call.pages(data)] == [PAGE]
    else:
        await call(method, data)
    assert len(set(served.pipeline.ids)) == 1
    assert len(served.pipeline.ids) == 3
    assert len(pauses) == 2
    assert pauses[0] > RETRY_S
    assert RETRY_S + 0.5 < pauses[1] < RETRY_S + 1.1  # the pause grows, and has up to half a second of jitter


async def test_no_retry_that_could_only_begin_after_the_deadline(
    which: Any, served: Served, pauses: list[float]
) -> None:
    kind, wire = which
    async with calling(kind, getattr(served, wire), timeout_s=RETRY_S, retries=5) as call:
        with pytest.raises(ServerBusy, match="refusal 1") as caught:
            await call("extract_text", b"busy 3")
    assert caught.value.retry_after_s == RETRY_S
    assert pauses == []


async def test_retries_can_be_off(which: Any, served: Served, pauses: list[float]) -> None:
    kind, wire = which
    async with calling(kind, getattr(served, wire), retries=0) as call:
        with pytest.raises(NotReady, match="refusal 1"):
            await call("extract_text", b"down 3")
    assert pauses == []
    assert len(served.pipeline.requests) == 1


async def test_the_deadline_ends_the_call_and_the_servers_work(which: Any, served: Served) -> None:
    kind, wire = which
    async with calling(kind, getattr(served, wire), timeout_s=0.3) as call:
        with pytest.raises(DeadlineExceeded, match=r"timeout_s of 0\.3 s"):
            await call("extract_text", b"wait")
        await asyncio.wait_for(served.pipeline.cancelled.wait(), 10)
    assert len(served.pipeline.requests) == 1


async def test_nobody_listens(which: Any, pauses: list[float]) -> None:
    kind, wire = which
    address = f"{wire}://127.0.0.1:{free_port()}"
    async with calling(kind, address, retries=2) as call:
        with pytest.raises(NotReady, match=f"cannot reach {address}: .*(refused|Connect call failed)"):
            await call("extract_text", b"image")
        assert len(pauses) == 2
        assert not await call("is_ready")


async def test_a_server_that_comes_up_meanwhile(which: Any) -> None:
    kind, wire = which
    port = free_port()
    async with calling(kind, f"{wire}://127.0.0.1:{port}", timeout_s=60, retries=20) as call:
        waiting = asyncio.create_task(call("wait_until_ready", 60))
        reading = asyncio.create_task(call("extract_text", b"image"))
        await asyncio.wait({waiting, reading}, timeout=0.5)  # time for first attempts to fail
        async with serving(**{f"{wire}_port": port}):
            await waiting
            assert await reading == PAGE


async def test_a_server_that_hangs_up(which: Any, pauses: list[float]) -> None:
    kind, wire = which
    visits = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with calling(kind, f"{wire}://127.0.0.1:{port}", timeout_s=60, retries=1) as call:
            with pytest.raises(NotReady, match="cannot reach"):
                await call("extract_text", b"image")
    assert len(pauses) == 1
    assert visits >= 1


async def test_a_server_that_says_nothing(which: Any) -> None:
    kind, wire = which
    visitors: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: visitors.append(writer), "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        async with calling(kind, f"{wire}://127.0.0.1:{port}", timeout_s=0.3) as call:
            with pytest.raises(DeadlineExceeded):
                await call("extract_text", bytes(20_000_000))
            assert not await call("is_ready")
        for visitor in visitors:
            visitor.close()


@pytest.mark.parametrize("size", [3 * 2**20, 20 * 2**20])
async def test_too_large_is_said_clearly_and_not_tried_again(call: Caller, pauses: list[float], size: int) -> None:
    for method in ("extract_text", "extract_document", "extract_key_values"):
        with pytest.raises(PayloadTooLarge):
            await call(method, bytes(size))
    assert pauses == []


async def test_an_engine_that_is_not_installed_is_not_tried_again(call: Caller, served: Served) -> None:
    with pytest.raises(EngineUnavailable):
        await call("extract_text", b"raise engine_unavailable")
    assert len(served.pipeline.requests) == 1
