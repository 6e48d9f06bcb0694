"""The use case: admit → decode → recognise → extract → result. Wires, command line and clients all end up here."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from ml_server import languages, logs, observation
from ml_server.batch import read_batch
from ml_server.decode import DecodeLimits, DocumentProbe, check_size
from ml_server.decode_png import PagePicture
from ml_server.document import DocumentRequest, DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.engines.base import ReadOptions
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.extraction import key_value_pages, understood
from ml_server.gate import Gate
from ml_server.key_value import KeyValuePage
from ml_server.pools import Pools
from ml_server.reading import Plan, blaming_file, read_pages
from ml_server.rendering import render_pages
from ml_server.settings import Settings
from ml_server.start_up import StartUp


class Pipeline:
    """Owns the decoder's, the engines' and the extractor's pools. All methods belong to one event loop.

    Args:
        settings: see :class:`Settings`.
        inline: run everything in this process instead of processes of its own; for one-shot command lines.
    """

    def __init__(self, settings: Settings, *, inline: bool = False) -> None:
        self.settings = settings
        self._inline = inline
        self._gate = Gate(settings.unhealthy_after_s)
        self._limits = DecodeLimits.from_settings(settings)
        self._pools = Pools(settings, self._limits, inline=inline)
        self._start_up = StartUp(settings, self._pools, self._gate)
        self._warming: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._grace_ends: float | None = None  # event-loop time, once the server stops
        self._log = logs.get_logger("ml_server.pipeline")

    @property
    def is_ready(self) -> bool:
        """Whether the default engine has read its warm-up page and still has, or is getting, a replica."""
        return self.state == "ready"

    @property
    def state(self) -> str:
        """``starting``, ``ready``, ``stopping``, or ``failed`` while the default engine cannot read."""
        return self._gate.state

    @property
    def reason(self) -> str:
        """Why the state is ``failed``; empty otherwise. It may pass: loading is tried again."""
        return self._gate.reason

    def check_ready(self) -> None:
        """Refuse unless requests can be served.

        Raises:
            NotReady: says why, and when to try again.
        """
        self._gate.check()

    async def start(self) -> None:
        """Begin warming up in the background and return."""
        self._warming = asyncio.create_task(self._start_up.everything())
        self._watching = asyncio.create_task(self._gate.watch())

    async def wait_until_ready(self) -> None:
        """Wait for the warm-up.

        Raises:
            MLServerError: why the default engine could not be loaded.
        """
        await self._start_up.default_engine()

    async def wait_until_extracting(self) -> None:
        """Load the key–value extractor, every version in service, and wait until it is warm.

        Raises:
            MLServerError: why it could not be loaded.
        """
        await self._start_up.extractor()

    async def hopeless(self) -> str:
        """Wait until the default engine could not be started for ``unhealthy_after_s`` seconds; says why it could not.

        Whoever runs the server ends it then: another machine may do better, and nobody must take it for ready.
        """
        why = await self._gate.hopeless()
        self._log.error("server_given_up", after_s=self.settings.unhealthy_after_s, error=why)
        return why

    async def drain(self) -> float:
        """Refuse new work and wait, at most ``shutdown_grace_s`` seconds, until what was let in is done.

        Returns:
            Seconds that are left of the grace.
        """
        self._gate.close()
        left_s = self._grace_left_s()
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._gate.emptied()
        return self._grace_left_s()

    async def close(self) -> None:
        """Refuse new work, give what is running the rest of ``shutdown_grace_s`` seconds, then end the processes."""
        self._gate.close()
        background = [task for task in (self._warming, self._watching) if task is not None]
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await self._pools.close(self._grace_left_s())

    def _grace_left_s(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._grace_ends is None:
            self._grace_ends = now + self.settings.shutdown_grace_s
        return max(0.0, self._grace_ends - now)

    def engines(self) -> list[EngineInfo]:
        """Every engine and the extractor, with the number of replicas that are warm now."""
        return self._pools.describe()

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        """Read a document of exactly one page.

        Raises:
            InvalidImage: it has more pages; they are not silently dropped.
            MLServerError: see :meth:`extract_pages`.
        """
        with self._gate.enter():
            return await self._read_one(request)

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
        if not 1 <= len(requests) <= self.settings.max_batch:
            raise InvalidRequest(
                f"a batch has 1 to {self.settings.max_batch} images, this one has {len(requests)}", field="images"
            )
        with self._gate.enter():  # once, for all items: a batch that was let in is done, even if the server stops
            return await read_batch(requests, self._read_one, self.settings.request_timeout_s)

    async def _read_one(self, request: DocumentRequest) -> OCRPage:
        alone = replace(request, single_page=True)
        async with aclosing(read_pages(alone, self._plan(alone), self._pools.decoder)) as pages:
            return await anext(pages)

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
        with self._gate.enter():
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
        async with aclosing(self.extract_both(request)) as pages:
            async for _, found in pages:
                yield found

    async def extract_both(self, request: DocumentRequest) -> AsyncGenerator[tuple[OCRPage, KeyValuePage], None]:
        """As :meth:`extract_key_values`, with what was read on each page beside what was understood of it."""
        with self._gate.enter():
            plan, extractor = self._plan(request), self._pools.extractor(request.model_version)
            read = read_pages(request, plan, self._pools.decoder)
            async with aclosing(key_value_pages(read, plan, extractor)) as pages:
                async for both in pages:
                    yield both

    async def render_pages(self, data: bytes, dpi: int) -> AsyncGenerator[tuple[DocumentProbe, PagePicture], None]:
        """Write a document's pages as PNG, see :func:`render_pages`; the engines have no part in it."""
        with self._gate.enter():
            async with aclosing(render_pages(data, dpi, self._pools.decoder, self.settings.request_timeout_s)) as pages:
                async for page in pages:
                    yield page

    async def understand(self, page: OCRPage, timeout_s: float | None = None, model_version: str = "") -> KeyValuePage:
        """Find entities and pairs among words that somebody else has read, or corrected.

        Args:
            page: with the words.
            timeout_s: as in :class:`DocumentRequest`, like the one below.
            model_version: who is to understand them.

        Raises:
            MLServerError: see :meth:`extract_key_values`.
        """
        limit = self.settings.request_timeout_s
        with self._gate.enter():
            return await understood(page, self._pools.extractor(model_version), min(limit, timeout_s or limit))

    async def count_pages(self, request: DocumentRequest) -> int:
        """How many pages a document has; errors are those of :meth:`extract_pages` before its first page."""
        with self._gate.enter(), self._pools.decoder.admit() as permit:
            deadline = self._plan(request).deadline
            return int((await self._pools.decoder.call(permit, deadline, "probe", request.data)).pages)

    def _plan(self, request: DocumentRequest) -> Plan:
        """Check everything that can be checked without touching the document's contents."""
        began = time.perf_counter()
        if not (math.isfinite(request.confidence_threshold) and 0 <= request.confidence_threshold <= 1):
            raise InvalidRequest(
                f"confidence_threshold is {request.confidence_threshold}, allowed: 0 to 1", field="confidence_threshold"
            )
        wanted = languages.parse(request.language)
        engine = self._pools.pick(request.engine.strip().lower(), wanted)
        observation.picked(engine)
        with blaming_file(request):
            check_size(request.data, self._limits)
        limit = self.settings.request_timeout_s
        seconds = limit if request.timeout_s is None else min(request.timeout_s, limit)
        return Plan(
            pool=self._pools.engine(engine),
            options=ReadOptions(wanted, request.use_angle_cls, request.max_pixels, request.enlarge_below),
            threshold=request.confidence_threshold,
            deadline=asyncio.get_running_loop().time() + seconds,
            began=began,
            shared=not self._inline,
        )
