"""Connections that are too slow, too many or left open; each would otherwise be held for ever."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from certificates import Authority, serial
from http_fakes import FakePipeline, app_over

from ml_server import metrics, tls
from ml_server.bentoml_services.connection import Connection
from ml_server.settings import Settings
from ml_server.tls import TLS, Renewal

UPLOAD = b"POST /extract_text HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n"
ENGINES = b"GET /engines HTTP/1.1\r\nHost: x\r\n\r\n"
App = Callable[[Any, Any, Any], Awaitable[None]]


@asynccontextmanager
async def serving(app: App | None = None, **settings: Any) -> AsyncIterator[int]:
    """The port of a running server that has patience for 0.3 seconds."""
    values = {"header_timeout_s": 0.3, "body_timeout_s": 0.3} | settings
    found = Settings.model_validate(values)
    secure = TLS.of(found)
    files: Any = {"ssl_certfile": secure.cert, "ssl_keyfile": secure.key} if secure else {}
    config = uvicorn.Config(
        app or app_over(FakePipeline(), **values), port=0, lifespan="off", ws="none", log_config=None, **files
    )
    config.load()
    protocol: Any = partial(Connection, found, secure, Renewal(secure) if secure else None)
    config.http_protocol_class = protocol
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("sent", [b"", b"GET /engines HTTP/1.1\r\nHost"], ids=["nothing", "half of the headers"])
async def test_a_connection_without_a_request_is_closed(sent: bytes) -> None:
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_headers_that_come_byte_by_byte_are_cut_off() -> None:
    async with serving() as port, connected(port) as (reader, writer):
        ended = asyncio.create_task(reader.read())
        for byte in b"GET /engines HTTP/1.1\r\n" + b"X-Filler: y\r\n" * 1000:
            if ended.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        assert ended.done()
        with suppress(ConnectionResetError):  # bytes were under way to what had been closed
            assert await ended == b""


async def test_the_next_request_of_a_connection_has_the_same_time() -> None:
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(ENGINES)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        writer.write(b"GET /engi")
        rest = await asyncio.wait_for(reader.read(), 10)
        assert b"HTTP/1.1" not in rest


async def test_who_sends_in_time_may_wait_long_for_the_answer() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.8)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with serving(slow) as port, connected(port) as (reader, writer):
        writer.write(ENGINES)
        assert (await asyncio.wait_for(reader.readuntil(b"ok"), 10)).startswith(b"HTTP/1.1 200")


def too_slow() -> float:
    """Requests that were not in time before an engine was picked: MLServerErrors knows callers' slowness by that."""
    labels = {"wire": "http", "method": "/extract_text", "engine": metrics.NO_ENGINE, "code": "504"}
    return metrics.REGISTRY.get_sample_value("ml_server_requests_total", labels) or 0.0


async def test_a_body_that_stands_still_is_answered_and_cut_off() -> None:
    before = too_slow()
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(UPLOAD + b"Content-Length: 1000\r\n\r\n--B\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    assert b"connection: close" in head.lower()
    error = json.loads(body)["error"]
    assert error["code"] == "deadline_exceeded"
    assert "5 bytes of the body came, then nothing for 0.3 s" in error["message"]
    assert too_slow() == before + 1


async def test_a_body_that_drips_is_cut_off_at_the_limit_for_a_request() -> None:
    async with serving(request_timeout_s=0.7) as port, connected(port) as (reader, writer):
        writer.write(UPLOAD + b"Content-Length: 100000\r\n\r\n--B\r\n")
        answered = asyncio.create_task(reader.readuntil(b"\r\n"))
        for _ in range(200):
            if answered.done():
                break
            writer.write(b"-")
            await asyncio.sleep(0.05)
        assert (await answered).startswith(b"HTTP/1.1 504 ")


async def test_an_answer_nobody_takes_is_thrown_away() -> None:
    ended = asyncio.Event()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(1000):
                await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
        finally:
            ended.set()

    async with serving(large) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**10)
        writer.write(ENGINES)
        await reader.readexactly(15)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a socket's
        await asyncio.wait_for(ended.wait(), 20)
        writer.transport.abort()


async def test_a_client_that_takes_its_answer_slowly_gets_all_of_it() -> None:
    size = 8 * 2**20

    async def large(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(size)})

    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)  # so that the server sees each step
        async with serving(large, header_timeout_s=1.0) as port:
            narrow.connect(("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=narrow)
            writer.write(ENGINES)
            await reader.readuntil(b"\r\n\r\n")
            found = 0
            while found < size and (part := await reader.read(2**16)):
                found += len(part)
                await asyncio.sleep(0.02)
            writer.transport.abort()
    assert found == size


async def test_connections_over_the_limit_are_closed_at_once() -> None:
    async with serving(http_connections=1) as port, connected(port) as (reader, writer):
        writer.write(ENGINES)
        await reader.readuntil(b"\r\n\r\n")
        async with connected(port) as (refused, _):
            with suppress(ConnectionResetError):  # it may be seen as a reset or as an end
                assert await asyncio.wait_for(refused.read(), 10) == b""


async def test_a_renewed_certificate_is_shown_to_the_next_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_RECHECK_S", 0.0)
    authority = Authority(tmp_path)
    pair = authority.issue("server")

    def shown(port: int) -> int:
        return serial(ssl.get_server_certificate(("127.0.0.1", port)).encode())

    async with serving(tls_cert=pair.cert, tls_key=pair.key) as port:
        before = serial(pair.cert.read_bytes())
        assert await asyncio.to_thread(shown, port) == before
        authority.issue("server")
        after = serial(pair.cert.read_bytes())
        assert await asyncio.to_thread(shown, port) == after != before
