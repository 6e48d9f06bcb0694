"""A pass over a project, with what it and the servers are like now; what came of it is kept, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ml_server.errors import InvalidRequest
from ml_server.label_studio import config as label_config
from ml_server.label_studio import failures
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.failed_tasks import FailedTasks
from ml_server.label_studio.failures import Failure
from ml_server.label_studio.journal import Journal
from ml_server.label_studio.patience import Patience
from ml_server.label_studio.predict import PredictPlan, PredictReport, PredictRun
from ml_server.label_studio.predict_command import Passes, Watcher
from ml_server.label_studio.predictor import Predictor
from ml_server.label_studio.reader import Reader
from ml_server.label_studio.remote import Remote
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class ProjectNow:
    """A project as it is now.

    Attributes:
        config: what its predictions are to fill.
        wanted: what they hold: ``ocr``, ``key_values`` or ``both``.
        total: its tasks.
        asks_backend: whether Label Studio asks an ML backend whenever tasks are listed.
    """

    config: LabelConfig
    wanted: str
    total: int
    asks_backend: bool


async def project_now(
    api: LabelStudio, patience: Patience, passes: Passes, settings: LabelStudioSettings
) -> ProjectNow:
    """Ask for the project.

    Raises:
        InvalidRequest: there is none, its labelling config cannot be filled, or not by servers elsewhere.
        MLServerError: see :meth:`LabelStudio.call`.
    """
    found: dict[str, Any] = await patience(partial(api.get, f"/api/projects/{passes.project}/"))
    config = label_config.parse(str(found["label_config"]))
    wanted = config.task(settings.predict)
    if passes.servers and wanted == "key_values":
        raise InvalidRequest(
            f"project {passes.project} wants labels for regions that are there (key_values), and servers elsewhere "
            "cannot give them: predict without --server"
        )
    return ProjectNow(config, wanted, int(found["task_number"]), bool(found.get("evaluate_predictions_automatically")))


class ProjectPass:
    """Passes over a project, one at a time, under its lock.

    Args:
        passes: what is asked for.
        settings: of Label Studio.
        api: where the project is.
        patience: makes calls again.
        predictor: makes the predictions.
        reader: the predictor's.
        folder: of the project's state.
        watcher: is told.
        stop: once it is set no further task is begun.
        concurrency: tasks in work at a time.
        grace_s: seconds that tasks in work get once the run is to stop.
        before: failures of an earlier run; None to look at all tasks, else only at theirs.

    Attributes:
        report: of the last pass, also where it ended by an error.
        version: of the model, in the last pass; empty before the first.
    """

    def __init__(
        self,
        passes: Passes,
        settings: LabelStudioSettings,
        api: LabelStudio,
        patience: Patience,
        predictor: Predictor,
        reader: Reader,
        folder: Path,
        watcher: Watcher,
        stop: asyncio.Event,
        *,
        concurrency: int,
        grace_s: float,
        before: Iterable[Failure] | None,
    ) -> None:
        self._now = partial(project_now, api, patience, passes, settings)
        self._run = partial(PredictRun, api, patience=patience, progress=watcher.progress, stop=stop)
        self._predictor = predictor
        self._reader = reader
        self._folder = folder
        self._watcher = watcher
        self._failed = FailedTasks(before or ())
        self._file = passes.failed or passes.retry or folder / "failures.jsonl"
        only = None if before is None else [failure.task for failure in self._failed.listed()]
        self._plan = partial(PredictPlan, passes.project, only=only, concurrency=concurrency, grace_s=grace_s)
        self.report = PredictReport()
        self.version = ""

    async def run(self) -> PredictReport:
        """One pass.

        Raises:
            MLServerError: the project, the servers or the tasks cannot be asked for. What was done until then is in
                the file of failures and told, as it is where the pass is cancelled.
            JournalError: what is sent cannot be written down.
        """
        self.report = PredictReport()
        now = await self._now()
        version = await self._version(now)
        if version != self.version:
            self._failed.another_model()
            self.version = version
        plan = self._plan(
            version=version, total=now.total, but=self._failed.resting(), everything=now.wanted == "key_values"
        )
        with Journal(self._folder / f"{_name(version)}.journal") as journal:
            run = self._run(partial(self._predictor.predict, config=now.config), plan, journal)
            self.report = run.report
            try:
                await run.run()
            except BaseException:
                try:
                    self._over()
                except InvalidRequest as error:  # what ended the pass is the one to raise
                    self._watcher.say(error.message)
                raise
        self._over()
        return self.report

    async def swapped(self) -> bool:
        """Whether another model version serves by now than in the last pass.

        Raises:
            MLServerError: the project or the servers cannot be asked.
        """
        return await self._version(await self._now()) != self.version

    async def _version(self, now: ProjectNow) -> str:
        if isinstance(self._reader, Remote):
            await self._reader.refresh()
        elif isinstance(self._reader, Pipeline) and now.wanted != "ocr":
            await self._reader.wait_until_extracting()
        return await self._predictor.version(now.config)

    def _over(self) -> None:
        self._failed.passed(self.report)
        try:
            failures.write(self._file, self._failed.listed())
        finally:
            self._watcher.passed(self.report, self.version, self._file)


def _name(version: str) -> str:
    """A file name for a version."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in version)[:100] or "unnamed"
