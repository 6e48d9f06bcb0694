"""What a pool is told and what it works on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from ml_server.permits import Permit


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How a pool works.

    Attributes:
        name: for logs and metrics.
        replicas: processes, at least 1.
        queue_size: requests admitted beyond those being worked on.
        call_timeout_s: hard limit for one page; a call of several has so many times that. The process is killed then.
        load_timeout_s: hard limit for start and warm-up.
        recycle_after: calls after which a replica is replaced by a fresh one; 0 for never.
        batch_size: most pages in one call, at least 1.
        batch_wait_s: how long a replica that could do more waits for further pages.
    """

    name: str
    replicas: int
    queue_size: int
    call_timeout_s: float
    load_timeout_s: float
    recycle_after: int = 0
    batch_size: int = 1
    batch_wait_s: float = 0.0


@dataclass(slots=True, eq=False)
class Job:
    """One call in line or with a replica.

    Attributes:
        method: of the worker.
        args: picklable.
        deadline: event-loop time after which nobody waits for it.
        request_id: of the request it belongs to.
        queued_at: event-loop time when it joined the line last.
        answer: where the caller waits.
        permit: of the request; told when the job is over.
        item: whether ``args[0]`` is one of many that a call of the method takes, as a list, and answers one by one.
        alone: whether it was in a call that killed or hung its replica, so that the next one must not have others.
        attempts: replicas that died of it, and of nothing else.
        taken: whether a replica has it now.
        taken_at: event-loop time when a replica took it; 0.0 before, and while it is in line for another try.
        over: whether it has been answered or given up.
    """

    method: str
    args: tuple[Any, ...]
    deadline: float
    request_id: str
    queued_at: float
    answer: asyncio.Future[Any]
    permit: Permit = field(repr=False)
    item: bool = False
    alone: bool = False
    attempts: int = 0
    taken: bool = False
    taken_at: float = 0.0
    over: bool = False

    def goes_with(self, other: Job) -> bool:
        """Whether one call can do both."""
        if not (self.item and other.item) or self.alone or other.alone:
            return False
        return self.method == other.method and self.args[1:] == other.args[1:]
