"""Which replica gets what, when: a bounded line in front of the replicas of one worker.

Admission and work are two things. A request takes a :class:`Permit` first; there are as many as the queue is long plus
one for each replica, and none left is :class:`ServerBusy`. Its pages then wait in line for the next free replica, in
turn with the pages of other requests. A replica takes as many as one call does well, but never so many that another
one has nothing to do. A permit comes back when the request is over *and* no replica works for it any more, so that
callers who give up do not let more work in than the replicas can do; what they have in line is dropped at once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any

from ml_server import logs, metrics, tracing
from ml_server.errors import DeadlineExceeded, EngineFailed, MLServerError, NotReady, ServerBusy
from ml_server.jobs import Job, PoolOptions
from ml_server.keeper import ReplicaKeeper
from ml_server.line import Line
from ml_server.permits import Permit
from ml_server.replicas import Replica
from ml_server.slots import Slot, expire, settle

_SMOOTHING = 0.1
"""Share of the newest call in the mean time of a page, from which Retry-After is made."""

_LONGEST_AWAY_S = 300
"""Nobody is sent away for longer: it is an estimate, and requests that end early make room, too."""


class Pool:
    """Replicas of one worker behind one line. All methods belong to one event loop.

    Args:
        options: see :class:`PoolOptions`.
        make_replica: a new replica for one of the places, 0-based; not started.
        on_hang: the error for a call that was killed at its hard limit.
        on_crash: the error for a call that killed its replica twice.
    """

    def __init__(
        self,
        options: PoolOptions,
        make_replica: Callable[[int], Replica],
        on_hang: Callable[[], MLServerError] | None = None,
        on_crash: Callable[[], MLServerError] | None = None,
    ) -> None:
        self.options = options
        self._keeper = ReplicaKeeper(options, make_replica, self._give_up)
        self._line = Line(options.name)
        self._slots = [
            Slot(options, self._line, self._keeper, self._measured, on_hang, on_crash) for _ in range(options.replicas)
        ]
        self._serving: list[asyncio.Task[None]] = []
        self._permits: set[Permit] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._idle_since = time.monotonic()
        self._seconds_per_page = 1.0  # until the first is measured
        self._calls_measured = 0

    @property
    def loaded(self) -> int:
        """Replicas that are warm."""
        return len(self._keeper.live)

    @property
    def bare(self) -> bool:
        """Whether replicas are wanted and none is warm."""
        return bool(self._serving) and not self.loaded

    @property
    def pids(self) -> list[int]:
        """Processes of the replicas that are warm; none of inline ones."""
        return [replica.pid for replica in self._keeper.live if replica.pid is not None]

    @property
    def failure(self) -> MLServerError | None:
        """See :attr:`ReplicaKeeper.failure`."""
        return self._keeper.failure

    @property
    def idle_s(self) -> float:
        """Seconds since the last request gave its permit back; 0.0 while one has a permit."""
        return 0.0 if self._permits else time.monotonic() - self._idle_since

    async def drained(self) -> None:
        """Wait until no request holds a permit."""
        await self._idle.wait()

    def start(self) -> None:
        """Start the replicas in the background; :meth:`ready` waits for the first."""
        if not self._serving:
            # In a context of their own: they outlive the request that needed them first.
            self._serving = [asyncio.create_task(slot.serve(), context=Context()) for slot in self._slots]

    async def ready(self) -> None:
        """Wait until a replica is warm.

        Raises:
            MLServerError: why it could not be loaded.
        """
        self.start()
        await self._keeper.ready()

    async def unload(self) -> bool:
        """End every replica if no request has a permit; the next call starts them again. Says whether it did."""
        if self._permits or not self._serving:
            return False
        await self._end()
        return True

    async def close(self) -> None:
        """End every replica at once; work in line gets NotReady."""
        await self._end()
        self._empty(lambda: NotReady("the server is stopping", retry_after_s=5))

    async def _end(self) -> None:
        ending, self._serving = self._serving, []
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._keeper.close()

    def admit(self) -> Permit:
        """Take a permit.

        Raises:
            ServerBusy: none left; says when to try again.
        """
        capacity = self.options.queue_size + self.options.replicas
        if len(self._permits) >= capacity:
            metrics.REFUSALS.labels("busy").inc()
            raise ServerBusy(
                f"engine {self.options.name} has {capacity} requests, as many as are allowed; try again later",
                retry_after_s=self._retry_after_s(),
            )
        permit = Permit(self._permit_returned)
        self._permits.add(permit)
        self._idle.clear()
        return permit

    def _retry_after_s(self) -> int:
        """Whole seconds after which about half of the requests that were let in should be over.

        The greater one of two guesses, which are equal under a steady load:

        - Half of the time that the replicas need for all pages left: ``pages * seconds_per_page / replicas / 2``. A
          document counts with all its pages as soon as it has been opened, and as one page before; a page takes as long
          as pages took of late, and 1 s before the first.
        - The mean time for which those requests have been in. It counts where they wait for something else than this
          pool: as the extractor's do for the engine's, or for a caller who is slow to take the pages.
        """
        now = time.monotonic()
        pages = sum(permit.pages_left for permit in self._permits)
        work_s = pages * self._seconds_per_page / self.options.replicas / 2
        age_s = sum(now - permit.since for permit in self._permits) / len(self._permits)
        return min(max(1, math.ceil(max(work_s, age_s))), _LONGEST_AWAY_S)

    def _permit_returned(self, permit: Permit) -> None:
        self._permits.discard(permit)
        if not self._permits:
            self._idle_since = time.monotonic()
            self._idle.set()

    async def call(self, permit: Permit, deadline: float, method: str, *args: Any) -> Any:
        """Have a replica do one piece of work.

        Args:
            permit: of the request it belongs to.
            deadline: event-loop time after which nobody waits for it; if it is still in line then, it never reaches
                a replica.
            method: of the worker.
            *args: picklable.

        Raises:
            DeadlineExceeded: the deadline or the hard limit passed.
            EngineFailed: the worker raised something unforeseen.
            EngineCrashed: it killed its replica twice.
            MLServerError: what the worker raised.
        """
        return await self._submit(permit, deadline, method, args, item=False)

    async def call_item(self, permit: Permit, deadline: float, method: str, item: Any, *args: Any) -> Any:
        """As :meth:`call`, for a method that takes a list of items and answers each with a result or an MLServerError.

        Items that wait at the same time go into one call, where their further arguments are equal.
        """
        return await self._submit(permit, deadline, method, (item, *args), item=True)

    async def _submit(self, permit: Permit, deadline: float, method: str, args: tuple[Any, ...], item: bool) -> Any:
        self.start()
        if self.failure is not None:
            raise self.failure
        loop = asyncio.get_running_loop()
        job = Job(method, args, deadline, logs.current_request_id(), loop.time(), loop.create_future(), permit, item)
        permit.job_started()
        self._line.put(job)
        try:
            async with asyncio.timeout_at(deadline):
                return await job.answer
        except TimeoutError:
            if not job.taken:
                expire(job, self.options.name)
            raise DeadlineExceeded("the request's deadline passed before its answer was ready") from None
        finally:
            self._trace(job)
            if not job.taken:
                settle(job, self.options.name)  # its caller has gone while it was in line
                self._line.drop(job)

    def _trace(self, job: Job) -> None:
        """Where its time went, below the span of the request whose task this is."""
        now, name = asyncio.get_running_loop().time(), self.options.name
        taken_at = job.taken_at or now
        tracing.record("queue", now - job.queued_at, now - taken_at, engine=name)
        if job.taken_at:
            tracing.record(metrics.stage_of(name), now - taken_at, engine=name, attempts=job.attempts + 1)

    def _measured(self, seconds: float, pages: int) -> None:
        each = seconds / pages
        self._calls_measured += 1
        share = max(_SMOOTHING, 1 / self._calls_measured)  # the plain mean of the first calls
        self._seconds_per_page += share * (each - self._seconds_per_page)
        metrics.BATCH_PAGES.labels(self.options.name).observe(pages)
        for _ in range(pages):
            metrics.STAGE_SECONDS.labels(metrics.stage_of(self.options.name), self.options.name).observe(each)

    def _give_up(self) -> None:
        """No replica comes up: whoever is in line is told why, instead of waiting for a deadline."""
        self._empty(lambda: self.failure or EngineFailed(f"engine {self.options.name} does not start"))

    def _empty(self, error: Callable[[], MLServerError]) -> None:
        """Answer everything that is in line with an error of its own."""
        for job in self._line.waiting():
            settle(job, self.options.name, error=error())
