"""The clients over TLS, with a certificate that only ``ca_file`` makes trusted."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from client_fakes import PAGE, FakePipeline, calling

from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.errors import NotReady, Unauthenticated
from ml_server.grpc_services.servicer import OcrServicer
from ml_server.grpc_services.v1 import ocr_pb2_grpc
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


def certificate(folder: Path) -> tuple[bytes, bytes, Path]:
    """A key and its own certificate for localhost, for an hour."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography makes the certificate")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    path = folder / "ca.pem"
    path.write_bytes(public)
    return secret, public, path


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_grpc_over_tls(kind: Any, tmp_path: Path) -> None:
    secret, public, ca_file = certificate(tmp_path)
    server = grpc.aio.server()
    servicer = OcrServicer(cast(Pipeline, FakePipeline()), Settings())
    ocr_pb2_grpc.add_OcrServiceServicer_to_server(servicer, server)
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(secret, public)]))
    await server.start()
    try:
        async with calling(kind, f"grpcs://localhost:{port}", ca_file=ca_file) as call:
            assert await call("extract_text", b"image") == PAGE
        async with calling(kind, f"grpcs://localhost:{port}", retries=0) as call:
            with pytest.raises(NotReady, match=r"(?i)certificate"):
                await call("extract_text", b"image")
    finally:
        await server.stop(0)


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_https(kind: Any, tmp_path: Path) -> None:
    secret, public, ca_file = certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(secret + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "localhost", 0, ssl=context)
    async with server:
        address = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        async with calling(kind, address, ca_file=ca_file) as call:
            with pytest.raises(Unauthenticated):
                await call("engines")
        async with calling(kind, address, retries=0) as call:
            with pytest.raises(NotReady, match=r"(?i)certificate"):
                await call("engines")
