"""Pools whose only processes are numbers, and what unloads them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from ml_server import memory, metrics
from ml_server.eviction import EvictionRules, Evictor
from ml_server.gpu import VRAMManager


@dataclass
class FakePool:
    """A pool of processes that are only numbers."""

    pids: list[int]
    idle_s: float = 1.0
    asked_for: bool = False
    unloaded: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def loaded(self) -> int:
        return len(self.pids)

    async def unload(self) -> bool:
        if self.asked_for:
            return False
        self.pids, self.unloaded = [], self.unloaded + 1
        self.gone.set()
        return True


def numbers_hold(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Bytes of RAM by process id, from now on; a test fills it."""
    sizes: dict[int, int] = {}
    monkeypatch.setattr(memory, "held", lambda pids: sum(sizes.get(pid, 0) for pid in pids))
    return sizes


def evictor(
    pools: dict[str, FakePool],
    *,
    ram: int = 0,
    idle_s: float = 0.0,
    kept: str | None = None,
    vram: VRAMManager | None = None,
) -> Evictor:
    return Evictor(EvictionRules(ram, idle_s), lambda: pools, lambda: kept, vram)


def evictions(engine: str, cause: str) -> float:
    labels = {"engine": engine, "cause": cause}
    return metrics.REGISTRY.get_sample_value("ml_server_evictions_total", labels) or 0.0


def over(kind: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("ml_server_over_budget", {"kind": kind})
