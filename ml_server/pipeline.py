"""The use case: admit → decode → recognise → extract → result. Wires, command line and clients all end up here."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from ml_server import languages, logs, metrics
from ml_server.decode import DecodeLimits, check_size
from ml_server.document import DocumentRequest, DocumentResult, EngineInfo, KeyValuePage, OCRPage
from ml_server.engines.base import ReadOptions
from ml_server.errors import InvalidRequest, MLServerError, NotReady, ServerBusy
from ml_server.extraction import key_value_pages
from ml_server.pools import Pools
from ml_server.reading import Plan, read_pages
from ml_server.scheduler import Pool
from ml_server.settings import Settings, usable_cores

_RETRY_READY_S = 5.0
"""Pause before a default engine that could not be loaded is looked at again; its pool keeps trying meanwhile."""


class Pipeline:
    """Owns the decoder's, the engines' and the extractor's pools. All methods belong to one event loop.

    Args:
        settings: see :class:`Settings`.
        inline: run everything in this process instead of processes of its own; for one-shot command lines.
    """

    def __init__(self, settings: Settings, *, inline: bool = False) -> None:
        self.settings = settings
        self._default: Pool | None = None
        self._no_default = ""
        self._warm = False
        self._stopping = False
        self._limits = DecodeLimits.from_settings(settings)
        self._pools = Pools(settings, self._limits, inline=inline)
        self._warming: asyncio.Task[None] | None = None
        self._log = logs.get_logger("ml_server.pipeline")

    @property
    def is_ready(self) -> bool:
        """Whether the default engine has read its warm-up page and still has, or is getting, a replica."""
        return self.state == "ready"

    @property
    def state(self) -> str:
        """``starting``, ``ready``, ``stopping``, or ``failed`` while the default engine cannot be loaded."""
        if self._stopping:
            return "stopping"
        if self.reason:
            return "failed"
        return "ready" if self._warm else "starting"

    @property
    def reason(self) -> str:
        """Why the state is ``failed``; empty otherwise. It may pass: loading is tried again."""
        failure = self._default.failure if self._default is not None else None
        return failure.message if failure is not None else self._no_default

    async def start(self) -> None:
        """Begin warming up in the background and return."""
        self._warming = asyncio.create_task(self._warm_up())

    async def wait_until_ready(self) -> None:
        """Wait for the warm-up.

        Raises:
            MLServerError: why the default engine could not be loaded.
        """
        self._default = self._pools.engine(self._pools.default_engine())
        self._pools.decoder.start()
        await self._default.ready()
        self._warm = True

    async def wait_until_extracting(self) -> None:
        """Load the key–value extractor and wait until it is warm.

        Raises:
            MLServerError: why it could not be loaded.
        """
        await self._pools.extractor().ready()

    async def close(self) -> None:
        """Refuse new work, give what is running ``shutdown_grace_s`` seconds, then end the processes."""
        self._stopping = True
        metrics.READY.set(0)
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._pools.close(self.settings.shutdown_grace_s)

    def engines(self) -> list[EngineInfo]:
        """Every engine and the extractor, with the number of replicas that are warm now."""
        return self._pools.describe()

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        """Read a document of exactly one page.

        Raises:
            InvalidImage: it has more pages; they are not silently dropped.
            MLServerError: see :meth:`extract_pages`.
        """
        pages = self.extract_pages(replace(request, single_page=True))
        try:
            return await anext(pages)
        finally:
            await pages.aclose()

    async def extract_document(self, request: DocumentRequest) -> DocumentResult:
        """Read all pages.

        Raises:
            MLServerError: see :meth:`extract_pages`; no pages are returned then.
        """
        began = time.perf_counter()
        pages = [page async for page in self.extract_pages(request)]
        return DocumentResult(tuple(pages), (time.perf_counter() - began) * 1000)

    async def extract_batch(self, requests: Sequence[DocumentRequest]) -> list[OCRPage | MLServerError]:
        """Read several single-page documents; one that fails gives its error in its place.

        Only as many are in work as there are replicas for them, so that a batch does not crowd others out.

        Raises:
            InvalidRequest: no images, or more than ``max_batch``.
            NotReady: the server is starting or stopping.
            ServerBusy: no item was let in; a batch of which some were waits for the others' turn.
        """
        self.check_ready()
        if not 1 <= len(requests) <= self.settings.max_batch:
            raise InvalidRequest(
                f"a batch has 1 to {self.settings.max_batch} images, this one has {len(requests)}", field="images"
            )
        gate = asyncio.Semaphore(2 * usable_cores())
        patience = asyncio.get_running_loop().time() + self.settings.request_timeout_s

        async def one(request: DocumentRequest) -> OCRPage | MLServerError:
            async with gate:
                try:
                    return await self.extract_page(request)
                except MLServerError as error:
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(request)) for request in requests]
        outcomes = [task.result() for task in tasks]
        refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, ServerBusy)]
        if len(refused) == len(outcomes):
            raise outcomes[0]  # type: ignore[misc]  # all of them are ServerBusy
        for i in refused:  # some were let in, so the batch is: the others wait for their turn
            while isinstance(outcomes[i], ServerBusy) and asyncio.get_running_loop().time() < patience:
                await asyncio.sleep(0.5)
                outcomes[i] = await one(requests[i])
        return outcomes

    async def extract_pages(self, request: DocumentRequest) -> AsyncGenerator[OCRPage, None]:
        """Read a document page by page, in order, as the pages are done.

        While one page is being read the next ones are decoded: as many as there are replicas, plus one.

        Raises:
            NotReady: the server is starting or stopping.
            InvalidRequest: language, engine or threshold are not valid.
            InvalidImage: not a readable document.
            PayloadTooLarge: more bytes, pixels or pages than allowed.
            ServerBusy: no permit left.
            EngineUnavailable: the engine or its weights are not here.
            EngineFailed, EngineCrashed: on one of the pages.
            DeadlineExceeded: the request's deadline or a hard limit passed.
        """
        plan = self._plan(request)
        async with aclosing(read_pages(request, plan, self._pools.decoder)) as pages:
            async for page in pages:
                yield page

    async def extract_key_values(self, request: DocumentRequest) -> AsyncGenerator[KeyValuePage, None]:
        """Read a document and find its entities and key–value pairs, page by page, in order, as the pages are done.

        The extractor works on a page while the next ones are read. What it finds is made of the lines that reach the
        request's threshold only.

        Raises:
            EngineUnavailable: also where the extractor's packages or model are not here.
            MLServerError: see :meth:`extract_pages`.
        """
        plan = self._plan(request)
        extractor = self._pools.extractor()
        read = read_pages(request, plan, self._pools.decoder)
        async with aclosing(key_value_pages(read, plan, extractor)) as pages:
            async for page in pages:
                yield page

    def _plan(self, request: DocumentRequest) -> Plan:
        """Check everything that can be checked without touching the document's contents."""
        self.check_ready()
        if not (math.isfinite(request.confidence_threshold) and 0 <= request.confidence_threshold <= 1):
            raise InvalidRequest(
                f"confidence_threshold is {request.confidence_threshold}, allowed: 0 to 1", field="confidence_threshold"
            )
        wanted = languages.parse(request.language)
        engine = self._pools.pick(request.engine.strip().lower(), wanted)
        check_size(request.data, self._limits)
        limit = self.settings.request_timeout_s
        seconds = limit if request.timeout_s is None else min(request.timeout_s, limit)
        return Plan(
            pool=self._pools.engine(engine),
            options=ReadOptions(wanted, request.use_angle_cls),
            threshold=request.confidence_threshold,
            deadline=asyncio.get_running_loop().time() + seconds,
            began=time.perf_counter(),
        )

    def check_ready(self) -> None:
        """Refuse unless requests can be served.

        Raises:
            NotReady: says why, and when to try again.
        """
        match self.state:
            case "starting":
                raise NotReady("the server is starting: its default engine is still loading", retry_after_s=3)
            case "stopping":
                raise NotReady("the server is stopping", retry_after_s=5)
            case "failed":
                raise NotReady(f"the server's default engine does not start: {self.reason}", retry_after_s=30)

    async def _warm_up(self) -> None:
        """Default engine, then those that ``auto`` would pick for the languages to preload, then the extractor."""
        while not self._warm:
            try:
                await self.wait_until_ready()
            except MLServerError as error:
                self._log.error("default_engine_failed", error=error.message)
                if self._default is None:
                    self._no_default = error.message
                    return
                await asyncio.sleep(_RETRY_READY_S)
        metrics.READY.set(1)
        self._log.info("ready", engine=self._pools.default_engine(), language=self.settings.lang)
        for language in self.settings.preload.replace("+", ",").split(","):
            engine = self._pools.picked("auto", language) if language.strip() else None
            if engine is not None:
                try:
                    await self._pools.engine(engine).ready()
                except MLServerError as error:
                    self._log.warning("preload_failed", engine=engine, error=error.message)
        if self.settings.key_value_preload:
            try:
                await self.wait_until_extracting()
            except MLServerError as error:
                self._log.warning("preload_failed", engine=self.settings.key_value_extractor, error=error.message)
