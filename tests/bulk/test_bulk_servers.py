"""``ml-server bulk --server``: pages go to running servers, on both wires, and to the others when one goes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from bulk_runs import CONSOLE, bulk, environment, mixed, results, summary
from running_server import RunningServer, running


def test_servers_read_what_engines_here_read(mock_server: RunningServer, tmp_path: Path) -> None:
    mixed(tmp_path / "in", 2)
    servers = f"grpc://{mock_server.grpc},{mock_server.http}"
    options = ("-m", "15000", "-k", "-i", "--markdown", "-l", "korean")
    run = bulk(tmp_path / "in", tmp_path / "out", "--server", servers, "--json", *options)
    assert run.returncode == 0, run.stderr
    assert summary(run)["pages"] == 4
    assert bulk(tmp_path / "in", tmp_path / "here", *options).returncode == 0
    assert set(results(tmp_path / "out")) == set(results(tmp_path / "here"))
    one, other = (
        json.loads((tmp_path / name / "하위" / "scan1" / "page3.json").read_bytes()) for name in ("out", "here")
    )
    assert (one["page"], one["width"], one["height"]) == (3, 201, 110) == (other["page"], other["width"], 110)
    assert one["text_boxes"][0]["bbox"] == other["text_boxes"][0]["bbox"]
    assert (tmp_path / "out" / "하위" / "scan1" / "page3.jpg").stat().st_size > 1000


@pytest.mark.bulk_long
def test_a_server_that_goes_is_done_without(tmp_path: Path) -> None:
    mixed(tmp_path / "in", 24)
    settings = {"engine": "mock", "mock_delay_s": "0.1", "preload": "", "key_value_preload": "false", "replicas": "1"}
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with running(folders[0], None, **settings) as stays, running(folders[1], None, **settings) as goes:
        command = [CONSOLE, "bulk", str(tmp_path / "in"), str(tmp_path / "out"), "--json"]
        command += ["--server", f"grpc://{goes.grpc}", "--server", f"grpc://{stays.grpc}"]
        run = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "out").rglob("page*.json"))) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for process in (*goes.process.children(recursive=True), goes.process):
            process.send_signal(signal.SIGKILL)
        told = json.loads(run.communicate(timeout=90)[0])
    assert (run.returncode, told["status"], told["pages"]) == (0, "success", 42)
