"""Which replica gets what, when: a bounded queue in front of the replicas of one worker.

Admission and work are two things. A request takes a :class:`Permit` first; there are as many as the queue is long plus
one for each replica, and none left is :class:`ServerBusy`. Its pages then wait in line for the next free replica. A
permit comes back when the request is over *and* no replica works for it any more, so that callers who give up do not
let more work in than the replicas can do; what they have in line is dropped at once.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from ml_server import logs, metrics
from ml_server.errors import DeadlineExceeded, EngineCrashed, EngineFailed, MLServerError, NotReady, ServerBusy
from ml_server.jobs import Job, PoolOptions
from ml_server.keeper import ReplicaKeeper
from ml_server.permits import Permit
from ml_server.replicas import Replica, ReplicaDied, ReplicaHung

_ATTEMPTS = 2
"""Times a page may be given to a replica that dies of it."""


class Pool:
    """Replicas of one worker behind one queue. All methods belong to one event loop.

    Args:
        options: see :class:`PoolOptions`.
        make_replica: a new replica, not started.
        on_hang: the error for a call that was killed at its hard limit.
        on_crash: the error for a call that killed its replica twice.
    """

    def __init__(
        self,
        options: PoolOptions,
        make_replica: Callable[[], Replica],
        on_hang: Callable[[], MLServerError] | None = None,
        on_crash: Callable[[], MLServerError] | None = None,
    ) -> None:
        self.options = options
        self._keeper = ReplicaKeeper(options, make_replica, self._give_up)
        self._on_hang = on_hang or (
            lambda: DeadlineExceeded(
                f"engine {options.name} did not finish the page within {options.call_timeout_s:g} s and was restarted"
            )
        )
        self._on_crash = on_crash or (
            lambda: EngineCrashed(f"engine {options.name} died of this page {_ATTEMPTS} times")
        )
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._returned: deque[Job] = deque()
        self._slots: list[asyncio.Task[None]] = []
        self._admitted = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._seconds_per_call = 1.0
        self._log = logs.get_logger("ml_server.scheduler").bind(engine=options.name)

    @property
    def loaded(self) -> int:
        """Replicas that are warm."""
        return len(self._keeper.live)

    @property
    def failure(self) -> MLServerError | None:
        """See :attr:`ReplicaKeeper.failure`."""
        return self._keeper.failure

    async def drained(self) -> None:
        """Wait until no request holds a permit."""
        await self._idle.wait()

    def start(self) -> None:
        """Start the replicas in the background; :meth:`ready` waits for the first."""
        if not self._slots:
            self._slots = [asyncio.create_task(self._serve(slot)) for slot in range(self.options.replicas)]

    async def ready(self) -> None:
        """Wait until a replica is warm.

        Raises:
            MLServerError: why it could not be loaded.
        """
        self.start()
        await self._keeper.ready()

    async def close(self) -> None:
        """End every replica at once; work in line gets NotReady."""
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        self._keeper.close()
        self._empty(lambda: NotReady("the server is stopping", retry_after_s=5))

    def admit(self) -> Permit:
        """Take a permit.

        Raises:
            ServerBusy: none left; says when to try again.
        """
        capacity = self.options.queue_size + self.options.replicas
        if self._admitted >= capacity:
            wait_s = max(1, math.ceil(self._admitted * self._seconds_per_call / self.options.replicas / 2))
            raise ServerBusy(
                f"engine {self.options.name} has {self._admitted} requests, {capacity} are allowed; try again later",
                retry_after_s=min(wait_s, 60),
            )
        self._admitted += 1
        self._idle.clear()
        return Permit(self._permit_returned)

    def _permit_returned(self) -> None:
        self._admitted -= 1
        if self._admitted == 0:
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
        self.start()
        if self.failure is not None:
            raise self.failure
        loop = asyncio.get_running_loop()
        job = Job(method, args, deadline, logs.current_request_id(), loop.time(), loop.create_future(), permit)
        permit.job_started()
        self._queue.put_nowait(job)
        metrics.QUEUE_DEPTH.labels(self.options.name).set(self._queue.qsize())
        try:
            async with asyncio.timeout_at(deadline):
                return await job.answer
        except TimeoutError:
            raise DeadlineExceeded("the request's deadline passed before its answer was ready") from None
        finally:
            if not job.taken:
                self._settle(job)  # its caller has gone while it was in line

    async def _serve(self, slot: int) -> None:
        """One replica's life: take the next job, do it, and be replaced after a crash, a hang or many calls."""
        replica = await self._keeper.bring_up("start")
        calls, successor = 0, None
        try:
            while True:
                job = self._returned.popleft() if self._returned else await self._queue.get()
                metrics.QUEUE_DEPTH.labels(self.options.name).set(self._queue.qsize())
                if not self._wanted(job):
                    continue
                job.taken = True
                with logs.bind_request_id(job.request_id):
                    lost = await self._do(job, replica)
                calls += 1
                if lost:
                    self._keeper.retire(replica)
                    replica, calls = await self._keeper.bring_up(lost), 0
                elif self.options.recycle_after and calls >= self.options.recycle_after and successor is None:
                    successor = asyncio.create_task(self._keeper.bring_up("recycle"))
                if successor is not None and successor.done():
                    self._keeper.retire(replica)
                    replica, calls, successor = successor.result(), 0, None
        finally:
            if successor is not None:
                successor.cancel()
            self._keeper.retire(replica)

    def _wanted(self, job: Job) -> bool:
        """Whether somebody still waits for it; if not, it is over."""
        loop = asyncio.get_running_loop()
        if job.over:
            return False
        if job.deadline <= loop.time():
            error = DeadlineExceeded("the request's deadline passed while it was in line")
            self._settle(job, error=error, outcome="expired")
            return False
        metrics.QUEUE_SECONDS.labels(self.options.name).observe(loop.time() - job.queued_at)
        return True

    async def _do(self, job: Job, replica: Replica) -> str:
        """Do one job. Returns why the replica is lost (``hang`` or ``crash``), or an empty string.

        A job whose replica died under it goes back to the head of the line, for the replacement; once.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            result = await replica.call(job.method, *job.args, timeout_s=self.options.call_timeout_s)
        except ReplicaHung:
            self._log.error("replica_hung", limit_s=self.options.call_timeout_s)
            self._settle(job, error=self._on_hang(), outcome="hung")
            return "hang"
        except ReplicaDied as error:
            job.attempts += not error.before
            self._log.error("replica_died", attempt=job.attempts, idle=error.before)
            if job.attempts >= _ATTEMPTS:
                self._settle(job, error=self._on_crash(), outcome="crashed")
            else:
                job.taken = False
                self._returned.append(job)
            return "crash"
        except MLServerError as error:
            self._settle(job, error=error, outcome="refused")
        except Exception as error:
            self._log.exception("engine_failed")
            message = f"engine {self.options.name} failed on this page: {type(error).__name__}: {error}"
            self._settle(job, error=EngineFailed(message[:500]), outcome="failed")
        except asyncio.CancelledError:
            self._settle(job, error=NotReady("the server is stopping", retry_after_s=5))
            raise
        else:
            seconds = loop.time() - began
            self._seconds_per_call += 0.1 * (seconds - self._seconds_per_call)
            metrics.PAGE_SECONDS.labels(self.options.name).observe(seconds)
            self._settle(job, result=result, outcome="ok")
        return ""

    def _settle(self, job: Job, result: Any = None, error: MLServerError | None = None, outcome: str = "") -> None:
        """Answer a job, if anyone still waits, and give its share of the permit back."""
        if job.over:
            return
        job.over, job.args = True, ()  # nobody needs the document any more, however long the job stays in line
        if outcome:
            metrics.PAGES.labels(self.options.name, outcome).inc()
        if not job.answer.done():
            if error is not None:
                job.answer.set_exception(error)
                job.answer.exception()  # marks it seen: the caller may have gone
            else:
                job.answer.set_result(result)
        job.permit.job_ended()

    def _give_up(self) -> None:
        """No replica comes up: whoever is in line is told why, instead of waiting for a deadline."""
        self._empty(lambda: self.failure or EngineFailed(f"engine {self.options.name} does not start"))

    def _empty(self, error: Callable[[], MLServerError]) -> None:
        """Answer everything that is in line with an error of its own."""
        while self._returned:
            self._settle(self._returned.popleft(), error=error())
        while not self._queue.empty():
            self._settle(self._queue.get_nowait(), error=error())
