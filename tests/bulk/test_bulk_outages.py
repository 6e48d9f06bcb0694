"""A bucket that does not answer is told of at once; one that stumbles now and then is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ml_server.bulk.bucket_outages import Outages

REFUSED = ConnectionRefusedError("connection refused")
OK, BUSY = SimpleNamespace(status_code=200), SimpleNamespace(status_code=503)


def test_an_address_that_refuses_is_told_before_all_attempts_are_over(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        keys = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        program = str(Path(sys.executable).parent / "ml-server")
        command = [program, "bulk", "s3://scans/in", str(tmp_path / "out"), "--engine", "mock"]
        with subprocess.Popen(command, env=os.environ | keys, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            line = run.stderr.readline()
            still_trying = run.poll() is None
            run.kill()
            others = run.stderr.read()
    assert line.startswith(
        f"ml-server: s3://scans/in: {endpoint} does not answer, it is tried again: Could not connect"
    )
    assert still_trying
    assert others == ""


def test_it_is_told_once_for_each_time_that_it_stops_answering(capsys: pytest.CaptureFixture[str]) -> None:
    seen = Outages("s3://scans")

    def attempts(*outcomes: Any) -> list[str]:
        """What is said of the attempts at one request."""
        for number, outcome in enumerate(outcomes, start=1):
            happened: dict[str, Any] = (
                {"caught_exception": outcome} if outcome is REFUSED else {"response": (outcome, {})}
            )
            seen.attempted(attempts=number, endpoint=SimpleNamespace(host="http://s3"), operation=None, **happened)
        return [line.rpartition(": ")[2] for line in capsys.readouterr().err.splitlines()]

    assert attempts(BUSY, REFUSED, REFUSED) == ["it says 503"]
    assert attempts(REFUSED, OK) == []
    assert attempts(REFUSED, BUSY, OK) == []
    assert attempts(BUSY, BUSY, REFUSED, REFUSED) == ["connection refused"]
    assert attempts(REFUSED, OK) == []
    assert attempts(REFUSED, REFUSED, REFUSED, OK) == ["connection refused"]
