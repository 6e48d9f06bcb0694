"""The gRPC port with a certificate: callers without one, and a new one while it runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from certificates import Authority, Pair, serial
from grpc import aio
from grpc_fakes import FakePipeline, failure, settings_on, stub

from ml_server import tls
from ml_server.grpc_services.server import GrpcServer
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.pipeline import Pipeline


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[int]:
    """The port of a running server."""
    server = GrpcServer(cast(Pipeline, FakePipeline()), settings_on(0, **settings))
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def call(port: int, authority: Authority, own: Pair | None = None, **options: Any) -> Any:
    """``ListEngines`` over a new connection."""
    key, chain = (own.key.read_bytes(), own.cert.read_bytes()) if own else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes(), key, chain)
    async with aio.secure_channel(f"localhost:{port}", credentials) as channel:
        return await stub(channel).ListEngines(ocr_pb2.ListEnginesRequest(), **options)


async def test_callers_need_a_certificate_of_the_right_authority(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    server, friend, stranger = ours.issue("server"), ours.issue("friend"), theirs.issue("stranger")
    async with serving(tls_cert=server.cert, tls_key=server.key, tls_client_ca=ours.file) as port:
        assert len((await call(port, ours, friend)).engines) == 3
        for own in (None, stranger):
            assert (await failure(call(port, ours, own))).code() is grpc.StatusCode.UNAVAILABLE
        assert (await failure(call(port, theirs, friend))).code() is grpc.StatusCode.UNAVAILABLE
        async with aio.insecure_channel(f"localhost:{port}") as channel:
            plain = stub(channel).ListEngines(ocr_pb2.ListEnginesRequest())
            assert (await failure(plain)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_is_shown_to_new_connections(
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
        assert len((await call(port, authority)).engines) == 3


async def test_a_key_out_of_a_file_goes_with_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    (tmp_path / "keys").write_text("bob: k-bob\n")
    async with serving(tls_cert=pair.cert, tls_key=pair.key, api_keys_file=tmp_path / "keys") as port:
        refused = await failure(call(port, authority, metadata=(("x-api-key", "k-other"),)))
        assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
        assert "k-other" not in str(refused.details())
        assert (await call(port, authority, metadata=(("authorization", "Bearer k-bob"),))).engines
