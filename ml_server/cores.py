"""How many CPU cores this process really has, and what tells native libraries to use no more threads than that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_server import cgroups

_LIMIT = "OMP_THREAD_LIMIT"
_THREAD_LIMITS = ("OMP_NUM_THREADS", _LIMIT, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


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
    """Variables that keep OpenMP, MKL, OpenBLAS and OpenCV to ``threads`` threads that sleep, not spin, in waiting.

    They count only if they are set before the libraries are loaded.
    """
    return {**dict.fromkeys(_THREAD_LIMITS, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}


@contextmanager
def thread_limit(threads: int) -> Iterator[None]:
    """Keep a library that is loaded in this block to as many OpenMP threads, and no library that is loaded later.

    The variable must not stay: where OpenMP gives fewer threads than PyTorch was told to use, PyTorch's convolutions
    leave parts of their results unwritten, or wait for ever.
    """
    before = os.environ.get(_LIMIT)
    os.environ[_LIMIT] = str(threads)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_LIMIT]
        else:
            os.environ[_LIMIT] = before


def openmp_threads(wanted: int) -> int:
    """Threads that OpenMP is going to give, of those that are wanted: the environment may allow fewer."""
    limit = os.environ.get(_LIMIT, "")
    return min(wanted, int(limit)) if limit.isdigit() and int(limit) > 0 else wanted


def _limits(root: Path) -> Iterator[float]:
    """CPU limits, in cores, of the control groups this process is in and of those around them."""
    for folder, unified in cgroups.folders("cpu", root):
        if unified:
            yield from _quota(cgroups.words(folder / "cpu.max"))
        else:
            yield from _quota(cgroups.words(folder / "cpu.cfs_quota_us") + cgroups.words(folder / "cpu.cfs_period_us"))


def _quota(words: list[str]) -> Iterator[float]:
    """``quota period`` in microseconds; ``max`` and negative numbers mean no limit."""
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]) > 0:
        yield int(words[0]) / int(words[1])
