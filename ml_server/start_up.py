"""What a server loads before anybody asks for it, and in which order."""

from __future__ import annotations

import asyncio

from ml_server import logs
from ml_server.errors import MLServerError
from ml_server.gate import Gate
from ml_server.pools import Pools
from ml_server.settings import Settings

_RETRY_READY_S = 5.0
"""Pause before a default engine that could not be loaded is looked at again; its pool keeps trying meanwhile."""


class StartUp:
    """Loads engines and extractor, and opens the door once the default engine reads. Belongs to one event loop.

    Args:
        settings: which engines, for which languages.
        pools: where they are.
        gate: the server's door.
    """

    def __init__(self, settings: Settings, pools: Pools, gate: Gate) -> None:
        self._settings = settings
        self._pools = pools
        self._gate = gate
        self._log = logs.get_logger("ml_server.pipeline")

    async def default_engine(self) -> None:
        """Load decoder and default engine, and open the door.

        Raises:
            MLServerError: why one of them could not be loaded.
        """
        default = self._pools.engine(self._pools.default_engine())
        self._gate.follow(default, self._pools.decoder)
        self._pools.decoder.start()
        await default.ready()
        await self._pools.decoder.ready()
        self._gate.open()

    async def extractor(self) -> None:
        """Load the key–value extractor, every version in service.

        Raises:
            MLServerError: why it could not be loaded.
        """
        await self._pools.extractors.ready()

    async def everything(self) -> None:
        """Default engine, then those that ``auto`` would pick for the languages to preload, then the extractor."""
        try:
            self._pools.default_engine()
        except MLServerError as error:
            self._log.error("default_engine_failed", error=error.message)
            self._gate.give_up(error.message)
            return
        while True:
            try:
                await self.default_engine()
                break  # whether it stays ready is the gate's business
            except MLServerError as error:
                self._log.error("default_engine_failed", error=error.message)
                await asyncio.sleep(_RETRY_READY_S)
        if self._gate.state == "stopping":
            return
        self._log.info("ready", engine=self._pools.default_engine(), language=self._settings.lang)
        for language in self._settings.preload.replace("+", ",").split(","):
            engine = self._pools.picked("auto", language) if language.strip() else None
            if engine is not None:
                try:
                    await self._pools.engine(engine).ready()
                except MLServerError as error:
                    self._log.warning("preload_failed", engine=engine, error=error.message)
        if self._settings.key_value_preload:
            try:
                await self.extractor()
            except MLServerError as error:
                self._log.warning("preload_failed", engine=self._settings.key_value_extractor, error=error.message)
