"""The pools of one server: the decoder's and, as they are asked for, the engines' and the extractors'."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial

from ml_server import cores, gpu, languages, logs, shared_files
from ml_server.decode import DecodeLimits
from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import KIND, ExtractorFactory
from ml_server.engines.factory import AUTO, OCREngineFactory
from ml_server.errors import EngineUnavailable, InvalidImage, MLServerError
from ml_server.eviction import EvictionRules, Evictor
from ml_server.extractor_pools import ExtractorPools, is_extractor
from ml_server.jobs import PoolOptions
from ml_server.languages import Language
from ml_server.replicas import InlineReplica, MakeWorker, ProcessReplica, Replica
from ml_server.scheduler import Pool
from ml_server.settings import Settings
from ml_server.vlm_settings import vlm_options
from ml_server.workers import DecodeWorker, EngineWorker

RoomAt = Callable[[int], AbstractAsyncContextManager[None]]
"""See :data:`ml_server.replicas.Room`, for one of the places in a pool."""

_MIB = 2**20
_DECODES_PER_REQUEST = 16
"""The decoder's queue is this much longer than an engine's: it serves them all, and refusing is the engines' job."""

_BATCH = {"gpu": 8, "cpu": 4}
"""Pages in one call unless the operator says otherwise, for what does several together. What reads one after another
gets them one by one: company would make each wait for the last, and other requests for them all."""

_PROCESSES_OF_REMOTE = 8
"""Processes that wait for another server's answers. Pages of one call wait for the slowest of them, so as few as can be
share one; eight such processes take 0.4 GB."""


