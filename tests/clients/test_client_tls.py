"""The clients over TLS: whom they trust, and who they say they are."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from certificates import Authority, Pair
from client_fakes import PAGE, Caller, FakePipeline, calling

from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.errors import NotReady, Unauthenticated
from ml_server.grpc_services.credentials import server_credentials
from ml_server.grpc_services.servicer import OcrServicer
from ml_server.grpc_services.v1 import ocr_pb2_grpc
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server.tls import TLS


@asynccontextmanager
async def serving(wire: str, authority: Authority, pair: Pair, *, asking: bool) -> AsyncIterator[str]:
    """The address of a server of one wire; over HTTP it answers 401, over gRPC it reads."""
    if wire == "grpc":
        server = grpc.aio.server()
        ocr_pb2_grpc.add_OcrServiceServicer_to_server(OcrServicer(cast(Pipeline, FakePipeline()), Settings()), server)
        tls = TLS(pair.cert, pair.key, authority.file if asking else None)
        port = server.add_secure_port("localhost:0", server_credentials(tls))
        await server.start()
        try:
            yield f"grpcs://localhost:{port}"
        finally:
            await server.stop(0)
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    if asking:
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "localhost", 0, ssl=context) as listening:
        yield f"https://localhost:{listening.sockets[0].getsockname()[1]}"


async def check_answer(call: Caller, wire: str) -> None:
    if wire == "grpc":
        assert await call("extract_text", b"image") == PAGE
        return
    with pytest.raises(Unauthenticated):
        await call("engines")


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
@pytest.mark.parametrize("wire", ["http", "grpc"])
async def test_only_ca_file_makes_an_authority_trusted(kind: Any, wire: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving(wire, authority, authority.issue("server"), asking=False) as address:
        async with calling(kind, address, ca_file=authority.file) as call:
            await check_answer(call, wire)
        async with calling(kind, address, retries=0) as call:
            with pytest.raises(NotReady, match=r"(?i)certificate"):
                await call("engines")


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
@pytest.mark.parametrize("wire", ["http", "grpc"])
async def test_a_server_that_asks_for_a_certificate(kind: Any, wire: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("client")
    async with serving(wire, authority, authority.issue("server"), asking=True) as address:
        files = {"ca_file": authority.file, "cert_file": own.cert, "key_file": own.key}
        async with calling(kind, address, **files) as call:
            await check_answer(call, wire)
        async with calling(kind, address, ca_file=authority.file, retries=0) as call:
            with pytest.raises(NotReady):
                await call("engines")


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
@pytest.mark.parametrize("address", ["https://localhost:1", "grpcs://localhost:1"])
async def test_a_certificate_that_cannot_be_read_is_said_at_once(kind: Any, address: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.pem"
    with pytest.raises(FileNotFoundError):
        kind(address, cert_file=nowhere, key_file=nowhere)
