"""What processes hold in RAM, whether that grows, and how much of it there is for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from ml_server import cgroups

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


@dataclass(frozen=True, slots=True)
class Room:
    """What the processes of a container may hold together; of a machine, where nothing limits them.

    Attributes:
        used: bytes, without the files that the system keeps in memory only for as long as nobody needs it.
        limit: bytes, beyond which the system ends processes.
    """

    used: int
    limit: int


def room(root: Path = Path("/")) -> Room:
    """The memory around this process: of the tightest of the control groups it is in, or of the machine.

    Args:
        root: of the file system.
    """
    machine = psutil.virtual_memory()
    rooms = [_room_in(folder, unified) for folder, unified in cgroups.folders("memory", root)]
    tight = [found for found in rooms if found is not None and found.limit < machine.total]
    # The fullest is the one that comes to its end first.
    return max(
        tight,
        key=lambda found: found.used / found.limit,
        default=Room(machine.total - machine.available, machine.total),
    )


def _room_in(folder: Path, unified: bool) -> Room | None:
    """Of a control group; None where it has no limit."""
    limit, used, idle = (
        ("memory.max", "memory.current", "inactive_file")
        if unified
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )
    numbers = [*cgroups.words(folder / limit), *cgroups.words(folder / used)]
    if len(numbers) != 2 or not all(number.isdigit() for number in numbers) or not int(numbers[0]):
        return None
    said = cgroups.words(folder / "memory.stat")
    cached = int(said[said.index(idle) + 1]) if idle in said else 0
    return Room(max(0, int(numbers[1]) - cached), int(numbers[0]))


def resident() -> int:
    """Bytes of RAM that this process has in use, what it shares with others included."""
    return int(psutil.Process().memory_info().rss)


@cache
def started_at() -> float:
    """When this process was started, in seconds since 1970; the same number however often the clock is set."""
    return float(psutil.Process().create_time())


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
