"""Starts training jobs, each in a process of its own that outlives the server, and says how they are."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ml_server import logs
from ml_server.errors import EngineUnavailable
from ml_server.label_studio.jobs import JobStatus
from ml_server.models.job_files import Job, JobFiles, held
from ml_server.models.job_process import ORDER
from ml_server.models.serving import state_folder
from ml_server.settings import Settings

_NEEDED = ("torch", "transformers", "tokenizers", "safetensors", "seqeval", "rapidfuzz")
_PASSED_ON = (
    "key_value_extractor", "key_value_model", "allow_noncommercial", "device", "model_store", "model_state_dir",
    "train_epochs", "train_threads", "train_held_out", "train_promote",
)  # fmt: skip

# -P: the server's current folder is not where packages are; a clone of ours beside it is a folder called ml_server.
_PYTHON = (sys.executable, "-P")
EXPORT = (*_PYTHON, "-m", "ml_server", "label-studio", "export")
"""Writes documents: called with ``--json --url URL --project N FOLDER`` behind it; the rest it has from the
environment."""


class ProcessJobs:
    """The server's :class:`~ml_server.label_studio.jobs.TrainingJobs`.

    Args:
        settings: of the server; those that matter to a training are passed on.
        url: of the Label Studio whose projects are learnt from.
        export: see :data:`EXPORT`.
    """

    def __init__(self, settings: Settings, url: str, export: Sequence[str] = EXPORT) -> None:
        self._settings = settings
        self._url = url
        self._export = tuple(export)
        self.files = JobFiles(state_folder(settings) / "jobs")
        self._log = logs.get_logger("ml_server.models")

    async def start(self, project: int, why: str) -> JobStatus:
        """Start a job, unless one runs; the status says which.

        Args:
            project: id of the Label Studio project.
            why: for its status and log.

        Raises:
            EngineUnavailable: what training needs is not installed here.
        """
        return await asyncio.to_thread(self._start, project, why)

    def status(self, job: str = "") -> JobStatus:
        """Of the job with that id; of the job that runs, or else of the last one, where it is empty."""
        jobs = [each for each in self.files.all() if job in ("", each.id)]
        if not jobs:
            return JobStatus("idle")
        return _status(next((each for each in jobs if not each.over), jobs[-1]), started=False)

    def _start(self, project: int, why: str) -> JobStatus:
        missing = [package for package in _NEEDED if importlib.util.find_spec(package) is None]
        if missing:
            raise EngineUnavailable(
                f'training needs {", ".join(missing)}; install it with: pip install "ml_server[train]"'
            )
        with self.files.starting():
            running = next((job for job in self.files.all() if not job.over), None)
            if running is not None:
                return _status(running, started=False)
            folder, job = self._spawn(project, why)
        self._log.info("training_started", job=job.id, project=project, why=why, log=job.log)
        return _status(self.files.read(folder), started=True)

    def _spawn(self, project: int, why: str) -> tuple[Path, Job]:
        folder, job = self.files.new(project, why)
        values = self._settings.model_dump(mode="json", include=set(_PASSED_ON))
        order = {"settings": values, "url": self._url, "export": self._export}
        (folder / ORDER).write_text(json.dumps(order), encoding="utf-8")
        # The child inherits the lock and with it the proof that it lives, from before it runs its first line.
        with held(folder) as lock, Path(job.log).open("ab") as log:
            process = subprocess.Popen(
                [*_PYTHON, "-m", "ml_server.models.job_process", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        threading.Thread(target=process.wait, daemon=True, name=f"training {job.id}").start()  # reaps it
        return folder, job


def _status(job: Job, *, started: bool) -> JobStatus:
    message = job.message
    if job.state == "queued":
        message = "starts, or waits until another training is over"
    elif not job.over:
        far = f" {job.done} of {job.total}" if job.total else ""
        message = f"{job.step}{far}: {job.message}"
    state = "running" if job.state == "queued" else job.state
    return JobStatus(state, job.id, job.project, job.why, message, started)
