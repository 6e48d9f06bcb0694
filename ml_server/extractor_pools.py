"""The key–value extractors of one server: the version that serves, perhaps one that shares its work, and their change.

A version that is to serve is loaded and warm before any request goes to it. Requests that the one before has taken in
are done by it; it ends when the last of them is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ml_server import logs, metrics
from ml_server.engine_info import EngineInfo
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import KIND, ExtractorFactory
from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError
from ml_server.models.serving import SHIPPED, Serving, ServingFile
from ml_server.models.store import reference
from ml_server.replicas import MakeWorker
from ml_server.scheduler import Pool
from ml_server.settings import Settings
from ml_server.workers import ExtractWorker

_EVERY_S = 2.0
"""Seconds between two looks at which version is to serve."""

_AGAIN_S = 30.0
"""Seconds until a version that could not be loaded is tried again."""


class ExtractorPools:
    """A pool for each version in service. All methods belong to one event loop.

    Args:
        settings: see :class:`Settings`. A model named there is the only one and stays.
        config: of an extractor, but for its model.
        make_pool: a pool that has been started, by its name and worker.
        inline: for one-shot command lines: what serves now, without sharing and without change.
    """

    def __init__(
        self, settings: Settings, config: ExtractorConfig, make_pool: Callable[[str, MakeWorker], Pool], *, inline: bool
    ) -> None:
        self._settings = settings
        self._config = config
        self._make_pool = make_pool
        self._inline = inline
        self._file = None if settings.key_value_model else ServingFile.of(settings)
        self._stamp = self._file.stamp() if self._file else (0, 0, 0)
        self._fault = ""
        self._serving = Serving()
        try:
            self._serving = self._file.read() if self._file else Serving(settings.key_value_model)
        except MLServerError as error:
            self._fault = error.message
        self._infos = {version: self._describe(version) for version in self._serving.versions}
        self._pools: dict[str, Pool] = {}
        self._leaving: dict[Pool, asyncio.Task[None]] = {}
        self._given = 0
        self._log = logs.get_logger("ml_server.models")

    def describe(self) -> list[EngineInfo]:
        """Each version in service, with the number of replicas that are warm now."""
        return [
            replace(info, loaded=self._pools[version].loaded if version in self._pools else 0)
            for version, info in self._infos.items()
        ]

    def pick(self, asked: str = "") -> Pool:
        """The pool for a request, made and started when first needed.

        Args:
            asked: version the request wants; empty for whichever it gets.

        Raises:
            InvalidRequest: that version is not in service; the message lists those that are.
            EngineUnavailable: packages or model are not here, or the model's licence is refused.
        """
        return self._pool(self._named(asked.strip()) if asked.strip() else self._next())

    async def ready(self) -> None:
        """Load every version in service and wait until all are warm.

        Raises:
            MLServerError: why one could not be loaded.
        """
        await asyncio.gather(*(self._pool(version).ready() for version in self._loaded()))

    def pools(self) -> dict[str, Pool]:
        """All that may have processes, those that are about to end among them, by name."""
        return {pool.options.name: pool for pool in (*self._leaving, *self._pools.values())}

    async def watch(self) -> None:
        """Follow what commands decide, until cancelled."""
        again = 0.0
        while self._file is not None:
            await asyncio.sleep(_EVERY_S)
            now = asyncio.get_running_loop().time()
            stamp = await asyncio.to_thread(self._file.stamp)
            if stamp == self._stamp and (not again or now < again):
                continue
            self._stamp, again = stamp, 0.0
            try:
                await self.follow()
            except MLServerError as error:
                again = now + _AGAIN_S
                self._log.error("model_swap_failed", error=error.message, serves=self._serving.version)
            except Exception:
                again = now + _AGAIN_S
                self._log.exception("model_swap_failed", serves=self._serving.version)

    async def follow(self) -> None:
        """Do what the state on disk says: load what is new, then send requests there, then end what is left.

        Raises:
            MLServerError: the state is damaged or a version cannot be loaded; all stays as it was.
        """
        assert self._file is not None
        wanted = await asyncio.to_thread(self._file.read)
        infos = {version: self._describe(version) for version in wanted.versions}
        came = {version for version in wanted.versions if version not in self._pools}
        before = self._serving.version
        fresh: dict[str, Pool] = {}
        if self._settings.key_value_preload or self._pools:
            try:
                for version in came:
                    _check(infos[version])
                    fresh[version] = self._make(version)
                await asyncio.gather(*(pool.ready() for pool in fresh.values()))
            except BaseException:
                await asyncio.gather(*(pool.close() for pool in fresh.values()))
                raise
        known = {*self._pools.values(), *fresh.values()}
        # A request may have needed a version while it was loaded here: then there are two pools, and its own stays.
        pools = fresh | self._pools
        self._pools = {version: pool for version, pool in pools.items() if version in wanted.versions}
        self._serving, self._infos, self._fault = wanted, infos, ""  # from here on requests go to the new ones
        for pool in known.difference(self._pools.values()):
            self._leaving[pool] = asyncio.create_task(self._leave(pool))
        self._log.info(
            "model_serves", version=wanted.version, before=before, shared=wanted.shared, share=wanted.share,
            why=wanted.why,
        )  # fmt: skip

    async def close(self) -> None:
        """End every process at once."""
        for task in self._leaving.values():
            task.cancel()
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)
        await asyncio.gather(*(pool.close() for pool in (*self._leaving, *self._pools.values())))

    async def _leave(self, pool: Pool) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.request_timeout_s):
                await pool.drained()
        await pool.close()
        del self._leaving[pool]
        name = pool.options.name
        self._log.info("model_left", engine=name)
        if name not in self.pools():
            metrics.pool_ended(name)

    def _loaded(self) -> tuple[str, ...]:
        return self._serving.versions[:1] if self._inline else self._serving.versions

    def _next(self) -> str:
        """Who is next: of every hundred requests exactly ``share`` go to the second version, evenly spread."""
        serving = self._serving
        if self._inline or not serving.share:
            return serving.version
        self._given += serving.share
        if self._given < 100:
            return serving.version
        self._given -= 100
        return serving.shared

    def _named(self, asked: str) -> str:
        wanted = asked.removeprefix(f"{self._settings.model_store}:")
        if self._file is None:
            # The model is named by the settings; its own version, which results carry, is a name for it too.
            (own, info), = self._infos.items()  # fmt: skip
            if wanted in (own, _own_version(info)):
                return own
            raise InvalidRequest(
                f"model_version is {asked[:80]!r}, but this server is bound to {own} by ML_SERVER_KEY_VALUE_MODEL",
                field="model_version",
            )
        for version in self._loaded():
            if wanted in (version, _own_version(self._infos[version]) if version == SHIPPED else version):
                return version
        there = ", ".join(_shown(version, self._infos[version]) for version in self._loaded())
        raise InvalidRequest(
            f"model_version is {asked[:80]!r}; in service here: {there}. "
            "'ml-server models promote VERSION --share PERCENT' takes another one into service",
            field="model_version",
        )

    def _pool(self, version: str) -> Pool:
        if self._fault:
            raise EngineUnavailable(f"no key–value model serves: {self._fault}")
        if version not in self._pools:
            # A model that is merely not here yet is left to the worker, which may fetch it and else says why it cannot.
            info = self._infos[version]
            if info.install or version == SHIPPED:
                _check(info)
            self._pools[version] = self._make(version)
        return self._pools[version]

    def _make(self, version: str) -> Pool:
        # Named after what it does, as the decoder is: an OCR engine may have the extractor's own name.
        name = KIND if self._file is None or version == SHIPPED else f"{KIND}:{version}"
        return self._make_pool(
            name, partial(ExtractWorker, self._settings.key_value_extractor, self._config_of(version))
        )

    def _describe(self, version: str) -> EngineInfo:
        info = ExtractorFactory.describe(self._settings.key_value_extractor, self._config_of(version))
        if self._fault:
            return replace(info, available=False, reason=self._fault, install="")
        return info

    def _config_of(self, version: str) -> ExtractorConfig:
        model = version if self._file is None else reference(self._settings.model_store, version)
        return replace(self._config, model=model)


def _check(info: EngineInfo) -> None:
    if not info.available:
        raise EngineUnavailable(
            f"key–value extractor {info.name} is not available here: {info.reason}"
            + (f"; install it with: {info.install}" if info.install else "")
        )


def _own_version(info: EngineInfo) -> str:
    """As results carry it: the first word of what the extractor says of itself."""
    return info.version.partition(" ")[0]


def _shown(version: str, info: EngineInfo) -> str:
    return f"{version} ({_own_version(info)})" if version == SHIPPED and _own_version(info) else version


def is_extractor(name: str) -> bool:
    """Whether a pool of that name is an extractor's."""
    return name.partition(":")[0] == KIND
