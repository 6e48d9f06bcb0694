"""How many CPU cores this process really has, and what tells native libraries to use no more threads than that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_THREAD_LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Cores:
    """Cores to share out.

    Attributes:
        count: at least 1.
        source: ``setting``, ``affinity`` (the machine's, or those this process is bound to) or ``cgroup`` (a
            container's CPU limit, rounded down).
    """

    count: int
    source: str


def allowed(setting: int | None = None, root: Path = Path("/")) -> Cores:
    """The cores to share out.

    Args:
        setting: decides, if given.
        root: of the file system.
    """
    if setting is not None:
        return Cores(setting, "setting")
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = min(_limits(root), default=float(bound))
    return Cores(max(1, int(limit)), "cgroup") if limit < bound else Cores(bound, "affinity")


def thread_environment(threads: int) -> dict[str, str]:
    """Variables that keep OpenMP, MKL and OpenBLAS to ``threads`` threads that sleep, not spin, while they wait.

    They count only if they are set before the libraries are loaded.
    """
    return {**dict.fromkeys(_THREAD_LIMITS, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}


def _limits(root: Path) -> Iterator[float]:
    """CPU limits, in cores, of the control groups this process is in and of those around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            for folder in _upwards(mounts, group):
                yield from _quota(_words(folder / "cpu.max"))
        elif "cpu" in controllers.split(","):
            for folder in _upwards(mounts / controllers, group):
                yield from _quota(_words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us"))


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    # Inside a container the group's name may be the host's, of which only the end of the way is there: the mount.
    parts = [part for part in PurePosixPath(group).parts if part not in ("/", "..")]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _quota(words: list[str]) -> Iterator[float]:
    """``quota period`` in microseconds; ``max`` and negative numbers mean no limit."""
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]) > 0:
        yield int(words[0]) / int(words[1])
