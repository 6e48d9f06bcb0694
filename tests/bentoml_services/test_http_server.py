"""A real server, started as ``bentoml serve`` with the mock engine: what BentoML itself adds, sockets and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from http_fakes import failure
from pages import png
from running_server import free_port

SERVICE = "ml_server.bentoml_services.service:MLServer"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready, its log, and what ``/readyz`` and ``/extract_text`` said before it was."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    before: list[httpx.Response]

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def lines(self) -> list[dict[str, Any]]:
        """The log; every line must be a JSON object."""
        found = self.log.read_text().splitlines()
        assert [line for line in found if not line.startswith("{")] == []
        return [json.loads(line) for line in found]

    def logged(self, request_id: str) -> dict[str, Any]:
        """The access log's line of a request, which comes just after its answer."""
        for _ in range(200):
            found = [line for line in self.lines() if line.get("request_id") == request_id]
            if requests := [line for line in found if line["event"] == "request"]:
                return requests[0]
            time.sleep(0.05)
        raise AssertionError(f"{request_id} is not in the log")


def start(folder: Path) -> Served:
    http_port, grpc_port = free_port(), free_port()
    settings = {
        "ENGINE": "mock", "MOCK_DELAY_S": "0.5", "REPLICAS": "1", "PRELOAD": "", "DECODE_WORKERS": "1",
        "GRPC_HOST": "127.0.0.1", "GRPC_PORT": str(grpc_port), "MAX_IMAGE_BYTES": str(2**20),
        "KEY_VALUE_EXTRACTOR": "mock", "KEY_VALUE_PRELOAD": "false",
    }  # fmt: skip
    environment = os.environ | {f"ML_SERVER_{name}": value for name, value in settings.items()}
    environment |= {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--host", "127.0.0.1", "--port", str(http_port)]
    log, before = folder / "server.log", list[httpx.Response]()
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{http_port}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.get(f"{address}/readyz", timeout=10)
            if answer.status_code == 200:
                return Served(address, process, log, before)
            before += [answer, httpx.post(f"{address}/extract_text", files={"image": png(8, 8)}, timeout=10)]
            before.append(httpx.get(f"{address}/livez", timeout=10))
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"the server is not ready:\n{log.read_text()[-4000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    started = start(tmp_path_factory.mktemp("served"))
    yield started
    stop(started.process)


def test_before_it_is_ready_it_says_so_and_is_alive(served: Served) -> None:
    readyz, extract, livez = served.before[:3]
    assert "loading" in failure(readyz, 503, "not_ready")
    assert "loading" in failure(extract, 503, "not_ready")
    assert livez.status_code == 200


def test_a_page_and_its_request_id(served: Served) -> None:
    answer = httpx.post(
        f"{served.address}/extract_text", files={"image": png(60, 40)}, headers={"X-Request-ID": "r-page"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-request-id"] == "r-page"
    body = answer.json()
    assert (body["status"], body["engine"], body["width"], body["height"]) == ("success", "mock", 60, 40)
    line = served.logged("r-page")
    assert (line["status"], line["path"], line["method"]) == (200, "/extract_text", "POST")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/livez", 405, "method_not_allowed"),
        ("POST", "/readyz", 405, "method_not_allowed"),
        ("GET", "/extract_text", 405, "method_not_allowed"),
        ("GET", "/static_content/index.css", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/schema.json", 404, "not_found"),
        ("POST", "/extract_text", 415, "unsupported_media_type"),
    ],
)
def test_errors_on_bentoml_s_paths_and_ours(served: Served, method: str, path: str, status: int, code: str) -> None:
    failure(httpx.request(method, f"{served.address}{path}", timeout=30), status, code)


def test_metrics_and_documentation_are_ours(served: Served) -> None:
    metrics = httpx.get(f"{served.address}/metrics", timeout=30).text
    assert "ml_server_requests_total" in metrics
    assert "bentoml" not in metrics
    for path in ("/", "/docs"):
        page = httpx.get(f"{served.address}{path}", timeout=30).text
        assert "swagger-ui" in page
        assert "googletagmanager" not in page
    for path in ("/openapi.json", "/docs.json"):
        assert "/extract_text" in httpx.get(f"{served.address}{path}", timeout=30).json()["paths"]


def test_four_gigabytes_are_refused_before_they_are_sent(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as caller:
        caller.sendall(
            b"POST /extract_text HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 4294967296\r\n\r\n"
        )
        answer = b""
        while part := caller.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert b"payload_too_large" in answer
    assert b"100 Continue" not in answer


def test_an_upload_without_an_end_is_cut_off_and_answered(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        while True:
            yield bytes(2**16)

    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = httpx.post(f"{served.address}/extract_text", content=endless(), headers=headers, timeout=30)
    failure(answer, 413, "payload_too_large")


@pytest.mark.parametrize("whole", [False, True], ids=["while it sends", "while it waits"])
def test_a_client_that_leaves_is_noticed(served: Served, whole: bool) -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + png(8, 8) + b"\r\n--B--\r\n"
    request_id = f"r-leaver-{whole}"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as caller:
        caller.sendall(
            f"POST /extract_text HTTP/1.1\r\nHost: x\r\nX-Request-ID: {request_id}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: multipart/form-data; boundary=B\r\n\r\n".encode()
        )
        caller.sendall(body if whole else body[:50])
    assert served.logged(request_id)["status"] == 499
    assert not [line for line in served.lines() if line.get("request_id") == request_id and "exception" in line]


def test_a_request_under_way_is_answered_when_the_server_stops(tmp_path: Path) -> None:
    served = start(tmp_path)
    children = psutil.Process(served.process.pid).children(recursive=True)
    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(httpx.post, f"{served.address}/extract_text", files={"image": png(8, 8)}, timeout=60)
        time.sleep(0.25)  # half of what the mock engine takes
        served.process.send_signal(signal.SIGTERM)
        assert under_way.result().status_code == 200
    assert served.process.wait(30) == 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    lines = served.lines()  # supervisor, worker and engines: JSON to the last line
    loggers = {line["logger"] for line in lines}
    assert {"bentoml.serve", "ml_server.http", "ml_server.pipeline", "ml_server.grpc_services.server"} <= loggers
    assert [line for line in lines if "exception" in line] == []
