"""Processes that are started for a measurement end with it."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.serving import free_port, listening, running
from benchmarks.usage import TreeUsage

CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
STUBBORN = CHILD + "open(sys.argv[1], 'w').close(); time.sleep(60)"


def test_a_program_and_what_it_started_end_with_the_block(tmp_path: Path) -> None:
    sign = tmp_path / "started"

    with running([sys.executable, "-c", STUBBORN, str(sign)], sign.exists) as process:
        family = [process, *process.children(recursive=True)]
        with TreeUsage(process, every_s=0.05) as usage:
            usage.look()
        assert len(family) == 2
        assert usage.peak() > 5  # an interpreter takes megabytes
        assert usage.cpu_seconds() > 0

    assert not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_it_ends_when_the_block_fails(tmp_path: Path) -> None:
    sign, family = tmp_path / "started", list[psutil.Process]()

    def measure() -> None:
        with running([sys.executable, "-c", STUBBORN, str(sign)], sign.exists) as process:
            family.extend([process, *process.children(recursive=True)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure()

    assert len(family) == 2
    assert not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_a_program_that_dies_at_once_is_reported_with_what_it_said() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such luck')"]

    with pytest.raises(RuntimeError, match="no such luck"), running(command, listening(free_port())):
        pass
