"""Passes over a project under one lock: one, or one after the other for as long as somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from ml_server.errors import NotReady
from ml_server.label_studio import failures
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.images import Images
from ml_server.label_studio.patience import PASSING, Patience
from ml_server.label_studio.predict import PredictReport
from ml_server.label_studio.predict_command import Passes, Watcher
from ml_server.label_studio.predict_pass import ProjectPass, project_now
from ml_server.label_studio.predictor import Predictor
from ml_server.label_studio.reader import Reader
from ml_server.label_studio.remote import remote
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.label_studio.state_folder import only_run, state_folder
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


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
        JournalError: what is sent cannot be written down.
    """
    before = failures.read(passes.retry, passes.project) if passes.retry is not None else None
    async with LabelStudio(settings) as api, AsyncExitStack() as stack:
        folder = state_folder(passes.state, api.url, passes.project)
        stack.enter_context(only_run(folder))
        patience = Patience(api, passes.attempts, passes.down_s, watcher.say)
        # Asked here already: what is wrong with it is said before engines are started.
        if (await project_now(api, patience, passes, settings)).asks_backend:
            watcher.say("the project asks its ML backend whenever tasks are listed; turn that off, or listing is slow")
        server = server.model_copy(update={"lang": settings.language or server.lang})
        reader = await stack.enter_async_context(_reader(passes, server))
        images = Images(settings, lambda: api, server.max_image_bytes)
        stack.push_async_callback(images.close)
        concurrency = passes.concurrency or settings.concurrency
        settings = settings.model_copy(update={"concurrency": concurrency})
        one = ProjectPass(
            passes,
            settings,
            api,
            patience,
            Predictor(reader, images, settings, one_model=True),
            reader,
            folder,
            watcher,
            stop,
            concurrency=concurrency,
            grace_s=server.shutdown_grace_s,
            before=before,
        )
        return await _until_done(one, passes.watch_s, watcher, stop)


async def _until_done(one: ProjectPass, watch_s: float | None, watcher: Watcher, stop: asyncio.Event) -> PredictReport:
    while True:
        swapped = False
        try:
            report = await one.run()
            swapped = report.changed and not stop.is_set() and await one.swapped()
        except PASSING as error:
            if watch_s is None:
                raise
            watcher.say(error.message if stop.is_set() else f"{error.message}; looking again in {watch_s:g} s")
        if swapped:
            watcher.say(f"{one.version} does not serve any more; the tasks get predictions of the version that does")
        elif watch_s is not None:
            if await _set_within(stop, watch_s):
                return one.report
        elif one.report.changed and not stop.is_set():
            raise NotReady(f"pages were answered by another version than {one.version}, which serves: do all servers "
                           "have the same model? The same command goes on")  # fmt: skip
        else:
            return one.report


async def _set_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


@asynccontextmanager
async def _reader(passes: Passes, server: Settings) -> AsyncGenerator[Reader, None]:
    if passes.servers:
        async with remote(passes.servers, server) as found:
            yield found
        return
    pipeline = Pipeline(server)
    try:
        await pipeline.wait_until_ready()
        yield pipeline
    finally:
        await pipeline.close()
