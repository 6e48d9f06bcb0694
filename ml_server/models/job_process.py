"""A training job's own process: ``python -P -m ml_server.models.job_process FOLDER``. Its output is the job's log."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ml_server.errors import MLServerError
from ml_server.label_studio.api import base_url
from ml_server.models import job_files
from ml_server.models.job_files import Job, JobFiles
from ml_server.models.serving import now
from ml_server.settings import Settings

ORDER = "order.json"
"""What the server tells the process: settings, Label Studio's address, the command that fetches its documents."""

_NICENESS = 10
_TOLD_EVERY_S = 1.0


class Status:
    """Keeps a job's status on disk up to date.

    Args:
        folder: of the job.
        job: as it stands.
    """

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder = folder
        self._told = 0.0
        self.job = job

    def tell(self, step: str, done: int, total: int, message: str) -> None:
        """How far it is; not every call reaches the disk."""
        fresh = step != self.job.step
        self.job = replace(self.job, step=step, done=done, total=total, message=message)
        if fresh:
            print(f"{now()} {step}: {message}", flush=True)  # noqa: T201 - this is the log
        if fresh or time.monotonic() - self._told > _TOLD_EVERY_S:
            self.put()

    def put(self, **changes: object) -> None:
        """Write it, with changes."""
        self.job = replace(self.job, **changes)  # type: ignore[arg-type]  # names and types are Job's
        job_files.write(self._folder, self.job)
        self._told = time.monotonic()


def main(folder: Path) -> int:
    """Wait for the turn, then fetch, train, judge and keep. Exit status: 0 where that went well."""
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    settings = Settings(**order["settings"])
    files = JobFiles(folder.parent)
    status = Status(folder, files.read(folder))
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.nice(_NICENESS)
    try:
        with files.turn():
            status.put(state="running", started_at=now())
            _do(folder, order["url"], order["export"], settings, status)
    except MLServerError as error:
        return _failed(status, error.message)
    except BaseException as error:
        traceback.print_exc()
        return _failed(status, f"{type(error).__name__}: {error}")
    return 0


def _do(folder: Path, url: str, export: Sequence[str], settings: Settings, status: Status) -> None:
    project = status.job.project
    # It stays: an export fetches only what is new. One folder for each address, as an export insists on.
    digest = hashlib.sha256(base_url(url).encode()).hexdigest()[:8]
    documents = folder.parents[1] / "documents" / f"{digest}-project-{project}"
    status.tell("export", 0, 0, f"documents of Label Studio project {project}")
    _export([*export, "--json", "--url", url, "--project", str(project), str(documents)])
    from ml_server.models.recipe import Recipe, fine_tune

    recipe = Recipe(
        folders=(documents,),
        work=folder / "work",
        data=f"label-studio-project-{project}",
        held_out=settings.train_held_out,
        epochs=settings.train_epochs,
        threads=settings.train_threads,
        promote=settings.train_promote,
    )
    try:
        made = fine_tune(recipe, settings, status.tell, partial(print, flush=True))  # the log
    finally:  # before anybody reads that the job is over
        shutil.rmtree(recipe.work, ignore_errors=True)
    print(made.message, flush=True)  # noqa: T201 - this is the log
    status.put(
        state="done", message=made.message, version=made.version.version, promoted=made.promoted,
        metrics=dict(made.version.facts.metrics), ended_at=now(),
    )  # fmt: skip


def _export(command: Sequence[str]) -> None:
    """Fetch the documents. Single tasks may fail, which the log then says; whoever wrote no report has failed."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    print(done.stderr, done.stdout, sep="", flush=True)  # noqa: T201 - this is the log
    if done.returncode and not done.stdout.strip().startswith("{"):
        last = " / ".join([line.strip() for line in done.stderr.splitlines() if line.strip()][-3:])
        raise MLServerError(f"the export ended with code {done.returncode}: {last}")


def _failed(status: Status, why: str) -> int:
    print(why, flush=True)  # noqa: T201 - this is the log
    status.put(state="failed", message=why, ended_at=now())
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
