from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from running_server import free_port

MOCK = {
    "ML_SERVER_ENGINE": "mock", "ML_SERVER_PRELOAD": "", "ML_SERVER_KEY_VALUE_EXTRACTOR": "mock",
    "ML_SERVER_KEY_VALUE_PRELOAD": "false", "ML_SERVER_HTTP_HOST": "127.0.0.1", "ML_SERVER_LABEL_STUDIO_BASIC_USER": "",
}  # fmt: skip


def command(port: int, *flags: str) -> list[str]:
    return [str(Path(sys.executable).parent / "ml-server"), "label-studio", "backend", "--port", str(port), *flags]


def test_the_backend_alone_answers_at_the_root_and_ends_well(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "backend.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command(port), env=os.environ | MOCK, stdout=output, stderr=subprocess.STDOUT, cwd=tmp_path
        )
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
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("environment", "flags", "code", "why"),
    [
        ({"ML_SERVER_LABEL_STUDIO_BASIC_USER": "studio"}, (), 2, "go together, one is missing"),
        ({}, ("--predict", "everything"), 2, "predict: Input should be"),
    ],
)
def test_wrong_settings_are_refused(environment: dict[str, str], flags: tuple[str, ...], code: int, why: str) -> None:
    done = subprocess.run(
        command(free_port(), *flags), env=os.environ | MOCK | environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == code
    assert why in done.stderr


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(command(port), env=os.environ | MOCK, capture_output=True, text=True, timeout=150)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
