"""``ml-server label-studio predict``: every task of a project gets one prediction of a model version.

Exactly one, also where the run is killed or an answer is lost: what may have been sent is asked for before it is sent
again (see :mod:`ml_server.label_studio.journal`). Annotations and predictions of others are never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ml_server import logs
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.failures import Failure
from ml_server.label_studio.journal import Journal, JournalError
from ml_server.label_studio.patience import Patience
from ml_server.label_studio.unpredicted import predictions_of, unpredicted

NO_REGIONS = "tasks"
"""The field at fault where a task's regions are to get labels, and nobody has drawn any; they may come later."""


class Predict(Protocol):
    """Makes a prediction out of a task."""

    async def __call__(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """A prediction of a task: ``result``, ``score`` and ``model_version``, and ``warnings`` where there are any.

        Raises:
            InvalidRequest: where its field is ``model_version``: the version is not in service any more; where it is
                :data:`NO_REGIONS`: there is nothing to label yet.
            MLServerError: why there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class PredictPlan:
    """What is predicted.

    Attributes:
        project: id.
        version: of the model; predictions carry it.
        total: tasks of the project.
        concurrency: tasks in work at a time.
        only: ids of the tasks to look at; None for all.
        but: ids of tasks to leave alone.
        everything: whoever predicts wants to see a task's annotations and predictions.
        grace_s: seconds that tasks in work get once the run is to stop.
    """

    project: int
    version: str
    total: int
    concurrency: int = 4
    only: Sequence[int] | None = None
    but: frozenset[int] = frozenset()
    everything: bool = False
    grace_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Warned:
    """What is to be known of how a task was read, for people: that an answer was cut off or had to be mended.

    Attributes:
        task: id.
        message: names the page.
    """

    task: int
    message: str


@dataclass(slots=True)
class PredictReport:
    """How it went.

    Attributes:
        total: tasks of the project, or those asked for.
        done: have got their prediction.
        skipped: had one already, or have nothing to label yet.
        without_regions: those of them that have nothing to label yet, where regions that are there get labels.
        failures: one for each task that failed.
        warnings: of the tasks that are done; there may be several of one.
        stopped: whether it ended before all had their turn, because it was asked to or because of an error.
        changed: whether it ended so because another model version answers since; nothing of that one was sent.
    """

    total: int = 0
    done: int = 0
    skipped: int = 0
    without_regions: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    stopped: bool = False
    changed: bool = False


class PredictRun:
    """One pass over a project.

    Args:
        api: where the project is.
        predict: makes the predictions.
        plan: what is predicted.
        journal: open, of the plan's version.
        patience: makes calls again.
        progress: told tasks done, failed or skipped, and how many there are.
        stop: once it is set no further task is begun.

    Attributes:
        report: how it goes; of use also where the pass ends by an error.
    """

    def __init__(
        self,
        api: LabelStudio,
        predict: Predict,
        plan: PredictPlan,
        journal: Journal,
        patience: Patience,
        progress: Callable[[int, int], None],
        stop: asyncio.Event,
    ) -> None:
        self._api = api
        self._predict = predict
        self._plan = plan
        self._journal = journal
        self._patience = patience
        self._progress = progress
        self._stop = stop
        self.report = PredictReport(total=plan.total if plan.only is None else len(plan.only))
        self._broken: JournalError | None = None
        self._log = logs.get_logger("ml_server.label_studio.predict")

    async def run(self) -> PredictReport:
        """Predict.

        Raises:
            MLServerError: the tasks cannot be listed. A task that fails is in the report instead.
            JournalError: what is sent cannot be written down.
        """
        plan, report = self._plan, self.report
        room = asyncio.Semaphore(plan.concurrency)
        working: set[asyncio.Task[None]] = set()
        stopping = asyncio.create_task(self._stop.wait())
        found = passed = 0
        try:
            async with aclosing(self._tasks()) as tasks:
                async for task in tasks:
                    if int(task["id"]) in plan.but:
                        passed += 1
                        continue
                    found += 1
                    if not await self._turn(room, stopping):
                        report.stopped = True
                        break
                    if report.changed or self._broken:
                        break
                    one = asyncio.create_task(self._one(task))
                    working.add(one)
                    one.add_done_callback(working.discard)
                    one.add_done_callback(lambda _: room.release())
                else:
                    listed = plan.only is None  # those with a prediction are not; else each is asked about
                    report.skipped += max(0, report.total - found - passed) if listed else 0
            await self._finish(working, stopping)
            if self._broken is not None:
                raise self._broken
        except BaseException:
            report.stopped = True
            raise
        finally:
            for left in (stopping, *working):
                left.cancel()
            await asyncio.gather(stopping, *working, return_exceptions=True)
        return report

    async def _turn(self, room: asyncio.Semaphore, stopping: asyncio.Task[bool]) -> bool:
        """Wait for room; False where the run is to stop instead."""
        waiting = asyncio.create_task(room.acquire())
        await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if self._stop.is_set():
            waiting.cancel()
            return False
        await waiting
        return True

    async def _finish(self, working: set[asyncio.Task[None]], stopping: asyncio.Task[bool]) -> None:
        """Let what is in work end; for no longer than the grace once the run is to stop."""
        while working and not self._stop.is_set():
            await asyncio.wait((stopping, *working), return_when=asyncio.FIRST_COMPLETED)
        if working:
            self.report.stopped = True
            await asyncio.wait(set(working), timeout=self._plan.grace_s)

    async def _tasks(self) -> AsyncGenerator[dict[str, Any], None]:
        if self._plan.only is None:
            async with aclosing(
                unpredicted(
                    self._api,
                    self._plan.project,
                    self._plan.version,
                    everything=self._plan.everything,
                    call=self._patience,
                )
            ) as listed:
                async for task, _ in listed:
                    yield task
            return
        for number in self._plan.only:
            try:
                yield await self._patience(partial(self._api.get, f"/api/tasks/{number}/", resolve_uri="false"))
            except InvalidRequest as error:
                self._fail(number, error)

    async def _one(self, task: Mapping[str, Any]) -> None:
        number = int(task["id"])
        try:
            if self._plan.only is not None and await self._predicted(number):
                self.report.skipped += 1
            else:
                prediction = await self._patience(partial(self._predict, task))
                if prediction["model_version"] != self._plan.version:
                    self.report.changed = True
                    return
                sent = await self._patience(partial(self._send, number, prediction))
                self.report.done += sent
                self.report.skipped += not sent
                self.report.warnings += [Warned(number, each) for each in prediction.get("warnings", ()) if sent]
        except JournalError as error:
            self._broken = error
        except InvalidRequest as error:
            if error.field == "model_version":
                self.report.changed = True
                return
            if error.field == NO_REGIONS:
                self.report.skipped += 1
                self.report.without_regions += 1
            else:
                self._fail(number, error)
        except MLServerError as error:
            self._fail(number, error)
        except Exception as error:  # of this task's data or answer; the others go on
            self._fail(number, MLServerError(f"{type(error).__name__}: {error}"))
        self._show()

    async def _predicted(self, task: int) -> list[int]:
        return await self._patience(partial(predictions_of, self._api, task, self._plan.version))

    async def _send(self, task: int, prediction: Mapping[str, Any]) -> bool:
        """Send a prediction unless Label Studio has it already; False where it had.

        Raises:
            MLServerError: see :meth:`LabelStudio.call`; whether it arrived is in doubt then.
        """
        version = self._plan.version
        doubtful = self._journal.in_doubt(task)
        if doubtful and await predictions_of(self._api, task, version):
            self._journal.settled(task)
            return False
        self._journal.sending(task)
        body = {"task": task, "result": prediction["result"], "score": prediction["score"], "model_version": version}
        try:
            created = await self._api.post("/api/predictions/", body)
        except InvalidRequest:
            self._journal.settled(task)  # refused, so it is not there
            raise
        if doubtful:
            # The one in doubt may have been on its way through a slow Label Studio, and arrived after all.
            there = await predictions_of(self._api, task, version)
            if len(there) > 1:
                await self._api.call("DELETE", f"/api/predictions/{int(created['id'])}/")
        self._journal.settled(task)
        return True

    def _fail(self, task: int, error: MLServerError) -> None:
        self.report.failures.append(Failure.of(task, self._plan.project, error))
        self._log.warning("task_failed", task=task, code=error.code, error=error.message)

    def _show(self) -> None:
        report = self.report
        self._progress(report.done + report.skipped + len(report.failures), report.total)
