"""Memory and CPU time of a process and all that it starts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import psutil

from benchmarks.summary import median

MB = 2**20


class TreeUsage:
    """Samples a tree of processes from a thread, for as long as it is entered.

    Resident memory is summed over the processes, so pages that they share count for each of them.

    Args:
        root: the process at its head.
        every_s: seconds between samples.

    Attributes:
        samples: (seconds since it was entered, resident MB).
    """

    def __init__(self, root: psutil.Process, every_s: float = 0.5) -> None:
        self._root = root
        self._every_s = every_s
        self._cpu: dict[tuple[int, float], float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._began = 0.0
        self.samples: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self.look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> float:
        """Take a sample now. Returns resident MB."""
        with self._lock:
            resident = 0.0
            for process in tree(self._root):
                try:
                    with process.oneshot():
                        times, key = process.cpu_times(), (process.pid, process.create_time())
                        resident += process.memory_info().rss / MB
                except psutil.Error:
                    continue
                self._cpu[key] = times.user + times.system
            if resident:
                self.samples.append((time.perf_counter() - self._began, resident))
            return resident

    def now(self) -> float:
        """Seconds since it was entered, the clock of ``samples``."""
        return time.perf_counter() - self._began

    def cpu_seconds(self) -> float:
        """User and system time of all processes seen, up to now; of those that died, up to their last sample."""
        self.look()
        return sum(self._cpu.values())

    def peak(self) -> float:
        """Most resident MB of any sample."""
        return max((resident for _, resident in self.samples), default=0.0)

    def typical(self, since: float, until: float) -> float:
        """Median of the resident MB between two times; NaN where no sample lies there."""
        return median([resident for at, resident in self.samples if since <= at <= until])

    def series(self, most: int = 200) -> list[tuple[float, float]]:
        """Evenly chosen samples for a plot, rounded."""
        step = max(1, -(-len(self.samples) // most))
        return [(round(at, 1), round(resident, 1)) for at, resident in self.samples[::step]]

    def _sample(self) -> None:
        while not self._over.wait(self._every_s):
            self.look()


def tree(root: psutil.Process) -> Iterator[psutil.Process]:
    """A process and its descendants; nothing where it has gone."""
    try:
        yield root
        yield from root.children(recursive=True)
    except psutil.NoSuchProcess:
        return
