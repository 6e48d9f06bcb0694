"""deploy/healthcheck.py, the images' HEALTHCHECK, against servers that live and do not."""

from __future__ import annotations

import importlib.util
import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import grpc
import pytest
from certificates import Authority
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

HEALTHCHECK = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_HOST", "HTTP_PORT", "GRPC_HOST", "GRPC_PORT", "TLS_CERT", "TLS_KEY"):
        monkeypatch.delenv(f"ML_SERVER_{name}", raising=False)


def started(folder: Path, command: str) -> Path:
    """What /proc/1/cmdline holds in a container that was started with a command."""
    file = folder / "cmdline"
    file.write_bytes(b"".join(f"{each}\0".encode() for each in ("tini", "--", "ml-server", *command.split())))
    return file


@pytest.fixture(scope="module")
def healthcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", HEALTHCHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Livez(BaseHTTPRequestHandler):
    """Answers like a server that is alive."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def alive() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_health_of_a_server_that_lives_and_of_one_that_does_not(
    healthcheck: ModuleType, alive: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", str(alive.server_port))
    assert healthcheck.main() == 0
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", "1")
    assert healthcheck.main() == 1
    assert "http://127.0.0.1:1/livez" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag", ["--http-port {}", "--http-port=1 --http-port {}", "--lang ko --http-port={} --grpc-port 7"]
)
def test_what_the_container_was_started_with_counts_more_than_variables(
    healthcheck: ModuleType, alive: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", "1")
    assert healthcheck.main(started(tmp_path, f"serve {flag.format(alive.server_port)}")) == 0


def test_an_address_that_is_bound_is_asked(
    healthcheck: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a server binds one address, it does not answer on loopback."""
    with HTTPServer(("127.0.0.2", 0), Livez) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = started(tmp_path, f"serve --http-port {server.server_port}")
        assert healthcheck.main(command) == 1
        monkeypatch.setenv("ML_SERVER_HTTP_HOST", "127.0.0.2")
        assert healthcheck.main(command) == 0
        server.shutdown()
    capsys.readouterr()
    for host, address in (("::", "127.0.0.1:5"), ("::1", "[::1]:5"), ("0.0.0.0", "127.0.0.1:5")):
        monkeypatch.setenv("ML_SERVER_HTTP_HOST", host)
        assert healthcheck.main(started(tmp_path, "serve --http-port 5")) == 1
        assert f"http://{address}/livez" in capsys.readouterr().err


def test_health_over_tls_that_asks_for_certificates(
    healthcheck: ModuleType, alive: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    alive.socket = context.wrap_socket(alive.socket, server_side=True)
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", str(alive.server_port))
    assert healthcheck.main(started(tmp_path, f"serve --tls-cert {pair.cert} --tls-key {pair.key}")) == 0
    monkeypatch.setenv("ML_SERVER_TLS_CERT", str(pair.cert))
    monkeypatch.setenv("ML_SERVER_TLS_KEY", str(pair.key))
    assert healthcheck.main() == 0


def test_health_of_grpc_alone_is_alive_before_it_is_ready(
    healthcheck: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    server = grpc.server(ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    monkeypatch.setenv("ML_SERVER_GRPC_PORT", str(server.add_insecure_port("127.0.0.1:0")))
    server.start()
    assert healthcheck.main(started(tmp_path, "grpc")) == 0
    told = started(tmp_path, f"grpc --grpc-port {os.environ['ML_SERVER_GRPC_PORT']}")
    monkeypatch.setenv("ML_SERVER_GRPC_PORT", "1")
    assert healthcheck.main(told) == 0
    server.stop(None).wait()
    assert healthcheck.main(started(tmp_path, "grpc")) == 1
    assert "127.0.0.1:1: " in capsys.readouterr().err
