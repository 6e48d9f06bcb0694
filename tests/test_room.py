"""Room for a process that starts: who goes for it, and what a start that ran out of memory changes."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import psutil
import pytest
from fake_nvml import Device, FakeNVML
from fake_pools import FakePool, evictions, evictor, numbers_hold
from test_pools_life import Confessing, all_warm, gone, pools_with

from ml_server import eviction
from ml_server.errors import EngineFailed
from ml_server.eviction import Evictor
from ml_server.gpu import GPUMonitor, VRAMManager
from ml_server.replicas import ProcessReplica
from ml_server.workers import WorkerStats

CUDA_SAYS = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    return numbers_hold(monkeypatch)


async def start(watch: Evictor, name: str, place: int = 0, *, fails: str = "") -> None:
    """Start a process that takes no time."""
    with contextlib.suppress(RuntimeError):
        async with watch.room(name, place):
            if fails:
                raise RuntimeError(fails)


def gone_of(pools: dict[str, FakePool]) -> set[str]:
    return {name for name, pool in pools.items() if pool.unloaded}


async def test_room_is_made_for_what_an_engine_is_known_to_need(holds: dict[int, int]) -> None:
    holds |= {1: 100, 2: 100, 3: 100}
    pools = {"a": FakePool([1], 5.0), "b": FakePool([2], 50.0), "c": FakePool([3], 90.0)}
    watch = evictor(pools, ram=300)
    await watch.look()
    await pools["c"].unload()  # its size is remembered
    holds[4] = 60
    pools["d"] = FakePool([4], 0.0)
    await start(watch, "c", 0)
    assert gone_of(pools) == {"b", "c"}


async def test_an_engine_makes_no_room_at_its_own_cost(holds: dict[int, int]) -> None:
    holds |= {1: 100}
    pools = {"a": FakePool([1], 50.0)}
    await start(evictor(pools, ram=50), "a", 1)
    assert pools["a"].unloaded == 0


async def test_room_is_made_on_the_gpu_that_the_place_has(holds: dict[int, int]) -> None:
    nvml = FakeNVML(Device("a", processes={1: 60}), Device("b", processes={2: 60, 3: 30}))
    pools = {"a": FakePool([1], 90.0), "b": FakePool([2], 50.0), "c": FakePool([3], 0.0)}
    watch = evictor(pools, vram=VRAMManager(GPUMonitor(nvml), budget=100))
    await start(watch, "c", 0)
    await start(watch, "c", 1)
    assert gone_of(pools) == {"b"}
    assert evictions("b", "vram") >= 1


async def test_a_process_needs_memory_that_the_gpu_has_budget_or_not(holds: dict[int, int]) -> None:
    device = Device("a", total=100, processes={1: 60})
    pools = {"a": FakePool([1], 90.0), "b": FakePool([], 0.0)}
    watch = evictor(pools, vram=VRAMManager(GPUMonitor(FakeNVML(device))))
    await start(watch, "b", 0)
    assert pools["a"].unloaded == 0  # nothing is known of b yet
    pools["b"].pids, device.processes = [2], {2: 50}
    await watch.look()
    pools["b"].pids, device.processes = [], {1: 60}
    await start(watch, "b", 0)
    assert pools["a"].unloaded == 1


def crowded() -> tuple[dict[str, FakePool], VRAMManager]:
    """Two GPUs: one has an engine that is idle, one in use and the kept one, the other has an idle one."""
    nvml = FakeNVML(Device("x", processes={1: 30, 2: 30, 4: 20}, total=100), Device("y", processes={3: 60}, total=100))
    pools = {"idle": FakePool([1], 9.0), "busy": FakePool([2], 0.0), "there": FakePool([3], 9.0)}
    return pools | {"kept": FakePool([4], 9.0), "new": FakePool([], 0.0)}, VRAMManager(GPUMonitor(nvml))


async def test_a_start_that_ran_out_of_memory_is_tried_again_with_all_the_room_there_is(holds: dict[int, int]) -> None:
    pools, vram = crowded()
    watch = evictor(pools, vram=vram, kept="kept")
    await start(watch, "new", fails="no such weights")
    await start(watch, "new", fails=CUDA_SAYS)
    assert not gone_of(pools)  # nothing is known of it before
    await start(watch, "new", 1)
    assert not gone_of(pools)  # another place, on the other GPU
    before = evictions("idle", "vram")
    await start(watch, "new")
    assert gone_of(pools) == {"idle"}
    assert evictions("idle", "vram") == before + 1


async def test_a_start_that_went_well_unloads_nobody_the_next_time(holds: dict[int, int]) -> None:
    pools, vram = crowded()
    watch = evictor(pools, vram=vram)
    await start(watch, "new", 1, fails=CUDA_SAYS)
    await start(watch, "new", 1)
    assert gone_of(pools) == {"there"}
    pools["there"].pids, pools["there"].unloaded = [3], 0
    await start(watch, "new", 1)
    assert not gone_of(pools)


async def test_what_does_not_fit_an_empty_gpu_does_not_keep_others_off_it(
    holds: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pools, vram = crowded()
    watch = evictor(pools, vram=vram, kept="kept")
    for place, expected in ((0, {"idle"}), (0, {"idle"}), (1, {"there"}), (1, set())):
        await start(watch, "new", place, fails=CUDA_SAYS)
        for name, pid in (("idle", 1), ("there", 3)):
            pools[name].pids, pools[name].unloaded = [pid], 0
        await start(watch, "new", place, fails=CUDA_SAYS)
        assert gone_of(pools) == expected  # one in use on the first GPU may have gone by then, so it is tried again
    monkeypatch.setattr(eviction, "_HOPELESS_S", 0.0)
    watch = evictor(pools, vram=vram, kept="kept")
    for _ in range(3):
        pools["there"].pids, pools["there"].unloaded = [3], 0
        await start(watch, "new", 1, fails=CUDA_SAYS)
    assert gone_of(pools) == {"there"}  # after a while all is tried again


async def test_room_counts_what_others_that_are_starting_will_take(holds: dict[int, int]) -> None:
    device = Device("a", total=100, processes={1: 40, 2: 40, 3: 10})
    pools = {"first": FakePool([1], 0.0), "second": FakePool([2], 0.0), "idle": FakePool([3], 9.0)}
    watch = evictor(pools, vram=VRAMManager(GPUMonitor(FakeNVML(device))))
    await watch.look()
    pools["first"].pids, pools["second"].pids, device.processes = [], [], {3: 20}
    async with watch.room("first", 0):
        assert not gone_of(pools)  # 40 fit the 80 that are free
        device.foreign = 5
        async with watch.room("second", 0):
            assert gone_of(pools) == {"idle"}  # 40 more do not fit the 75, of which 40 are promised
    pools["idle"].pids, pools["idle"].unloaded = [3], 0
    await start(watch, "second")
    assert not gone_of(pools)


class OutOfMemoryError(RuntimeError):
    """Named as torch's is."""


