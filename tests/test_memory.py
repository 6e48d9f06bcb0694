"""Memory: what processes hold, when one has grown, and which engine goes when there is too little."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from fake_nvml import Device, FakeNVML
from fake_pools import FakePool, evictions, evictor, numbers_hold, over
from structlog.testing import capture_logs

from ml_server import memory, metrics
from ml_server.eviction import EvictionRules, Evictor
from ml_server.gpu import GPUMonitor, VRAMManager

MIB = 2**20
GROWS = """
import sys
for size in (20, 300, 20):
    sys.stdin.readline()
    data = b""
    data = b"x" * (size * 2**20)
    print(flush=True)
sys.stdin.read()
"""
BIG = "import sys; data = b'x' * (80 * 2**20); print(flush=True); sys.stdin.read()"


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    return numbers_hold(monkeypatch)


def test_what_a_process_holds_is_measured_and_nothing_once_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", BIG], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    held = memory.held([process.pid])
    process.communicate()
    assert 80 * MIB < held < 120 * MIB
    assert memory.held([process.pid]) == 0


def test_growth_is_measured_from_the_hundredth_call_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_NOT_WORTH_IT", 20 * MIB)
    watch, off = memory.Growth(1.2), memory.Growth(0.0)
    with subprocess.Popen([sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def turn() -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()

        turn()
        assert not watch.beyond(process.pid, 80)  # growing up
        assert not watch.beyond(process.pid, 100)
        turn()
        assert not watch.beyond(process.pid, 119)  # not looked at
        assert watch.beyond(process.pid, 120)
        assert not off.beyond(process.pid, 120)
        turn()
        assert not watch.beyond(process.pid, 140)
        process.communicate()


def test_small_growth_is_not_worth_a_new_process() -> None:
    watch, pid = memory.Growth(1.000001), os.getpid()
    assert not watch.beyond(pid, 100)
    ballast = bytearray(b"x" * (30 * MIB))
    assert not watch.beyond(pid, 120)
    del ballast


async def test_nothing_is_unloaded_without_rules(holds: dict[int, int]) -> None:
    holds |= {1: 500 * MIB}
    pools = {"a": FakePool([1], idle_s=10**6)}
    await evictor(pools).look()
    assert pools["a"].unloaded == 0
    labels = {"engine": "a", "kind": "ram"}
    assert metrics.REGISTRY.get_sample_value("ml_server_engine_memory_bytes", labels) == 500 * MIB
    assert metrics.REGISTRY.get_sample_value("ml_server_engines_loaded") == 1


async def test_the_decoders_memory_is_measured_and_in_no_budget(holds: dict[int, int]) -> None:
    holds |= {1: 80, 2: 500, 3: 500}
    pools = {"a": FakePool([1], idle_s=10**6)}
    rules = EvictionRules(ram_budget=100)
    await Evictor(rules, lambda: pools, lambda: None, others=lambda: {"decode": [2, 3]}).look()
    labels = {"engine": "decode", "kind": "ram"}
    assert metrics.REGISTRY.get_sample_value("ml_server_engine_memory_bytes", labels) == 1000
    assert pools["a"].unloaded == 0
    assert over("ram") == 0


async def test_an_engine_unused_for_long_is_unloaded_but_the_kept_one(holds: dict[int, int]) -> None:
    pools = {"a": FakePool([1], 61.0), "b": FakePool([2], 0.04), "c": FakePool([3], 0.0), "d": FakePool([4], 10**6)}
    before = evictions("a", "idle")
    watch = evictor(pools, idle_s=0.05, kept="d")
    await watch.look()
    assert not any(pool.unloaded for pool in pools.values())  # warm for the first time only now
    await asyncio.sleep(0.06)
    await watch.look()
    assert [pool.unloaded for pool in pools.values()] == [1, 0, 0, 0]
    assert evictions("a", "idle") == before + 1


async def test_the_least_recently_used_go_first_and_no_more_than_needed(holds: dict[int, int]) -> None:
    holds |= {1: 100, 2: 100, 3: 100, 4: 100}
    pools = {"a": FakePool([1], 5.0), "b": FakePool([2], 50.0), "c": FakePool([3], 20.0), "d": FakePool([4], 0.0)}
    await evictor(pools, ram=250).look()
    assert {name for name, pool in pools.items() if pool.unloaded} == {"b", "c"}


async def test_engines_in_use_stay_whatever_they_hold(holds: dict[int, int]) -> None:
    holds |= {1: 100, 2: 100}
    pools = {"a": FakePool([1], 0.0), "b": FakePool([2], 5.0, asked_for=True)}
    watch = evictor(pools, ram=50)
    with capture_logs() as told:
        await watch.look()
        await watch.look()
    assert [pool.unloaded for pool in pools.values()] == [0, 0]
    assert over("ram") == 1
    assert [line["event"] for line in told] == ["over_budget"]
    holds[1] = holds[2] = 20
    await watch.look()
    assert over("ram") == 0


async def test_over_budget_on_one_gpu_unloads_who_is_on_it(holds: dict[int, int]) -> None:
    nvml = FakeNVML(Device("a", processes={1: 60}), Device("b", processes={2: 70, 3: 50}))
    pools = {"a": FakePool([1], 90.0), "b": FakePool([2], 50.0), "c": FakePool([3], 20.0)}
    await evictor(pools, vram=VRAMManager(GPUMonitor(nvml), budget=100)).look()
    assert {name for name, pool in pools.items() if pool.unloaded} == {"b"}
    assert over("vram") == 0


async def test_the_watch_goes_on_after_a_failure(holds: dict[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_server.eviction._EVERY_S", 0.01)
    pools, looks = {"a": FakePool([1], 90.0)}, [0]

    def kept() -> str | None:
        looks[0] += 1
        if looks[0] == 1:
            raise RuntimeError("once")
        return None

    watching = asyncio.create_task(Evictor(EvictionRules(0, 0.02), lambda: pools, kept).run())
    async with asyncio.timeout(10):
        await pools["a"].gone.wait()
    watching.cancel()
