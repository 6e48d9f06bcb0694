"""Label Studio and the web around it, for tests that fetch images; no socket and no name server."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fake_label_studio import PERSONAL, FakeLabelStudio, client, settings

from ml_server.label_studio.images import Images

PNG = b"\x89PNG\r\n\x1a\n-not-really"
LIMIT = 1000
ADDRESSES = {
    "studio": "10.0.0.5", "files.example": "93.184.215.14", "inside.example": "10.1.2.3", "minio": "192.168.7.7",
    "both.example": "127.0.0.1", "mapped.example": "::ffff:10.0.0.1", "v6.example": "2606:2800:21f:cb07::1",
}  # fmt: skip


class Web:
    """Everything beyond Label Studio: answers by host and path, and what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, httpx.Response] = {}
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        name = f"{request.headers['host']}{request.url.path}"
        return self.files.get(name, httpx.Response(404))


def know_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve to ADDRESSES and nowhere else."""

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host not in ADDRESSES and not host.replace(".", "").isdecimal():
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ADDRESSES.get(host, host), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@asynccontextmanager
async def images(
    fake: FakeLabelStudio, web: Callable[[httpx.Request], Any] | None = None, token: str = PERSONAL, **values: Any
) -> AsyncIterator[Images]:
    async with client(fake, token, **values) as studio:
        found = Images(settings(token, **values), lambda: studio, LIMIT, httpx.MockTransport(web or Web()))
        yield found
        await found.close()


def studio_with_files() -> FakeLabelStudio:
    """An upload, a local file and one of Label Studio's own storage are there."""
    found = FakeLabelStudio()
    for path in ("/data/upload/1/a.png", "/data/local-files/", "/storage-data/uploaded/", "/ls/data/upload/1/a.png"):
        found.files[path] = httpx.Response(200, content=PNG)
    return found
