"""How a server ends, in real processes: gracefully when it is told to, and by itself when it is of no use any more."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pages import png
from running_server import BROKEN, DUMP_MODULES, free_port, running

from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc

MOCK: dict[str, Any] = {
    "engine": "mock", "preload": "", "decode_workers": "1", "key_value_extractor": "mock",
    "key_value_preload": "false",
}  # fmt: skip
AT_ONCE = 4


def until(what: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.02)


def health(channel: grpc.Channel) -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=5).status)


def read(channel: grpc.Channel) -> str:
    stub: Any = ocr_pb2_grpc.OcrServiceStub(channel)
    return str(stub.ExtractText(ocr_pb2.ExtractTextRequest(image=png()), timeout=60).engine)


def arrived(address: str) -> float:
    """Requests to read a page, on both wires, that are being answered or have been."""
    lines = httpx.get(f"{address}/metrics", timeout=10).text.splitlines()
    counts = [
        line for line in lines if "_in_flight{" in line or re.search(r"requests_total{.*extract_?text", line, re.I)
    ]
    return sum(float(line.split()[-1]) for line in counts)


def test_what_was_accepted_is_answered_and_new_work_is_refused_meanwhile(tmp_path: Path) -> None:
    settings = MOCK | {"mock_delay_s": "0.4", "replicas": "1", "shutdown_grace_s": "20"}
    with running(tmp_path, **settings) as server, grpc.insecure_channel(server.grpc) as channel:
        # The two wires follow the pipeline one after the other.
        until(lambda: health(channel) == health_pb2.HealthCheckResponse.SERVING)
        below = server.process.children(recursive=True)
        with httpx.Client(base_url=server.http, timeout=60) as client, ThreadPoolExecutor(2 * AT_ONCE) as threads:
            over_http = [threads.submit(client.post, "/extract_text", files={"image": png()}) for _ in range(AT_ONCE)]
            over_grpc = [threads.submit(read, channel) for _ in range(AT_ONCE)]
            until(lambda: arrived(server.http) == 2 * AT_ONCE)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING)
            assert not all(call.done() for call in over_http)
            refused = httpx.post(f"{server.http}/extract_text", files={"image": png()}, timeout=10)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
            assert int(refused.headers["retry-after"]) > 0
            ready = httpx.get(f"{server.http}/readyz", timeout=10)
            assert (ready.status_code, "stopping" in ready.json()["error"]["message"]) == (503, True)
            with pytest.raises(grpc.RpcError) as caught:
                read(channel)
            error: Any = caught.value
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            whole = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
            assert any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in whole.details)
            assert [call.result().status_code for call in over_http] == [200] * AT_ONCE
            assert [call.result() for call in over_grpc] == ["mock"] * AT_ONCE
        assert server.process.wait(20) == 0
        assert psutil.wait_procs(below, timeout=10)[1] == []
    assert '"exception"' not in server.log.read_text()


def test_a_server_whose_engine_cannot_be_replaced_says_so_and_ends(tmp_path: Path) -> None:
    with running(tmp_path, **MOCK, replicas="1", unhealthy_after_s="1.5") as server:
        assert httpx.post(f"{server.http}/extract_text", files={"image": png()}, timeout=30).status_code == 200
        (tmp_path / BROKEN).touch()
        for process in server.engines():
            process.kill()
        until(lambda: httpx.get(f"{server.http}/readyz", timeout=10).status_code == 503)
        assert server.process.wait(20) == 1
    assert "server_given_up" in server.log.read_text()


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def grpc_alone(folder: Path, **settings: str) -> tuple[subprocess.Popen[bytes], str]:
    """``ml-server grpc`` on a free port; not waited for."""
    port = free_port()
    (folder / "sitecustomize.py").write_text(DUMP_MODULES)
    environment = os.environ | {"PYTHONPATH": str(folder), "ML_SERVER_TEST_DUMP": str(folder)}
    environment |= {f"ML_SERVER_{name.upper()}": value for name, value in (MOCK | settings).items()}
    environment["ML_SERVER_GRPC_HOST"] = "127.0.0.1"
    command = [str(Path(sys.executable).parent / "ml-server"), "grpc", "--grpc-port", str(port)]
    with (folder / "server.log").open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    return process, f"127.0.0.1:{port}"


def serving(channel: grpc.Channel) -> bool:
    try:
        return health(channel) == int(health_pb2.HealthCheckResponse.SERVING)
    except grpc.RpcError:
        return False


def test_grpc_alone_ends_as_well(tmp_path: Path) -> None:
    metrics_port = str(free_port())
    settings = {"mock_delay_s": "0.4", "replicas": "1", "shutdown_grace_s": "20", "grpc_metrics_port": metrics_port}
    process, address = grpc_alone(tmp_path, **settings)
    try:
        with grpc.insecure_channel(address) as channel, ThreadPoolExecutor(AT_ONCE) as threads:
            until(lambda: serving(channel))
            calls = [threads.submit(read, channel) for _ in range(AT_ONCE)]
            until(lambda: arrived(f"http://127.0.0.1:{metrics_port}") == AT_ONCE)
            process.send_signal(signal.SIGTERM)
            until(lambda: not serving(channel))
            assert [call.result() for call in calls] == ["mock"] * AT_ONCE
        assert process.wait(20) == 0
    finally:
        process.kill()


def test_grpc_alone_ends_by_itself_when_its_engine_never_starts(tmp_path: Path) -> None:
    (tmp_path / BROKEN).touch()
    process, _ = grpc_alone(tmp_path, replicas="1", unhealthy_after_s="0.5")
    try:
        assert process.wait(30) == 1
    finally:
        process.kill()
    assert "default engine does not start" in (tmp_path / "server.log").read_text()


def test_without_its_grpc_port_nothing_is_served(tmp_path: Path) -> None:
    """As ``ml-server serve`` would find it if the port were taken after it had looked."""
    with taken_port() as taken:
        environment = os.environ | {f"ML_SERVER_{name.upper()}": value for name, value in MOCK.items()}
        environment |= {"ML_SERVER_GRPC_HOST": "127.0.0.1", "ML_SERVER_GRPC_PORT": str(taken)}
        environment |= {"BENTOML_DO_NOT_TRACK": "True"}
        service = "ml_server.bentoml_services.service:MLServer"
        command = [sys.executable, "-m", "bentoml", "serve", service, "--host", "127.0.0.1"]
        done = subprocess.run(
            [*command, "--port", str(free_port())], env=environment, cwd=tmp_path, capture_output=True, timeout=60
        )
    assert done.returncode == 1
    assert f"cannot listen for gRPC on 127.0.0.1:{taken}" in (done.stdout + done.stderr).decode()
