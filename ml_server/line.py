"""The line in front of a pool's replicas: requests take turns, whoever has many pages."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator

from ml_server import metrics
from ml_server.jobs import Job
from ml_server.permits import Permit


class Line:
    """Jobs that wait for a replica. All methods belong to one event loop.

    Requests are served in turn, a job each time, so that one page waits for one page of each request before it and
    not for all pages of a document. Jobs that come back from a lost replica go first.

    Args:
        name: of the pool, for the metric of its length.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._returned: deque[Job] = deque()
        self._turns: OrderedDict[Permit, deque[Job]] = OrderedDict()
        self._filled = asyncio.Event()
        self._takers = 0

    @property
    def takers(self) -> int:
        """Replicas that wait for a job."""
        return self._takers

    def __len__(self) -> int:
        return len(self._returned) + sum(map(len, self._turns.values()))

    def put(self, job: Job) -> None:
        """At the end of its request's jobs; a request that had none gets the last turn."""
        self._turns.setdefault(job.permit, deque()).append(job)
        self._filled.set()
        self._note_length()

    def put_back(self, job: Job) -> None:
        """Before everything else."""
        self._returned.append(job)
        self._filled.set()
        self._note_length()

    def drop(self, job: Job) -> None:
        """Take a job out, as nobody waits for it; does nothing where it is not in line."""
        for jobs in (self._returned, self._turns.get(job.permit, deque())):
            if job in jobs:
                jobs.remove(job)
        if not self._turns.get(job.permit, True):
            del self._turns[job.permit]
        self._note_length()

    async def get(self) -> Job:
        """The next job; waits for one."""
        self._takers += 1
        try:
            while True:
                await self._filled.wait()
                if (job := self._next()) is not None:
                    return job
        finally:
            self._takers -= 1

    def waiting(self) -> Iterator[Job]:
        """Take job after job, as long as there are any."""
        while (job := self._next()) is not None:
            yield job

    def take_like(self, job: Job, most: int) -> list[Job]:
        """Take up to ``most`` jobs that one call can do together with ``job``, in turn; the others stay in line.

        A request gives one job only before another one's turn has come.
        """
        taken: list[Job] = []
        while len(taken) < most:
            found = next((p for p, jobs in self._turns.items() if jobs[0].goes_with(job)), None)
            if found is None:
                break
            jobs = self._turns.pop(found)
            taken.append(jobs.popleft())
            if jobs:
                self._turns[found] = jobs
        self._note_length()
        return taken

    def _next(self) -> Job | None:
        if self._returned:
            job = self._returned.popleft()
        elif self._turns:
            permit, jobs = self._turns.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._turns[permit] = jobs  # behind all others
        else:
            self._filled.clear()
            return None
        self._note_length()
        return job

    def _note_length(self) -> None:
        metrics.QUEUE_DEPTH.labels(self._name).set(len(self))
