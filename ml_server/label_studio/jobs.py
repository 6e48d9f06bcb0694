"""What the routes need of whoever trains: start a job, say how it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["idle", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a training is.

    Attributes:
        state: ``idle`` where there has been none, or none that is known by that id.
        job: its id; empty where there has been none.
        project: id of the Label Studio project whose annotations it learns from; 0 where there has been none.
        why: what started it, for people: ``20 new annotations``.
        message: how far it is, what it made, or why it failed.
        started: whether the call that returned this started it; False where one was running already.
    """

    state: State
    job: str = ""
    project: int = 0
    why: str = ""
    message: str = ""
    started: bool = False


class TrainingJobs(Protocol):
    """Trains in a process of its own, one job at a time. Every call returns at once."""

    async def start(self, project: int, why: str) -> JobStatus:
        """Start a job, unless one runs; the status says which.

        Args:
            project: id of the Label Studio project.
            why: for its status and log.

        Raises:
            EngineUnavailable: what training needs is not installed here.
        """
        ...

    def status(self, job: str = "") -> JobStatus:
        """Of the job with that id; of the job that runs, or else of the last one, where it is empty."""
        ...
