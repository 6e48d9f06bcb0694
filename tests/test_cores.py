"""Cores: a container's limit counts, whichever kind of control group sets it; threads follow from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from control_groups import groups

from ml_server import cores
from ml_server.cores import Cores


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))


@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, Cores(2, "cgroup")),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, Cores(1, "cgroup")),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, Cores(8, "affinity")),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "1600000 100000\n"}, Cores(8, "affinity")),
        (
            "0::/pod/box\n",
            {"sys/fs/cgroup/pod/cpu.max": "300000 100000\n", "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n"},
            Cores(3, "cgroup"),
        ),
        (
            "4:memory:/\n3:cpu,cpuacct:/docker/on-the-host-only\n",
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            Cores(4, "cgroup"),
        ),
        (
            "1:cpu:/\n",
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
            Cores(8, "affinity"),
        ),
        ("0::/../other\n", {"sys/fs/cgroup/cpu.max": "broken\n"}, Cores(8, "affinity")),
    ],
)
def test_the_tightest_limit_counts(tmp_path: Path, own: str, files: dict[str, str], expected: Cores) -> None:
    assert cores.allowed(root=groups(tmp_path, own, files)) == expected


@pytest.mark.usefixtures("eight")
def test_without_control_groups_affinity_counts_and_a_setting_beats_all(tmp_path: Path) -> None:
    assert cores.allowed(root=tmp_path) == Cores(8, "affinity")
    limited = groups(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "200000 100000\n"})
    assert cores.allowed(5, root=limited) == Cores(5, "setting")


def test_a_thread_limit_is_for_what_is_loaded_in_its_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    with cores.thread_limit(3):
        assert os.environ["OMP_THREAD_LIMIT"] == "3"
        with cores.thread_limit(1):
            assert cores.openmp_threads(4) == 1
        assert cores.openmp_threads(4) == 3
        assert cores.openmp_threads(2) == 2
    assert "OMP_THREAD_LIMIT" not in os.environ
    assert cores.openmp_threads(4) == 4
    monkeypatch.setenv("OMP_THREAD_LIMIT", "many")
    assert cores.openmp_threads(4) == 4


def test_a_replica_sets_its_environment_before_native_libraries_read_it() -> None:
    code = "import ml_server.child, sys; print([name for name in ('numpy', 'PIL', 'grpc') if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_native_libraries_keep_to_the_environment() -> None:
    """OpenBLAS, under numpy, starts its threads when it is loaded; OpenCV would take the machine's cores."""
    code = (
        "import os; from ml_server import child, cores\n"
        "child.settle_in(cores.thread_environment(1), 'INFO', 'json')\n"
        "import cv2, numpy\n"
        "print(len(os.listdir('/proc/self/task')), cv2.getNumThreads())"
    )
    inherited = {name: value for name, value in os.environ.items() if "THREAD" not in name}
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60, env=inherited
    )
    assert out.stdout.strip() == "1 1"
