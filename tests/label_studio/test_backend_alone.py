from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from running_server import free_port

from ml_server.models.job_files import JobFiles

MOCK = {
    "ML_SERVER_ENGINE": "mock", "ML_SERVER_PRELOAD": "", "ML_SERVER_KEY_VALUE_EXTRACTOR": "mock",
    "ML_SERVER_KEY_VALUE_PRELOAD": "false", "ML_SERVER_HTTP_HOST": "127.0.0.1", "ML_SERVER_LABEL_STUDIO_BASIC_USER": "",
}  # fmt: skip


def command(port: int, *flags: str) -> list[str]:
    return [str(Path(sys.executable).parent / "ml-server"), "label-studio", "backend", "--port", str(port), *flags]


@contextmanager
def empty_label_studio() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for; it has nothing."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_backend_alone_answers_at_the_root_trains_and_ends_well(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "backend.log"
    known = {"LABEL_STUDIO_API_KEY": "0123456789abcdef", "BENTOML_HOME": str(tmp_path / "bentoml")}
    with empty_label_studio() as (url, asked), log.open("w") as output:
        process = subprocess.Popen(
            command(port, "--url", url), env=os.environ | MOCK | known, stdout=output, stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 150
            while True:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            assert httpx.get(f"http://127.0.0.1:{port}/extract_text").status_code == 404
            started = httpx.post(f"http://127.0.0.1:{port}/webhook", json={"action": "START_TRAINING", "project": 3})
            assert started.json()["started"] is True
            while not (job := JobFiles(tmp_path / "bentoml" / "ml_server" / "jobs").all()[0]).over:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            # The export knows the address and the token.
            assert asked == ["/api/projects/3/ Token 0123456789abcdef"], job.message
            assert job.state == "failed"
            assert "there is no such thing (404)" in job.message
            assert "0123456789abcdef" not in Path(job.log).read_text() + log.read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()


def test_a_port_that_is_taken_and_half_a_password_are_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        half = {"ML_SERVER_LABEL_STUDIO_BASIC_USER": "studio"}
        started = [
            subprocess.Popen(command(port), env=os.environ | MOCK | more, stderr=subprocess.PIPE, text=True)
            for more in ({}, half)
        ]
        said = [process.communicate(timeout=150)[1] for process in started]
    assert [process.returncode for process in started] == [1, 2]
    assert f"cannot listen on 127.0.0.1:{port}" in said[0]
    assert "go together, one is missing" in said[1]
