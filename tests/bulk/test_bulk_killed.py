"""Runs that are killed: started again they redo nothing that is finished, and come to what one run comes to."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
from bulk_runs import CONSOLE, bulk_process, environment, mixed, results, rows, summary
from pages import tiff

from ml_server.bulk.places import PART


@pytest.mark.bulk_long
def test_killed_three_times_it_comes_to_what_an_undisturbed_run_comes_to(tmp_path: Path) -> None:
    inputs, output = tmp_path / "in", tmp_path / "out"
    mixed(inputs, 20, damaged=1)
    (inputs / "long.tiff").write_bytes(tiff(*((100 + index, 40) for index in range(12))))
    assert bulk_process(inputs, tmp_path / "undisturbed", "--text").returncode == 1
    written: dict[Path, int] = {}
    for kill in range(3):
        command = [CONSOLE, "bulk", str(inputs), str(output), "--text"]
        run = subprocess.Popen(command, env=environment(mock_delay_s="0.15"), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(list(output.rglob("page*.json"))) < 12 * (kill + 1):
            assert time.monotonic() < deadline
            assert run.poll() is None
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
        run.wait(10)
        finished = {path: path.stat().st_mtime_ns for path in output.rglob("page*.json")}
        assert all(finished[path] == when for path, when in written.items()), "what was finished is left alone"
        written = finished
    (output / f"{PART}0123").write_bytes(b"half of an index")
    last = bulk_process(inputs, output, "--text", "--json")
    assert summary(last)["pages"] == len(results(tmp_path / "undisturbed")) - len(written)
    assert results(output) == results(tmp_path / "undisturbed")
    assert not [path for path in output.rglob("*") if PART in path.name]
    for name in ("index.jsonl", "failures.jsonl"):
        mine, theirs = rows(output / name), rows(tmp_path / "undisturbed" / name)
        for row in (*mine, *theirs):
            row.pop("processing_time_ms", None)
        assert mine == theirs
