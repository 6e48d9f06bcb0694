"""Replicas that are only told to take their time, for tests of what is in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ml_server.jobs import PoolOptions
from ml_server.scheduler import Pool
from ml_server.workers import WorkerStats

LATER = 10**9  # event-loop seconds


class Hands:
    """What the fake replicas of a pool do; calls and their limits are noted, and wait while the gate is shut."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = 0
        self.closed = 0
        self.limits: list[float] = []
        self.behaviour: Callable[[list[Any]], Awaitable[list[Any]]] = self.echo

    async def echo(self, items: list[Any]) -> list[Any]:
        return [f"read {item}" for item in items]


class FakeReplica:
    """Not a process: answers from the test's own hands."""

    pid: int | None = None

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    async def start(self, timeout_s: float) -> WorkerStats:
        self._hands.started += 1
        return WorkerStats(1, 1, 0)

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        self._hands.calls.append(args)
        self._hands.limits.append(timeout_s)
        await self._hands.gate.wait()
        return await self._hands.behaviour(args[0])

    def grown(self, calls: int) -> bool:
        return False

    def close(self) -> None:
        self._hands.closed += 1


def pool_of(hands: Hands, **options: Any) -> Pool:
    limits = {"queue_size": 50, "call_timeout_s": 60.0, "load_timeout_s": 60.0}
    return Pool(PoolOptions(**{"name": "mock", "replicas": 1, **limits, **options}), lambda place: FakeReplica(hands))


async def ask(pool: Pool, item: Any, options: str = "korean", deadline: float = LATER) -> Any:
    with pool.admit() as permit:
        return await pool.call_item(permit, deadline, "read_many", item, options)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def until(what: Callable[[], bool]) -> None:
    """Wait for something that other processes bring about."""
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it has not happened")
