"""A server for a benchmark: one engine, a free port, loopback only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serving(engine: str, lang: str) -> Iterator[httpx.Client]:
    """Start ``ml-server serve`` for one engine; yields a client once it is ready, and ends the server afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "ml-server"), "serve", "--http-port", str(port), "--grpc-port", "0"]
    command += ["--engine", engine, "--lang", lang]
    environment = {**os.environ, "ML_SERVER_PRELOAD": "", "ML_SERVER_HTTP_HOST": "127.0.0.1"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            _wait_until_ready(client)
            yield client
    finally:
        server.terminate()
        server.wait(60)


def _wait_until_ready(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit("the server did not become ready")
