"""What a process holds in RAM, and whether that grows."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

_FIRST_CALLS = 100
"""Calls after which a replica counts as grown up: caches and arenas are filled by then."""

_EVERY = 20
"""Calls between two looks."""

_NOT_WORTH_IT = 64 * 2**20
"""Bytes of growth that are never worth a new process."""


def held(pids: Iterable[int]) -> int:
    """Bytes of RAM that processes hold: their own and their share of what they share; 0 for those that have ended.

    It walks the processes' page tables, which takes milliseconds: not for the event loop.
    """
    return sum(_held(pid) for pid in pids)


def _held(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        try:
            full = process.memory_full_info()
        except psutil.AccessDenied:
            return int(process.memory_info().rss)
        return int(getattr(full, "pss", 0) or full.uss)  # pss is Linux's
    except psutil.Error:
        return 0


class Growth:
    """Watches the resident memory of one process.

    Args:
        factor: of what it held after its first 100 calls, beyond which it has grown; 0 for never.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._first = 0

    def beyond(self, pid: int, calls: int) -> bool:
        """Whether the process holds more than it should, and at least 64 MiB more. Cheap; looks every 20 calls.

        Args:
            pid: of the process.
            calls: it has answered so far.
        """
        if not self._factor or calls < _FIRST_CALLS or calls % _EVERY:
            return False
        try:
            now = int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return False
        self._first = self._first or now
        return now > self._factor * self._first and now - self._first > _NOT_WORTH_IT
