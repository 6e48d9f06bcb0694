"""Training jobs on disk: what each is to do and how it stands, for whoever reads it, also after a restart."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from ml_server.models.serving import now, write_json

JobState = Literal["queued", "running", "failed", "done"]

_STATUS, _ALIVE, _LOG = "status.json", "alive", "log.txt"
_KEPT_JOBS = 20
_TAIL_LINES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """One training job.

    Attributes:
        id: also its folder's name; later ones sort after earlier ones.
        project: id of the Label Studio project whose annotations it learns from.
        why: what started it, for people.
        state: ``queued`` until the training before it is over.
        step: ``export``, ``train``, ``judge``, ``keep``; the last one begun.
        done: how far the step is.
        total: of how much; 0 where nobody knows.
        message: how it goes, what it made, or why it failed.
        version: that it made; empty before.
        promoted: whether that version serves since.
        metrics: of that version on the documents held out.
        queued_at: ISO 8601, UTC, as the two below.
        started_at: empty before.
        ended_at: empty before.
        log: path of its log.
    """

    id: str
    project: int
    why: str
    state: JobState = "queued"
    step: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    version: str = ""
    promoted: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)
    queued_at: str = ""
    started_at: str = ""
    ended_at: str = ""
    log: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self.state in ("failed", "done")


class JobFiles:
    """The jobs below a folder.

    Args:
        folder: ``jobs`` in the state's folder; made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Job]:
        """Every job that is kept, the oldest first; without those that cannot be read or are just being forgotten."""
        if not self.folder.is_dir():
            return []
        found = []
        for path in sorted(self.folder.glob(f"*/{_STATUS}")):
            with suppress(OSError, ValueError, TypeError):  # not JSON, or of a server that knew other fields
                found.append(self.read(path.parent))
        return found

    def read(self, folder: Path) -> Job:
        """How a job stands. One whose process has ended without a word has failed; its last lines say how."""
        job = _parsed(folder / _STATUS)
        if job.over or self._alive(folder):
            return job
        job = _parsed(folder / _STATUS)  # it may have ended between the two looks
        if job.over:
            return job
        return replace(job, state="failed", message=f"its process ended in the step {job.step or job.state}: "
                       f"{tail(folder / _LOG) or 'its log is empty'}")  # fmt: skip

    def new(self, project: int, why: str) -> tuple[Path, Job]:
        """A job's folder and status; forgets the oldest ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.all()[: -_KEPT_JOBS + 1]:
            if old.over:
                shutil.rmtree(self.folder / old.id, ignore_errors=True)
        identity = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        folder = self.folder / identity
        folder.mkdir()
        job = Job(identity, project, why, queued_at=now(), log=str(folder / _LOG))
        write(folder, job)
        return folder, job

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Nobody else starts a job meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until no other training runs, whoever started it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "training.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @staticmethod
    def _alive(folder: Path) -> bool:
        """Whether its process lives: that holds a lock, which ends with it however it ends."""
        try:
            with (folder / _ALIVE).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def held(folder: Path) -> IO[str]:
    """A job's lock, taken; the process that inherits it is the one that lives."""
    lock = (folder / _ALIVE).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def write(folder: Path, job: Job) -> None:
    """Put a job's status on disk in one step."""
    write_json(folder / _STATUS, asdict(job))


def tail(log: Path) -> str:
    """The last lines of a log, on one line."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return " / ".join([line.strip() for line in lines if line.strip()][-_TAIL_LINES:])[-2000:]


def _parsed(path: Path) -> Job:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Job(**found)
