"""With which code the command ends: asked to stop once, twice, watching or not, and on a full disk."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.errors import InvalidImage
from ml_server.label_studio import predict_passes
from ml_server.label_studio.failures import Failure
from ml_server.label_studio.predict import PredictReport
from ml_server.label_studio.predict_command import Passes, Watcher

FAILED = Failure.of(7, 1, InvalidImage("no picture"))
WATCH = ("--watch", "1s")
ENVIRONMENT = {"LABEL_STUDIO_API_KEY": "0" * 40, "ML_SERVER_SHUTDOWN_GRACE_S": "0"}
INTERRUPTED = """\
import asyncio, os, signal, sys
from ml_server import cli
from ml_server.label_studio import predict_passes

times = int(sys.argv.pop(1))

async def endless(*_):
    for _each in range(times):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
    await asyncio.sleep(60)

predict_passes.predict = endless
cli.main()
"""
"""The command in a process of its own, which asks itself to stop and goes on working."""


def run(monkeypatch: pytest.MonkeyPatch, work: Callable[..., Coroutine[Any, Any, Any]], *more: str) -> Any:
    monkeypatch.setattr(predict_passes, "predict", work)
    return CliRunner().invoke(app, ["label-studio", "predict", "-p", "1", *more], env=ENVIRONMENT)


@pytest.mark.parametrize(("more", "code"), [((), 130), (WATCH, 0)])
@pytest.mark.parametrize("times", [1, 2], ids=["the grace is over", "once more"])
def test_stopped_before_the_tasks_in_work_were_done(more: tuple[str, ...], code: int, times: int) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(times), "label-studio", "predict", "-p", "1", *more]
    found = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, "Traceback" in found.stderr) == (code, False)
    assert "stopped before the tasks in work were done; the same command goes on" in found.stderr


@pytest.mark.parametrize(
    ("more", "report", "code"),
    [
        ((), PredictReport(done=1), 0),
        ((), PredictReport(failures=[FAILED]), 1),
        ((), PredictReport(stopped=True), 130),
        ((), PredictReport(failures=[FAILED], stopped=True), 130),
        (WATCH, PredictReport(failures=[FAILED], stopped=True), 0),
    ],
)
def test_how_a_run_ended(
    monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], report: PredictReport, code: int
) -> None:
    async def over(passes: Passes, settings: Any, server: Any, watcher: Watcher, stop: asyncio.Event) -> PredictReport:
        watcher.passed(report, "model 1", Path("f.jsonl"))
        return report

    found = run(monkeypatch, over, *more, "--json")
    assert found.exit_code == code
    told = json.loads(found.stdout)
    assert (told["failed"], told["stopped"], told["failures"]) == (len(report.failures), report.stopped, "f.jsonl")


def test_a_full_disk_is_said_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    found = run(monkeypatch, full)
    assert (found.exit_code, found.stderr.strip()) == (1, "ml-server: [Errno 28] No space left on device")
