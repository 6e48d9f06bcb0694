"""Passes over a project under one lock: one, or one after the other for as long as somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ml_server.errors import NotReady
from ml_server.label_studio import config as label_config
from ml_server.label_studio import failures
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.failures import Failure
from ml_server.label_studio.images import Images
from ml_server.label_studio.journal import Journal
from ml_server.label_studio.patience import PASSING, Patience
from ml_server.label_studio.predict import PredictPlan, PredictReport, PredictRun
from ml_server.label_studio.predictor import Predictor
from ml_server.label_studio.reader import Reader
from ml_server.label_studio.remote import Remote, remote
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.label_studio.state_folder import only_run, state_folder
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Passes:
    """What the command line asks for.

    Attributes:
        project: id.
        servers: addresses; none to read in processes of our own.
        concurrency: tasks in work at a time; None for what keeps the engines busy.
        attempts: for each task and call.
        down_s: seconds to wait for a Label Studio that is down.
        watch_s: pause between two passes; None for one pass.
        failed: file to write failures to; None for one in the state's folder.
        retry: file of failures whose tasks are the only ones looked at; None for all tasks.
        state: folder for journals and locks; None for the user's own.
    """

    project: int
    servers: tuple[str, ...] = ()
    concurrency: int | None = None
    attempts: int = 3
    down_s: float = 600.0
    watch_s: float | None = None
    failed: Path | None = None
    retry: Path | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told of what happens.

    Attributes:
        progress: tasks over, and how many there are.
        passed: a pass is over: its report, the model version, the file of failures.
        say: something to know.
    """

    progress: Callable[[int, int], None]
    passed: Callable[[PredictReport, str, Path], None]
    say: Callable[[str], None]


async def predict(
    passes: Passes, settings: LabelStudioSettings, server: Settings, watcher: Watcher, stop: asyncio.Event
) -> PredictReport:
    """Predict until all is done, or, watching, until ``stop`` is set.

    Returns:
        The report of the last pass.

    Raises:
        InvalidRequest: there is no such project, its labelling config cannot be filled, or a file cannot be used.
        NotReady: another run is at work on the project, or Label Studio was down for too long.
        EngineUnavailable: what is to predict is not installed here.
        MLServerError: see :meth:`LabelStudio.call`.
    """
    only = failures.read(passes.retry, passes.project) if passes.retry is not None else None
    async with LabelStudio(settings) as api, AsyncExitStack() as stack:
        folder = state_folder(passes.state, api.url, passes.project)
        stack.enter_context(only_run(folder))
        patience = Patience(api, passes.attempts, passes.down_s, watcher.say)
        project = await patience(partial(api.get, f"/api/projects/{passes.project}/"))
        config = label_config.parse(str(project["label_config"]))
        if project.get("evaluate_predictions_automatically"):
            watcher.say("the project asks its ML backend whenever tasks are listed; turn that off, or listing is slow")
        server = server.model_copy(update={"lang": settings.language or server.lang})
        reader = await stack.enter_async_context(_reader(passes, server, config.task(settings.predict) != "ocr"))
        images = Images(settings, lambda: api, server.max_image_bytes)
        stack.push_async_callback(images.close)
        concurrency = passes.concurrency or settings.concurrency
        predictor = Predictor(reader, images, settings.model_copy(update={"concurrency": concurrency}), one_model=True)
        wants_all = config.task(settings.predict) == "key_values"
        failed: dict[int, Failure] = {}
        version = ""
        while True:
            before, version = version, await _version(predictor, config, reader)
            if version != before:
                failed = {}  # the other model has not tried them
            plan = PredictPlan(
                passes.project, version, concurrency, only, frozenset(failed), wants_all, server.shutdown_grace_s
            )
            with Journal(folder / f"{_name(version)}.journal") as journal:
                run = PredictRun(
                    api, partial(predictor.predict, config=config), plan, journal, patience, watcher.progress, stop
                )
                try:
                    report = await run.run()
                except PASSING as error:
                    if passes.watch_s is None or stop.is_set():
                        raise
                    watcher.say(f"{error.message}; looking again in {passes.watch_s:g} s")
                    report = run.report
            failed |= {failure.task: failure for failure in report.failures}
            path = passes.failed or passes.retry or folder / "failures.jsonl"
            if not (report.stopped and path == passes.retry):  # those that had no turn must stay in it
                failures.write(path, list(failed.values()))
            watcher.passed(report, version, path)
            if report.changed and not stop.is_set() and await _version(predictor, config, reader) != version:
                watcher.say(f"{version} does not serve any more; the tasks get predictions of the version that does")
                continue
            if passes.watch_s is None and report.changed and not stop.is_set():
                raise NotReady(f"pages were answered by another version than {version}, which serves: do all servers "
                               "have the same model? The same command goes on")  # fmt: skip
            if passes.watch_s is None or stop.is_set():
                return report
            with suppress(TimeoutError):
                async with asyncio.timeout(passes.watch_s):
                    await stop.wait()
                return report


async def _version(predictor: Predictor, config: LabelConfig, reader: Reader) -> str:
    if isinstance(reader, Remote):
        await reader.refresh()
    return await predictor.version(config)


@asynccontextmanager
async def _reader(passes: Passes, server: Settings, understands: bool) -> AsyncGenerator[Reader, None]:
    if passes.servers:
        async with remote(passes.servers, server) as found:
            yield found
        return
    pipeline = Pipeline(server)
    try:
        await pipeline.wait_until_ready()
        if understands:
            await pipeline.wait_until_extracting()
        yield pipeline
    finally:
        await pipeline.close()


def _name(version: str) -> str:
    """A file name for a version."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in version)[:100] or "unnamed"
