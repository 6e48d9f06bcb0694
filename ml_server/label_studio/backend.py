"""The ML backend's routes, as Label Studio calls them: under ``/label-studio``, over the server's one pipeline.

A task that fails gets an empty list among the ``results``: Label Studio then stores nothing for it and asks again the
next time. Why it failed is in ``errors`` beside them, which Label Studio passes over, and in our log; what is to be
known of the reading of one that did not fail is in ``warnings``, likewise.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ml_server import __version__, logs
from ml_server.bentoml_services import paths
from ml_server.bentoml_services.waiting import unless_gone
from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError, Unauthenticated
from ml_server.label_studio import config
from ml_server.label_studio.access import Access
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.corrections import Corrections
from ml_server.label_studio.images import Images
from ml_server.label_studio.jobs import JobStatus, TrainingJobs
from ml_server.label_studio.predictor import Predictor
from ml_server.label_studio.schemas import EventBody, JobBody, PredictBody, SetupBody, read_body
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

Endpoint = Callable[[Request], Awaitable[Response]]

_CORRECTED = frozenset({"ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED"})
_START = "START_TRAINING"
_JOB_STATES = {"running": "started", "done": "finished", "failed": "failed", "idle": "finished"}

_LABEL_STUDIO = "heartex/"  # how its User-Agent begins
_UNSAFE = re.compile(r"[^\w.,]+", re.ASCII)
_SHOWN = 300  # characters
_CHECK_S = 1.5  # Label Studio waits three seconds for an answer to /setup

_log = logs.get_logger(__name__)


class Backend:
    """Answers Label Studio. Belongs to the pipeline's event loop; :meth:`close` ends its connections.

    Args:
        pipeline: started and closed by the caller.
        server: of the server: API keys, limits.
        settings: see :class:`LabelStudioSettings`.
        jobs: who trains; None where nobody does.
        state: folder to remember new corrections in; None for until the server stops.

    Raises:
        ValueError: keys or password are not usable.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        server: Settings,
        settings: LabelStudioSettings,
        jobs: TrainingJobs | None = None,
        state: Path | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._jobs = jobs
        self._access = Access(server, settings)
        self._corrections = Corrections(settings.train_after, state / "corrections.json" if state else None)
        self._api: LabelStudio | None = None
        self._images = Images(settings, self._label_studio, server.max_image_bytes)
        self._predictor = Predictor(pipeline, self._images, settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._images.close()
        if self._api is not None:
            await self._api.close()

    def add_to(self, app: FastAPI) -> None:
        """Add the routes to an app that turns MLServerError into answers."""

        def route(method: str, path: str, endpoint: Endpoint) -> None:
            async def checked(request: Request) -> Response:
                self._access.check(request.headers)
                return await endpoint(request)

            # Label Studio is their only caller: they are described in its guide, not among this server's own routes.
            app.add_api_route(f"{paths.LABEL_STUDIO}{path}", checked, methods=[method], include_in_schema=False)

        for path in ("", "/", "/health"):
            route("GET", path, self._health)
        route("POST", "/setup", self._setup)
        route("POST", "/validate", self._setup)
        route("POST", "/predict", self._predict)
        route("GET", "/versions", self._versions)
        route("POST", "/webhook", self._webhook)
        route("POST", "/train", self._train)
        route("POST", "/job_status", self._job_status)
        route("GET", "/is_training", self._is_training)

    def _label_studio(self) -> LabelStudio:
        if self._api is None:
            self._api = LabelStudio(self._settings)
        return self._api

    async def _health(self, request: Request) -> Response:
        self._pipeline.check_ready()
        return JSONResponse({"status": "UP", "model_class": "ml_server", "version": __version__})

    async def _setup(self, request: Request) -> Response:
        body = await read_body(request, SetupBody)
        try:
            version = self._predictor.version(config.parse(body.label_config))
            found, _ = await asyncio.gather(version, self._check_token())
        except MLServerError as error:
            _log.warning("setup_refused", code=error.code, error=error.message)
            if request.headers.get("user-agent", "").startswith(_LABEL_STUDIO) and not request.url.query:
                # It shows its users the status and the address of a refusal, and not what it says.
                return RedirectResponse(f"?refused={_UNSAFE.sub('-', error.message)[:_SHOWN]}", 307)
            raise
        return JSONResponse({"model_version": found})

    async def _check_token(self) -> None:
        """Refuse a wrong token now, when somebody looks, rather than with each image.

        Raises:
            InvalidRequest: Label Studio does not take it.
        """
        if self._settings.api_key is None:
            return  # enough for images that are not Label Studio's
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._label_studio().get("/api/current-user/whoami")
        except Unauthenticated as error:
            raise InvalidRequest(error.message) from error
        except (MLServerError, TimeoutError) as error:
            _log.warning("token_not_checked", error=str(error))

    async def _predict(self, request: Request) -> Response:
        body = await read_body(request, PredictBody)
        project = config.parse(body.label_config)
        work = self._predictor.predict_many(body.tasks, project, self._settings.deadline_s)
        outcomes = await unless_gone(request, work)
        results: list[Any] = []
        errors = []
        warnings = []
        for task, outcome in zip(body.tasks, outcomes, strict=True):
            number = task.get("id")
            if isinstance(outcome, MLServerError):
                results.append([])
                errors.append({"task": number, "code": outcome.code, "message": outcome.message})
            else:
                warnings += [{"task": number, "message": each} for each in outcome.pop("warnings", ())]
                results.append(outcome)
        versions = [outcome["model_version"] for outcome in outcomes if isinstance(outcome, dict)]
        version = versions[0] if versions else None
        return JSONResponse({"results": results, "model_version": version, "errors": errors, "warnings": warnings})

    async def _versions(self, request: Request) -> Response:
        tags = '<View><Image name="i" value="$i"/><RectangleLabels name="l" toName="i"><Label value="ANSWER"/>'
        project = config.parse(f"{tags}</RectangleLabels></View>")
        return JSONResponse({"versions": [await self._predictor.version(project)]})

    async def _webhook(self, request: Request) -> Response:
        event = await read_body(request, EventBody)
        if event.action == _START:
            return self._answer(await self._start(event.project_id, "Label Studio's button"), 201)
        if event.action not in _CORRECTED:
            return JSONResponse({"status": "ignored", "action": event.action})
        project = event.project_id
        self._settle(project)
        enough = self._corrections.add(project, event.annotations)
        count = self._corrections.count(project)
        if not enough or self._jobs is None:
            return JSONResponse({"status": "noted", "new_annotations": count, "needed": self._settings.train_after})
        return self._answer(await self._start(project, f"{count} new annotations"), 201)

    async def _train(self, request: Request) -> Response:
        event = await read_body(request, EventBody)
        return self._answer(await self._start(event.project_id, "POST /train"), 201)

    async def _start(self, project: int, why: str) -> JobStatus:
        status = await self._trainer().start(project, why)
        if status.started:
            self._settle(project)
            self._corrections.taken(project, status.job)
        return status

    def _settle(self, project: int) -> None:
        """What a training was to learn from counts again where it failed."""
        job = self._corrections.job(project)
        state = self._jobs.status(job).state if job and self._jobs is not None else "running"
        if state != "running":
            self._corrections.over(project, learnt=state != "failed")

    async def _job_status(self, request: Request) -> Response:
        body = await read_body(request, JobBody)
        status = self._trainer().status(str(body.job))
        if status.job != str(body.job):
            return JSONResponse({"job_status": "removed"})  # Label Studio's word for one that is known no more
        return JSONResponse({"job_status": _JOB_STATES[status.state], "message": status.message})

    async def _is_training(self, request: Request) -> Response:
        return JSONResponse({"is_training": self._jobs is not None and self._jobs.status().state == "running"})

    def _trainer(self) -> TrainingJobs:
        if self._jobs is None:
            raise EngineUnavailable("this server does not train; see ml-server label-studio export and ml-server train")
        return self._jobs

    def _answer(self, status: JobStatus, code: int) -> Response:
        about = {"job": status.job, "state": status.state, "started": status.started, "project": status.project}
        return JSONResponse({**about, "why": status.why, "message": status.message}, code)
