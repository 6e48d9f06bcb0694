"""One replica's place in a pool: take what is in line, do it, be replaced after a crash, a hang or much work."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from ml_server import logs, metrics
from ml_server.errors import DeadlineExceeded, EngineCrashed, EngineFailed, MLServerError, NotReady
from ml_server.jobs import Job, PoolOptions
from ml_server.keeper import ReplicaKeeper
from ml_server.line import Line
from ml_server.outcomes import IN_THE_LOG
from ml_server.post import Post
from ml_server.replicas import Replica, ReplicaDied, ReplicaHung

ATTEMPTS = 2
"""Times a page may be given to a replica that dies of it."""


class Slot:
    """Where one replica after another works.

    Args:
        options: of the pool.
        line: of the pool.
        keeper: of the pool.
        measured: told the seconds and the number of jobs of each call that went well.
        on_hang: the error for a job that was killed at its hard limit.
        on_crash: the error for a job that killed its replica twice.
    """

    def __init__(
        self,
        options: PoolOptions,
        line: Line,
        keeper: ReplicaKeeper,
        measured: Callable[[float, int], None],
        on_hang: Callable[[], MLServerError] | None = None,
        on_crash: Callable[[], MLServerError] | None = None,
    ) -> None:
        self._options = options
        self._line = line
        self._keeper = keeper
        self._measured = measured
        self._on_hang = on_hang or (
            lambda: DeadlineExceeded(
                f"engine {options.name} did not finish the page within {options.call_timeout_s:g} s and was restarted"
            )
        )
        self._on_crash = on_crash or (
            lambda: EngineCrashed(f"engine {options.name} died of this page {ATTEMPTS} times")
        )
        self._log = logs.get_logger("ml_server.scheduler").bind(engine=options.name)

    async def serve(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self._live()
            except Exception:  # a fault of ours: callers in line must not wait for a place that nobody fills
                self._log.exception("slot_failed")
                await asyncio.sleep(1.0)

    async def _live(self) -> None:
        post = Post(self._options.name, self._keeper)
        try:
            await post.fill("start")
            while True:
                jobs = await self._next()
                if not jobs:
                    continue
                with logs.bind_request_id(jobs[0].request_id), post.at_work() as replica:
                    lost = await self._do(jobs, replica)
                if lost:
                    await post.fill(lost)
                else:
                    post.renew()
        finally:
            post.leave()

    async def _next(self) -> list[Job]:
        """What the next call does: a job, and others that go with it; empty if nobody wants it any more."""
        first = await self._line.get()
        jobs = [first]
        if first.item and not first.alone:
            if self._options.batch_wait_s and len(self._line) + 1 < self._options.batch_size:
                try:
                    await asyncio.sleep(self._options.batch_wait_s)
                except asyncio.CancelledError:  # the pool ends, and answers what is in line
                    if not first.over:
                        self._line.put_back(first)
                    raise
            # Work is shared out before it is put together: a batch must leave something for replicas that wait, too.
            share = math.ceil((len(self._line) + 1) / (self._line.takers + 1))
            jobs += self._line.take_like(first, min(self._options.batch_size, share) - 1)
        wanted = [job for job in jobs if self._wanted(job)]
        now = asyncio.get_running_loop().time()
        for job in wanted:
            job.taken, job.taken_at = True, now
        return wanted

    def _wanted(self, job: Job) -> bool:
        """Whether somebody still waits for it; if not, it is over."""
        loop = asyncio.get_running_loop()
        if job.over:
            return False
        if job.deadline <= loop.time():
            expire(job, self._options.name)
            return False
        if job.answer.done():  # its caller has gone while it was between line and replica
            settle(job, self._options.name)
            return False
        metrics.STAGE_SECONDS.labels("queue", self._options.name).observe(loop.time() - job.queued_at)
        return True

    async def _do(self, jobs: Sequence[Job], replica: Replica) -> str:
        """Do one call. Returns why the replica is lost (``hang`` or ``crash``), or an empty string.

        Jobs whose replica died or hung under several of them go back to the head of the line and are done one by one:
        one of them is to blame, and only that one fails.
        """
        name, first = self._options.name, jobs[0]
        outcomes: list[Any]
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            if first.item:
                items = [job.args[0] for job in jobs]
                outcomes = await self._call(replica, len(jobs), first.method, items, *first.args[1:])
            else:
                outcomes = [await self._call(replica, 1, first.method, *first.args)]
        except (ReplicaHung, ReplicaDied) as error:
            hung = isinstance(error, ReplicaHung)
            self._log.error("replica_hung" if hung else "replica_died", jobs=len(jobs), attempt=first.attempts + 1)
            for job in jobs:
                self._lost(job, hung, to_blame=len(jobs) == 1 and not (isinstance(error, ReplicaDied) and error.before))
            return "hang" if hung else "crash"
        except MLServerError as error:
            outcomes = [copy(error) for _ in jobs]
        except Exception:
            self._log.exception("engine_failed")
            outcomes = [EngineFailed(f"engine {name} failed on this page; {IN_THE_LOG}") for _ in jobs]
        except asyncio.CancelledError:
            for job in jobs:
                settle(job, name, "", NotReady("the server is stopping", retry_after_s=5))
            raise
        else:
            self._measured(loop.time() - began, len(jobs))
        for job, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, MLServerError):
                failed = isinstance(outcome, EngineFailed)
                if failed and len(jobs) > 1:
                    with logs.bind_request_id(job.request_id):
                        self._log.error("page_failed_in_batch", batch_request_id=first.request_id)
                settle(job, name, "failed" if failed else "refused", outcome)
            else:
                settle(job, name, "ok", result=outcome)
        return ""

    async def _call(self, replica: Replica, pages: int, method: str, *args: Any) -> Any:
        return await replica.call(method, *args, timeout_s=pages * self._options.call_timeout_s)

    def _lost(self, job: Job, hung: bool, *, to_blame: bool) -> None:
        """What becomes of a job whose replica is lost: its error, or another try by itself."""
        job.attempts += to_blame
        if to_blame and hung:
            settle(job, self._options.name, "hung", self._on_hang())
        elif job.attempts >= ATTEMPTS:
            settle(job, self._options.name, "crashed", self._on_crash())
        elif job.answer.done():  # nobody waits for another try
            settle(job, self._options.name)
        else:
            job.alone, job.taken = True, False
            job.queued_at, job.taken_at = asyncio.get_running_loop().time(), 0.0
            self._line.put_back(job)


def expire(job: Job, name: str) -> None:
    """Answer a job whose deadline passed in line, and count it; does nothing where it is over."""
    if not job.over:
        metrics.REFUSALS.labels("deadline").inc()
        settle(job, name, "expired", DeadlineExceeded("the deadline passed while it was in line"))


def settle(job: Job, name: str, outcome: str = "", error: MLServerError | None = None, result: Any = None) -> None:
    """Answer a job, if anyone still waits, and give its share of the permit back.

    Args:
        job: does nothing where it is over.
        name: of the engine, for the metrics.
        outcome: for the metrics; empty for what no replica worked on.
        error: the answer, if it is one.
        result: the answer otherwise.
    """
    if job.over:
        return
    job.over, job.args = True, ()  # nobody needs the document any more, however long the job stays in line
    if outcome:
        metrics.PAGES.labels(name, outcome).inc()
    if not job.answer.done():
        if error is not None:
            job.answer.set_exception(error)
            job.answer.exception()  # marks it seen: the caller may have gone
        else:
            job.answer.set_result(result)
    job.permit.job_ended()
