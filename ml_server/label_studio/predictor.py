"""A task of Label Studio's → its prediction: fetch the images, read and understand them, convert."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeAlias, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random

from ml_server import languages, logs, metrics
from ml_server.document import DocumentRequest, Line, OCRPage, Polygon, Word
from ml_server.engines.extractors import KIND
from ml_server.engines.factory import AUTO, OCREngineFactory
from ml_server.errors import DeadlineExceeded, EngineUnavailable, InvalidRequest, MLServerError, NotReady, ServerBusy
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.existing import existing_pages
from ml_server.label_studio.images import Images
from ml_server.label_studio.predictions import PredictedPage, of_entities, of_text, prediction
from ml_server.label_studio.reader import Reader
from ml_server.label_studio.settings import LabelStudioSettings

T = TypeVar("T")

_OnePage: TypeAlias = Callable[[int, str], Coroutine[Any, Any, PredictedPage]]
"""Predicts a page of a task: which one, 0-based, and the model version that is to; empty for whichever serves."""

_ATTEMPTS = 3  # at a task whose model version leaves while its pages are read
_PROBE_S = 2.0  # Label Studio waits three seconds for an answer to /setup
_UNEXPECTED = "internal error; the server's log has the details under this task's id"

_log = logs.get_logger(__name__)


class Predictor:
    """Predicts for Label Studio. All methods belong to one event loop, the pipeline's.

    Args:
        pipeline: started and closed by the caller.
        images: likewise.
        settings: ``predict``, ``language``, ``engine``, ``level``, ``confidence_threshold``, ``concurrency``.
        one_model: of two that share the work, only the one with the greater part predicts, until :meth:`version` is
            asked again.
    """

    def __init__(
        self, pipeline: Reader, images: Images, settings: LabelStudioSettings, *, one_model: bool = False
    ) -> None:
        self._pipeline = pipeline
        self._images = images
        self._settings = settings
        self._one_model = one_model
        self._model = ""  # that is to understand; empty for whichever serves
        self._language = settings.language or pipeline.settings.lang
        self._gate = asyncio.Semaphore(settings.concurrency)  # of images: each is in memory while it is worked on

    async def version(self, config: LabelConfig) -> str:
        """The ``model_version`` that predictions for a config have now: of who understands, who reads, or both.

        Raises:
            InvalidRequest: the config has no tags for what is to be predicted.
            EngineUnavailable: what is to predict is not installed here.
        """
        match config.task(self._settings.predict):
            case "ocr":
                return self._version_of_engine(self._pick())
            case "key_values":
                return await self._version_of_model()
            case "both":
                return self._joint(await self._version_of_model(), self._pick())

    async def predict_many(
        self, tasks: Sequence[Mapping[str, Any]], config: LabelConfig, timeout_s: float
    ) -> list[dict[str, Any] | MLServerError]:
        """Predict for several tasks at a time; one that fails, or is not done in time, gives its error in its place.

        Args:
            tasks: as Label Studio sends them.
            config: of their project.
            timeout_s: seconds, after which the others are returned as they are.
        """
        working = [asyncio.create_task(self._outcome(task, config)) for task in tasks]
        try:
            done, _ = await asyncio.wait(working, timeout=timeout_s) if working else (set(), set())
            late = DeadlineExceeded(f"not done within {timeout_s:g} s; ask for fewer tasks at a time")
            outcomes = [task.result() if task in done else late for task in working]
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        for asked, outcome in zip(tasks, outcomes, strict=True):
            if isinstance(outcome, MLServerError):
                metrics.observe_refusal(outcome.code)
                _log.warning("task_failed", task=asked.get("id"), code=outcome.code, error=outcome.message)
            elif "warnings" in outcome:
                _log.warning("task_warned", task=asked.get("id"), warnings=outcome["warnings"])
        return outcomes

    async def predict(self, task: Mapping[str, Any], config: LabelConfig) -> dict[str, Any]:
        """Predict for one task: ``result``, ``score`` and ``model_version``, and ``warnings`` where there are any.

        Waits as long as the engines' queues are full; who has no patience cancels it.

        Raises:
            InvalidRequest: its data has no image, or one that may not be fetched.
            MLServerError: of fetching (see :meth:`Images.fetch`) or of the pipeline.
        """
        wanted = config.task(self._settings.predict)
        addresses = config.addresses(task.get("data") or {})
        number = task.get("id")
        existing = existing_pages(task, config, self._language, len(addresses)) if wanted == "key_values" else []
        read = self._text if wanted == "ocr" else self._entities

        async def one(at: int, version: str) -> PredictedPage:
            async with self._gate:
                if existing:
                    page = existing[at]
                    call = partial(self._pipeline.understand, page.page, model_version=version)
                    return page.labelled(await _patiently(call))
                data = await self._images.fetch(addresses[at], number if isinstance(number, int) else None)
                return await _patiently(partial(read, self._request(data, f"task-{number}", version)))

        if wanted == "ocr" or self._model or len(addresses) == 1:
            return prediction(config, await _together(one(at, self._model) for at in range(len(addresses))))
        return prediction(config, await self._by_one_model(one, len(addresses)))

    async def _by_one_model(self, one: _OnePage, count: int) -> list[PredictedPage]:
        """Pages that one version labelled: whichever gets the first, since the traffic may be shared."""
        for _ in range(_ATTEMPTS):
            first = await one(0, "")
            name = self._name_of(first.model)
            try:
                others = await _together(one(at, name) for at in range(1, count))
            except InvalidRequest as error:
                if error.field != "model_version":
                    raise
                continue  # it has left meanwhile
            if all(page.model == first.model for page in others):
                return [first, *others]
        raise NotReady("other model versions came into service while the task's pages were read", retry_after_s=1.0)

    def _name_of(self, model: str) -> str:
        """What to ask for a version by that has answered; empty where it cannot be asked for."""
        for info in self._pipeline.engines():
            own = info.version.partition(" ")[0]
            if info.kind == KIND and model in (own, f"{info.name} {own}"):
                return own
        return ""

    async def _outcome(self, task: Mapping[str, Any], config: LabelConfig) -> dict[str, Any] | MLServerError:
        try:
            return await self.predict(task, config)
        except MLServerError as error:
            return error
        except Exception:  # one task's surprise is not the others'
            _log.exception("unexpected_error", task=task.get("id"))
            return MLServerError(_UNEXPECTED)

    async def _text(self, request: DocumentRequest) -> PredictedPage:
        page = await self._pipeline.extract_page(request)
        return of_text(page, self._settings.level, self._version_of_engine(page.engine))

    async def _entities(self, request: DocumentRequest) -> PredictedPage:
        async with aclosing(self._pipeline.extract_key_values(request)) as pages:
            page = await anext(pages)
            return of_entities(page, self._joint(page.model_version, page.ocr_engine))

    def _request(self, data: bytes, request_id: str, version: str) -> DocumentRequest:
        return DocumentRequest(
            data=data,
            language=self._language,
            engine=self._settings.engine,
            confidence_threshold=self._settings.confidence_threshold,
            single_page=True,
            request_id=request_id,
            model_version=version,
        )

    def _pick(self) -> str:
        settings, infos = self._pipeline.settings, self._pipeline.engines()
        wanted = languages.parse(self._language)
        ocr = [info for info in infos if info.kind != KIND]
        if self._settings.engine == AUTO != settings.engine:
            with suppress(
                EngineUnavailable
            ):  # it does not read the language: as the server does, the best one that does
                return OCREngineFactory.pick(settings.engine, wanted, ocr)
        return OCREngineFactory.pick(self._settings.engine, wanted, ocr)

    async def _version_of_model(self) -> str:
        info = next(info for info in self._pipeline.engines() if info.kind == KIND)
        known = info.version.partition(" ")[0]
        self._model = known if self._one_model else ""
        try:
            return (await self._pipeline.understand(_PROBE, _PROBE_S, self._model)).model_version
        except EngineUnavailable:
            raise
        except MLServerError:  # it is being loaded, or busy: what is known of it without asking
            return known

    def _joint(self, model: str, engine: str) -> str:
        """Another engine makes other predictions, so that tasks are predicted again with it, as with another model."""
        return f"{model} + {self._version_of_engine(engine)}"

    def _version_of_engine(self, name: str) -> str:
        """The package's version and not the weights': it must be known before a page has been read."""
        info = next(info for info in self._pipeline.engines() if info.name == name)
        return f"{name} {info.version}".strip()


async def _together(calls: Iterable[Coroutine[Any, Any, PredictedPage]]) -> list[PredictedPage]:
    """All of them at a time; where one fails the others end, too."""
    working = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*working)
    finally:
        for each in working:
            each.cancel()


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Wait for one's turn where the queue is full."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(ServerBusy), wait=wait_random(0.2, 0.6), reraise=True
    ):
        with attempt:
            return await call()
    raise AssertionError("tenacity tries at least once")


_BOX: Polygon = ((0.0, 0.0), (40.0, 0.0), (40.0, 10.0), (0.0, 10.0))
_PROBE = OCRPage(
    (Line("Date:", 1.0, _BOX, (Word("Date:", 1.0, _BOX),)),), 100, 100, "english", "label-studio", "label-studio"
)
"""A page to ask the extractor for its version with: only its answer says which one would answer."""