class Pools:
    """Makes pools from settings and keeps them.

    Args:
        settings: see :class:`Settings`.
        limits: of the decoder.
        inline: run the workers in this process.
    """

    def __init__(self, settings: Settings, limits: DecodeLimits, *, inline: bool) -> None:
        self._settings = settings
        self._inline = inline
        self._cores = cores.allowed(settings.cores)
        self._engines: dict[str, Pool] = {}
        self._devices, vram = (
            gpu.open_devices(
                settings.gpu_devices,
                os.environ.get("CUDA_VISIBLE_DEVICES"),
                settings.vram_budget_mb * _MIB,
                settings.vram_alarm,
            )
            if settings.device == "gpu" and not inline
            else ((), None)
        )
        self._infos = OCREngineFactory.available(self._config(1, ()))
        self.extractors = ExtractorPools(
            settings,
            ExtractorConfig(
                device=settings.device,
                threads=self._threads(self._replicas(KIND)),
                allow_noncommercial=settings.allow_noncommercial,
            ),
            lambda name, make: self._make_pool(name, self._replicas(name), make),
            inline=inline,
        )
        self._evictor = Evictor(
            EvictionRules(settings.memory_budget_mb * _MIB, settings.idle_unload_s),
            self._loadable,
            lambda: self.picked(settings.engine, settings.lang) if settings.keep_default else None,
            vram,
            lambda: {self.decoder.options.name: self.decoder.pids},
        )
        self._watching: list[asyncio.Task[None]] = []
        self.decoder = self._make_decoder(limits)

    def pick(self, engine: str, wanted: tuple[Language, ...]) -> str:
        """The engine for a request; ``auto`` is the operator's engine if it reads the languages, else the best one.

        Raises:
            UnknownEngine, EngineUnavailable: as :meth:`OCREngineFactory.pick`.
        """
        preferred = self._settings.engine
        if engine == AUTO != preferred:
            with contextlib.suppress(EngineUnavailable):
                return OCREngineFactory.pick(preferred, wanted, self._infos)
        return OCREngineFactory.pick(engine, wanted, self._infos)

    def picked(self, engine: str, language: str) -> str | None:
        """As :meth:`pick`, for a language as people write it; None where it would raise."""
        try:
            return self.pick(engine, languages.parse(language))
        except MLServerError:
            return None

    def default_engine(self) -> str:
        """The engine that a request without options gets.

        Raises:
            MLServerError: as :meth:`OCREngineFactory.pick`.
        """
        return self.pick(self._settings.engine, languages.parse(self._settings.lang))

    def describe(self) -> list[EngineInfo]:
        """Every engine and then the extractors, with the number of replicas that are warm now."""
        default = self.picked(self._settings.engine, self._settings.lang)
        engines = [
            replace(
                info,
                loaded=self._engines[info.name].loaded if info.name in self._engines else 0,
                default=info.name == default,
            )
            for info in self._infos
        ]
        return [*engines, *self.extractors.describe()]

    def engine(self, name: str) -> Pool:
        """The pool of an engine, made and started when first asked for."""
        if name not in self._engines:
            replicas = self._replicas(name)
            config = self._config(replicas, self._to_load(name))
            self._engines[name] = self._make_pool(name, replicas, partial(EngineWorker, name, config))
        return self._engines[name]

    def extractor(self, version: str = "") -> Pool:
        """The pool of an extractor, see :meth:`ExtractorPools.pick`."""
        return self.extractors.pick(version)

    async def close(self, grace_s: float) -> None:
        """Wait up to ``grace_s`` seconds for requests to finish, then end every process."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        pools = [self.decoder, *self._loadable().values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await asyncio.gather(*(pool.drained() for pool in pools))
        await self.extractors.close()
        await asyncio.gather(*(pool.close() for pool in pools))
        shared_files.clear()

    def _loadable(self) -> dict[str, Pool]:
        """The pools that come and go, as they are needed."""
        return {**self._engines, **self.extractors.pools()}

    def _watch(self) -> None:
        """Begin to watch memory, idleness and models, and say how the cores are shared out; with the first pool."""
        if self._inline or self._watching:
            return
        self._watching = [asyncio.create_task(self._evictor.run()), asyncio.create_task(self.extractors.watch())]
        names = [*(info.name for info in self._infos if info.available and not self._remote(info.name)), KIND]
        shares = {name: f"{self._replicas(name)} x {self._threads(self._replicas(name))}" for name in names}
        logs.get_logger("ml_server.pools").info(
            "threads", cores=self._cores.count, source=self._cores.source, replicas_x_threads=shares
        )

    def _to_load(self, engine: str) -> tuple[Language, ...]:
        """The default and preloaded languages that this engine has weights for; at least one of its own."""
        info = next(info for info in self._infos if info.name == engine)
        asked = languages.parse(f"{self._settings.lang}+{self._settings.preload}")
        here = tuple(language for language in asked if language.name in info.languages)
        if here or not info.languages:
            return here or asked
        return languages.parse(info.languages[0])

    def _replicas(self, name: str) -> int:
        """Processes of an engine or the extractor: what fits the cores, and at least one for each GPU."""
        if self._remote(name):
            return self._remote_shape()[0]
        if self._inline:
            return 1
        if is_extractor(name):
            return max(1, len(self._devices))
        fitting = OCREngineFactory.engine_class(name).replicas(self._cores.count)
        return self._settings.replicas or max(fitting, len(self._devices))

    def _threads(self, replicas: int) -> int:
        """Threads of each of so many processes: together no more than there are cores, if the operator did not say."""
        return self._settings.threads or max(1, self._cores.count // replicas)

    def _remote(self, name: str) -> bool:
        return not is_extractor(name) and OCREngineFactory.engine_class(name).remote

    def _remote_shape(self) -> tuple[int, int]:
        """Processes that ask another server, and pages each is given at a time; together what that server may get."""
        most = self._settings.vlm_concurrency
        processes = 1 if self._inline else min(most, self._settings.replicas or _PROCESSES_OF_REMOTE)
        pages = math.ceil(most / processes)
        return most // pages, pages

    def _batch_size(self, name: str) -> int:
        if self._remote(name):
            return self._remote_shape()[1]
        if not self._batches(name):
            return 1
        return self._settings.max_batch_size or _BATCH[self._settings.device]

    def _batches(self, name: str) -> bool:
        if is_extractor(name):
            return ExtractorFactory.extractor_class(self._settings.key_value_extractor).batches
        return OCREngineFactory.engine_class(name).batches

    def _config(self, replicas: int, wanted: tuple[Language, ...]) -> EngineConfig:
        settings = self._settings
        return EngineConfig(
            languages=wanted,
            device=settings.device,
            threads=self._threads(replicas),
            model_dir=settings.model_dir,
            paddle_backend=settings.paddle_backend,
            detection_side=settings.detection_side,
            mock_delay_s=settings.mock_delay_s,
            mock_failure=settings.mock_failure,
            vlm=vlm_options(settings),
            layout=settings.layout,
        )

    def _make_pool(self, name: str, replicas: int, make: MakeWorker) -> Pool:
        settings = self._settings
        call_s, load_s = settings.page_timeout_s, settings.load_timeout_s
        if self._remote(name):  # keeps its own time and says what it waited for; the process is killed only after that
            call_s, load_s = (2 * settings.vlm_timeout_s, settings.vlm_wait_s + 2 * settings.vlm_timeout_s)
        pool = Pool(
            PoolOptions(
                name=name,
                replicas=replicas,
                queue_size=settings.queue_size,
                call_timeout_s=call_s,
                load_timeout_s=load_s,
                recycle_after=settings.recycle_after,
                batch_size=self._batch_size(name),
                batch_wait_s=settings.max_wait_ms / 1000,
            ),
            partial(self._replica, make, self._threads(replicas), partial(self._evictor.room, name)),
        )
        self._watch()
        pool.start()
        return pool

    def _replica(self, make: MakeWorker, threads: int, room: RoomAt | None, place: int) -> Replica:
        """A replica for one of the places in a pool, which decides what GPU it sees."""
        if self._inline:
            return InlineReplica(make)
        environment = cores.thread_environment(threads)
        if self._devices and room is not None:
            environment |= gpu.device_environment(self._devices[place % len(self._devices)])
        return ProcessReplica(
            make,
            self._settings.log_level,
            self._settings.log_format,
            environment=environment,
            growth=self._settings.recycle_growth,
            room=partial(room, place) if room is not None else contextlib.nullcontext,
        )

    def _make_decoder(self, limits: DecodeLimits) -> Pool:
        settings = self._settings
        seconds = settings.decode_timeout_s
        worker: Callable[[], DecodeWorker] = partial(
            DecodeWorker, limits, settings.decode_memory_mb * 2**20, self._inline
        )
        return Pool(
            PoolOptions(
                name="decode",
                replicas=1 if self._inline else settings.decode_workers,
                queue_size=_DECODES_PER_REQUEST * settings.queue_size,
                call_timeout_s=seconds,
                load_timeout_s=settings.load_timeout_s,
                recycle_after=settings.recycle_after,
            ),
            partial(self._replica, worker, 1, None),
            on_hang=lambda: InvalidImage(f"the document was not decoded within {seconds:g} s; it may be damaged"),
            on_crash=lambda: InvalidImage("the decoder died of this document; it is damaged or hostile"),
        )
