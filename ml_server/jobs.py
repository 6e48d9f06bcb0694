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
        call_timeout_s: hard limit for one call; the process is killed then.
        load_timeout_s: hard limit for start and warm-up.
        recycle_after: calls after which a replica is replaced by a fresh one; 0 for never.
    """

    name: str
    replicas: int
    queue_size: int
    call_timeout_s: float
    load_timeout_s: float
    recycle_after: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """One call in line or with a replica.

    Attributes:
        method: of the worker.
        args: picklable.
        deadline: event-loop time after which nobody waits for it.
        request_id: of the request it belongs to.
        queued_at: event-loop time.
        answer: where the caller waits.
        permit: of the request; told when the job is over.
        attempts: replicas that died of it.
        taken: whether a replica has it now.
        over: whether it has been answered or given up.
    """

    method: str
    args: tuple[Any, ...]
    deadline: float
    request_id: str
    queued_at: float
    answer: asyncio.Future[Any]
    permit: Permit = field(repr=False)
    attempts: int = 0
    taken: bool = False
    over: bool = False