class Greedy(Confessing):
    """A worker that has not enough memory while a certain process is there."""

    def __init__(self, pid: int) -> None:
        if psutil.pid_exists(pid):
            raise OutOfMemoryError(CUDA_SAYS)


class GreedyLater(Confessing):
    """A worker that needs its memory with its first page."""

    def warm_up(self) -> WorkerStats:
        raise OutOfMemoryError(CUDA_SAYS)


async def test_an_engine_that_does_not_fit_beside_an_idle_one_gets_its_place() -> None:
    async with pools_with(replicas=1, keep_default=False) as pools:
        await pools.engine("mock").ready()
        (pid,) = pools.engine("mock").pids
        await asyncio.sleep(0.01)
        greedy = pools._make_pool("easyocr", 1, partial(Greedy, pid))
        with pytest.raises(EngineFailed, match="easyocr has not enough memory to start"):
            await greedy.ready()
        await all_warm(greedy)
        assert await gone(pid)
        assert pools.engine("mock").loaded == 0
        await greedy.close()


@pytest.mark.parametrize("make", [partial(Greedy, 1), GreedyLater])
async def test_a_framework_s_own_error_stays_in_its_process(make: type[Confessing]) -> None:
    """The server would import the framework to make sense of it."""
    replica = ProcessReplica(make)
    with pytest.raises(MemoryError, match=f"^OutOfMemoryError: {CUDA_SAYS}") as raised:
        await replica.start(30)
    assert type(raised.value) is MemoryError
    replica.close()
