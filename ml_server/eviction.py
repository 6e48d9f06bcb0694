"""Which engine is unloaded, and when: unused for long, or the least recently used where memory is short.

An engine in use is never touched. Memory is measured, not guessed, every few seconds and before a process is started.
How much a process needs is known once one has been measured; until then it shows in a start that runs out of memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from ml_server import logs, memory, metrics
from ml_server.gpu import VRAMManager
from ml_server.outcomes import is_out_of_memory

_EVERY_S = 5.0
"""Seconds between two looks at what the engines hold."""

_HOPELESS_S = 600.0
"""Seconds that others are left in peace after they were all unloaded for a start, and it ran out of memory again."""


class Evictable(Protocol):
    """What of a pool matters here."""

    @property
    def loaded(self) -> int:
        """Replicas that are warm."""

    @property
    def pids(self) -> list[int]:
        """Their processes."""

    @property
    def idle_s(self) -> float:
        """Seconds since it was last used; 0.0 while it is."""

    async def unload(self) -> bool:
        """End its processes unless it is in use; says whether it did."""


@dataclass(frozen=True, slots=True)
class EvictionRules:
    """When to unload.

    Attributes:
        ram_budget: bytes of RAM that all engines' processes may hold; 0 for no limit.
        idle_s: seconds after which an unused engine is unloaded; 0 for never.
    """

    ram_budget: int = 0
    idle_s: float = 0.0


class Evictor:
    """Unloads engines. All methods belong to one event loop.

    Args:
        rules: see :class:`EvictionRules`.
        pools: the engines' pools by name, as they are now; the decoder's is not among them.
        kept: the name of the engine that is never unloaded; None for none.
        vram: of the GPUs, with their budget; None where there are none or nobody watches them.
        others: processes by name that are measured and never unloaded, nor in any budget: the decoder's.
    """

    def __init__(
        self,
        rules: EvictionRules,
        pools: Callable[[], Mapping[str, Evictable]],
        kept: Callable[[], str | None],
        vram: VRAMManager | None = None,
        others: Callable[[], Mapping[str, Sequence[int]]] = dict,
    ) -> None:
        self._rules = rules
        self._pools = pools
        self._kept = kept
        self._vram = vram
        self._others = others
        self._ram: dict[str, int] = {}
        self._sizes: dict[tuple[str, str], int] = {}
        self._starting: list[tuple[str, str]] = []
        self._starved: set[tuple[str, int]] = set()
        self._hopeless: dict[tuple[str, int], float] = {}
        self._over: set[str] = set()
        self._warm_since: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._log = logs.get_logger("ml_server.eviction")

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.look()
            except Exception:
                self._log.exception("eviction_failed")

    async def look(self) -> None:
        """Measure, unload what nobody has used for long, and what is too much."""
        async with self._turn:
            devices = await self._measure()
            for name, pids in self._others().items():
                metrics.ENGINE_MEMORY_BYTES.labels(name, "ram").set(await asyncio.to_thread(memory.held, pids))
            await self._unload_unused()
            if self._rules.ram_budget:
                self._tell_over("ram", await self._shed("ram", self._ram_fits, self._ram))
            if self._vram is not None:
                crowded = [await self._shed_vram(device, use) for device, use in devices.items()]
                self._tell_over("vram", any(crowded))

    async def _unload_unused(self) -> None:
        now = asyncio.get_running_loop().time()
        warm = {name: self._warm_since.get(name, now) for name, pool in self._pools().items() if pool.loaded}
        self._warm_since = warm
        for name, pool in self._candidates():
            # Nobody can use an engine while it loads, which may take longer than it may be unused.
            if self._rules.idle_s and min(pool.idle_s, now - warm[name]) >= self._rules.idle_s:
                await self._unload(name, pool, "idle")

    @asynccontextmanager
    async def room(self, name: str, place: int) -> AsyncIterator[None]:
        """Room for one more process of an engine, while it starts.

        Others are unloaded until it fits, as far as it is known how big it gets. After a start that ran out of memory
        all on its device are, but for those in use; if that was all that could be done, not again for a while.

        Args:
            name: of the engine.
            place: of the process in its pool; says which GPU it gets.
        """
        device, who = self._device(place), (name, place)
        if self._rules.ram_budget or self._vram is not None or who in self._starved:
            async with self._turn:
                await self._make_room(name, place, device)
        self._starting.append((name, device))
        try:
            yield
        except Exception as error:
            if is_out_of_memory(error):
                self._starved.add(who)
            raise
        else:
            self._starved.discard(who)
            self._hopeless.pop(who, None)
        finally:
            self._starting.remove((name, device))

    def _device(self, place: int) -> str:
        """The label of the GPU that a place has; empty where nobody watches any."""
        labels = self._vram.monitor.labels if self._vram is not None else ()
        return labels[place % len(labels)] if labels else ""

    async def _make_room(self, name: str, place: int, device: str) -> None:
        devices = await self._measure()
        coming = self._coming(name, "ram", self._starting)
        if await self._shed("ram", lambda: self._ram_fits(coming), self._ram, sparing=name):
            self._tell_over("ram", True)
        if device in devices:
            coming = self._coming(name, "vram", [each for each in self._starting if each[1] == device])
            if await self._shed_vram(device, devices[device], coming, sparing=name):
                self._tell_over("vram", True)
        who, now = (name, place), asyncio.get_running_loop().time()
        kind, use = ("vram", devices.get(device)) if device else ("ram", dict(self._ram))
        wants_all = who in self._starved and use is not None and self._hopeless.get(who, now) <= now
        if wants_all and await self._unload_all(kind, use or {}, name, device):
            self._hopeless[who] = now + _HOPELESS_S

    def _coming(self, name: str, kind: str, starting: list[tuple[str, str]]) -> int:
        """Bytes that a process and those that are starting too, which nobody measures yet, will need."""
        return sum(self._sizes.get((each, kind), 0) for each in (name, *(other for other, _ in starting)))

    async def _unload_all(self, kind: str, use: Mapping[str, int], sparing: str, device: str) -> bool:
        """Unload whoever may be of those who hold some of ``use``. Whether nobody is left who may be another time."""
        for name, pool in self._candidates():
            if name != sparing and use.get(name):
                await self._unload(name, pool, kind)
        left = {name for name, pool in self._pools().items() if pool.loaded and use.get(name)}
        return not {*left, *(name for name, on in self._starting if on == device)} - {sparing, self._kept()}

    async def _measure(self) -> dict[str, dict[str, int]]:
        """Look at RAM and GPUs; gives the bytes held by engine, by a GPU's label."""
        pids = {name: pool.pids for name, pool in self._pools().items()}
        self._ram, devices = await asyncio.to_thread(self._read, pids)
        self._tell_loaded()
        for name, mine in pids.items():
            found = {"ram": self._ram[name]}
            if self._vram is not None:
                found["vram"] = sum(use.get(name, 0) for use in devices.values())
            for kind, size in found.items():
                metrics.ENGINE_MEMORY_BYTES.labels(name, kind).set(size)
                if mine and size:
                    self._sizes[name, kind] = size // len(mine)
        return devices

    def _read(self, pids: Mapping[str, list[int]]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        ram = {name: memory.held(mine) for name, mine in pids.items()}
        return ram, self._vram.look(pids) if self._vram is not None else {}

    def _ram_fits(self, coming: int = 0) -> bool:
        return not self._rules.ram_budget or sum(self._ram.values()) + coming <= self._rules.ram_budget

    async def _shed_vram(self, device: str, use: Mapping[str, int], coming: int = 0, sparing: str = "") -> bool:
        vram = self._vram
        assert vram is not None
        return await self._shed("vram", lambda: vram.room_for(coming, device), use, sparing)

    async def _shed(self, kind: str, fits: Callable[[], bool], use: Mapping[str, int], sparing: str = "") -> bool:
        """Unload who holds some of ``use``, the least recently used first, until it fits. Whether it still does not."""
        for name, pool in self._candidates():
            if not fits() and name != sparing and use.get(name):
                await self._unload(name, pool, kind)
        return not fits()

    def _tell_loaded(self) -> None:
        metrics.ENGINES_LOADED.set(sum(pool.loaded > 0 for pool in self._pools().values()))

    def _tell_over(self, kind: str, over: bool) -> None:
        metrics.OVER_BUDGET.labels(kind).set(over)
        if over and kind not in self._over:
            self._log.warning("over_budget", kind=kind, reason="every engine that may be unloaded is in use")
        if over:
            self._over.add(kind)
        else:
            self._over.discard(kind)

    def _candidates(self) -> list[tuple[str, Evictable]]:
        """Warm engines nobody uses, the least recently used first."""
        kept = self._kept()
        idle = [(pool.idle_s, name, pool) for name, pool in self._pools().items() if pool.loaded and name != kept]
        return [(name, pool) for seconds, name, pool in sorted(idle, key=lambda each: -each[0]) if seconds > 0]

    async def _unload(self, name: str, pool: Evictable, cause: str) -> None:
        """Unload an engine; what it held counts as free from now on, though its processes may take a moment to end."""
        if not await pool.unload():
            return  # it has been asked for in between
        self._ram[name] = 0
        metrics.ENGINE_MEMORY_BYTES.labels(name, "ram").set(0)
        if self._vram is not None:
            self._vram.freed(name)
            metrics.ENGINE_MEMORY_BYTES.labels(name, "vram").set(0)
        self._tell_loaded()
        metrics.EVICTIONS.labels(name, cause).inc()
        self._log.info("engine_unloaded", engine=name, cause=cause)
