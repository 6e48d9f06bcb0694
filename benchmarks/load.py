"""The load generator: clients that wait for their answers (closed loop) or do not care (open loop)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeAlias

from benchmarks.summary import Answer, Outcome, Run

Send: TypeAlias = Callable[[int], Awaitable[Answer]]
"""Sends the request of this number, from 0, and returns what came back; raises nothing."""


async def closed(
    send: Send,
    clients: int,
    *,
    requests: int | None = None,
    seconds: float | None = None,
    over: Callable[[], bool] | None = None,
) -> Run:
    """Clients that send their next request when they have the answer to the last.

    Args:
        send: see :data:`Send`.
        clients: how many at once.
        requests: in all; None for no limit.
        seconds: after which no further request is sent; None for no limit.
        over: no further request is sent once it says so; None for no limit.

    Raises:
        ValueError: no limit at all.
    """
    if requests is None and seconds is None and over is None:
        raise ValueError("neither requests nor seconds nor over: it would never end")
    numbers, outcomes = count(), list[Outcome]()
    began = time.perf_counter()

    async def client() -> None:
        while (seconds is None or time.perf_counter() - began < seconds) and not (over and over()):
            number = next(numbers)
            if requests is not None and number >= requests:
                return
            due = time.perf_counter()
            answer = await send(number)
            outcomes.append(Outcome(answer, due - began, 0.0, time.perf_counter() - due))

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return Run(tuple(outcomes), time.perf_counter() - began)


def arrivals(per_second: float, seconds: float, seed: int) -> list[float]:
    """Times of a Poisson process, in seconds from its beginning, ascending, below ``seconds``."""
    source, found, at = random.Random(seed), list[float](), 0.0
    while (at := at + source.expovariate(per_second)) < seconds:
        found.append(at)
    return found


async def opened(send: Send, due: list[float]) -> Run:
    """Requests that are sent when they are due, however many are under way.

    Latency counts from when a request was due: if the generator or a full connection holds it back, that is waiting,
    too (otherwise a slow server would slow down the very load it is measured under: "coordinated omission").

    Args:
        send: see :data:`Send`.
        due: seconds from the beginning, ascending; see :func:`arrivals`.
    """
    outcomes = list[Outcome]()
    began = time.perf_counter()

    async def one(number: int, at: float) -> None:
        late = max(0.0, time.perf_counter() - began - at)
        answer = await send(number)
        outcomes.append(Outcome(answer, at, late, time.perf_counter() - began - at))

    async with asyncio.TaskGroup() as group:
        for number, at in enumerate(due):
            await asyncio.sleep(max(0.0, at - (time.perf_counter() - began)))
            group.create_task(one(number, at))
    return Run(tuple(outcomes), time.perf_counter() - began)
