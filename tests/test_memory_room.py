"""What there is of memory around the server, and what it holds itself: read when /metrics is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from control_groups import groups

from ml_server import memory, metrics
from ml_server.memory import Room

GIB = 2**30
MIB = 2**20


@pytest.fixture
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 16 GiB, 10 of them free."""
    machine = SimpleNamespace(total=16 * GIB, available=10 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine)


def unified(folder: str, limit: str, used: int, idle: int) -> dict[str, str]:
    where = f"sys/fs/cgroup/{folder}"
    return {
        f"{where}memory.max": f"{limit}\n",
        f"{where}memory.current": f"{used}\n",
        f"{where}memory.stat": f"anon 7\ninactive_file {idle}\nactive_file 9\n",
    }


@pytest.mark.usefixtures("sixteen")
@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", unified("", str(2 * GIB), GIB, 100 * MIB), Room(GIB - 100 * MIB, 2 * GIB)),
        ("0::/\n", unified("", "max", GIB, 0), Room(6 * GIB, 16 * GIB)),
        ("0::/\n", unified("", str(64 * GIB), GIB, 0), Room(6 * GIB, 16 * GIB)),
        (
            "0::/pod/box\n",
            unified("pod/", str(4 * GIB), 3 * GIB, 0) | unified("pod/box/", str(2 * GIB), GIB, 0),
            Room(3 * GIB, 4 * GIB),
        ),
        (
            "5:cpu:/\n4:memory:/docker/on-the-host-only\n",
            {
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{3 * GIB}\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{2 * GIB}\n",
                "sys/fs/cgroup/memory/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB}\n",
            },
            Room(GIB, 3 * GIB),
        ),
        (
            "4:memory:/\n",
            {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"},
            Room(6 * GIB, 16 * GIB),
        ),
        ("0::/\n", unified("", "broken", GIB, 0), Room(6 * GIB, 16 * GIB)),
        ("0::/\n", unified("", "0", GIB, 0), Room(6 * GIB, 16 * GIB)),
    ],
)
def test_the_fullest_of_the_limits_counts_and_the_machine_without_any(
    tmp_path: Path, own: str, files: dict[str, str], expected: Room
) -> None:
    assert memory.room(groups(tmp_path, own, files)) == expected


@pytest.mark.usefixtures("sixteen")
def test_without_control_groups_it_is_the_machine(tmp_path: Path) -> None:
    assert memory.room(tmp_path) == Room(6 * GIB, 16 * GIB)


def value(name: str) -> float:
    found = metrics.REGISTRY.get_sample_value(f"ml_server_{name}")
    assert found is not None
    return found


def test_the_metrics_are_those_of_the_moment_they_are_asked_for() -> None:
    before = value("process_memory_bytes")
    held = bytearray(b"x" * (60 * MIB))
    assert value("process_memory_bytes") - before > 50 * MIB
    del held
    assert value("process_memory_bytes") - before < 40 * MIB
    assert before < value("memory_used_bytes") <= value("memory_limit_bytes")


def test_the_start_is_that_of_the_process_and_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    started = value("process_start_time_seconds")
    assert started == pytest.approx(psutil.Process().create_time(), abs=2)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: started + 1)  # the clock has been set
    assert value("process_start_time_seconds") == started
