"""An engine's life: loaded once, unloaded when it is not needed, gone for good then, back with the next request."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from fake_nvml import Device, FakeNVML
from pages import png
from structlog.testing import capture_logs

from ml_server import memory, metrics
from ml_server.decode import DecodeLimits
from ml_server.document import DocumentRequest
from ml_server.engines.base import ReadOptions
from ml_server.jobs import PoolOptions
from ml_server.keeper import ReplicaKeeper
from ml_server.languages import parse
from ml_server.pools import Pools
from ml_server.replicas import ProcessReplica
from ml_server.scheduler import Pool
from ml_server.settings import Settings
from ml_server.workers import WorkerStats, warm_up_page

OPTIONS = ReadOptions(parse("english"))


@asynccontextmanager
async def pools_with(**settings: Any) -> AsyncIterator[Pools]:
    values = {"engine": "mock", "preload": "", "key_value_extractor": "mock", "decode_workers": 1} | settings
    given = Settings.model_validate(values)
    pools = Pools(given, DecodeLimits.from_settings(given), inline=False)
    yield pools
    await pools.close(1.0)


async def read(pool: Pool) -> Any:
    with pool.admit() as permit:
        return await pool.call(permit, asyncio.get_running_loop().time() + 30, "read", [warm_up_page()], OPTIONS)


async def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(psutil.Process(pid).wait, 10)
    return not psutil.pid_exists(pid)


def count(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(f"ml_server_{name}", labels) or 0.0


async def test_however_many_ask_first_an_engine_is_loaded_once() -> None:
    before = count("replica_starts_total", engine="mock", reason="start")
    async with pools_with(replicas=1) as pools:
        found = await asyncio.gather(*(read(pools.engine("mock")) for _ in range(8)))
        assert len(found) == 8
        assert count("replica_starts_total", engine="mock", reason="start") == before + 1
        assert len(pools.engine("mock").pids) == 1


async def test_an_unloaded_engine_is_really_gone_and_comes_back_with_the_next_request() -> None:
    async with pools_with(replicas=2) as pools:
        pool = pools.engine("mock")
        await pool.ready()
        (first, *_) = pids = pool.pids
        assert memory.held([first]) > 2**20
        assert await pool.unload()
        assert all([await gone(pid) for pid in pids])
        assert memory.held(pids) == 0
        assert (pool.loaded, pool.failure) == (0, None)
        assert await read(pool)
        assert first not in pool.pids


async def test_an_engine_in_use_is_not_unloaded() -> None:
    async with pools_with(replicas=1) as pools:
        pool = pools.engine("mock")
        await pool.ready()
        with pool.admit():
            assert pool.idle_s == 0.0
            assert not await pool.unload()
            assert pool.loaded == 1


async def test_idle_engines_are_unloaded_and_the_default_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_server.eviction._EVERY_S", 0.05)
    async with pools_with(replicas=1, idle_unload_s=0.3) as pools:
        default, extractor = pools.engine("mock"), pools.extractor()
        await extractor.ready()
        (pid,) = extractor.pids
        assert await gone(pid)
        await default.ready()
        assert (extractor.loaded, default.loaded) == (0, 1)
        await asyncio.sleep(0.5)
        assert default.loaded == 1
        assert [info.loaded for info in pools.describe() if info.name == "mock"] == [1, 0]


async def test_a_server_stays_ready_when_its_default_engine_is_unloaded(
    make_pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_server.eviction._EVERY_S", 0.05)
    pipeline = make_pipeline(replicas=1, idle_unload_s=0.2, keep_default=False)
    await pipeline.start()
    await pipeline.wait_until_ready()
    pool = pipeline._pools.engine("mock")
    assert all([await gone(pid) for pid in pool.pids])  # it may have gone before the rest of the server was ready
    assert pool.loaded == 0
    assert pipeline.is_ready
    assert (await pipeline.extract_page(DocumentRequest(png(33, 9)))).width == 33


async def test_a_budget_makes_room_for_the_next_engine() -> None:
    """One MiB is less than any process holds, so that what is loaded goes as soon as something else is asked for."""
    before = count("evictions_total", engine="mock", cause="ram")
    async with pools_with(replicas=1, memory_budget_mb=1, keep_default=False) as pools:
        pool = pools.engine("mock")
        await pool.ready()
        (pid,) = pool.pids
        await asyncio.sleep(0.01)
        await pools.extractor().ready()
        assert await gone(pid)
        assert count("evictions_total", engine="mock", cause="ram") == before + 1


class Confessing:
    """A worker that tells its environment."""

    def warm_up(self) -> WorkerStats:
        return WorkerStats(os.getpid(), 1, 0)

    def variable(self, name: str) -> str | None:
        return os.environ.get(name)


async def test_a_replica_has_the_environment_it_is_given() -> None:
    replica = ProcessReplica(Confessing, environment={"OMP_NUM_THREADS": "7"})
    await replica.start(30)
    told = await replica.call("variable", "OMP_NUM_THREADS", timeout_s=10)
    replica.close()
    assert told == "7"
    assert os.environ.get("OMP_NUM_THREADS") != "7"


async def variables(pool: Pool, name: str) -> list[str]:
    """What each of a pool's processes has in its environment, sorted."""
    return sorted([await replica.call("variable", name, timeout_s=10) for replica in pool._keeper.live])


async def all_warm(pool: Pool) -> None:
    """Wait for every replica and not only for the first."""
    pool.start()
    for _ in range(600):
        if pool.loaded == pool.options.replicas:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the replicas did not get warm")


async def test_replicas_are_spread_over_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_up = Device("GPU-c", parts={1: Device("MIG-d")})
    monkeypatch.setitem(sys.modules, "pynvml", FakeNVML(Device("GPU-a"), Device("GPU-b"), cut_up))
    async with pools_with(device="gpu", gpu_devices="2,GPU-a", cores=6) as pools:
        assert pools.engine("mock").options.replicas == 2  # one for each device
        pool = pools._make_pool("mock", 3, Confessing)
        await all_warm(pool)
        assert await variables(pool, "CUDA_VISIBLE_DEVICES") == ["GPU-a", "MIG-d", "MIG-d"]
        assert await variables(pool, "OMP_NUM_THREADS") == ["2", "2", "2"]
        await pool.close()


async def test_without_nvml_replicas_see_what_the_server_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with capture_logs() as logged:
        async with pools_with(device="gpu", replicas=1) as pools:
            await pools.engine("mock").ready()
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["gpu_not_watched"]


async def test_the_start_says_how_the_cores_are_shared_out() -> None:
    with capture_logs() as logged:
        async with pools_with(cores=6) as pools:
            pools.engine("mock")
            pools.extractor()
    (line,) = [line for line in logged if line["event"] == "threads"]
    assert (line["cores"], line["source"]) == (6, "setting")
    assert line["replicas_x_threads"]["mock"] == line["replicas_x_threads"]["key_values"] == "1 x 6"
    for share in line["replicas_x_threads"].values():
        replicas, threads = share.split(" x ")
        assert int(replicas) * int(threads) <= 6


class Fake:
    """A replica that is warm at once."""

    pid = None

    def __init__(self, place: int) -> None:
        self.place = place
        self.has_grown = False

    async def start(self, timeout_s: float) -> WorkerStats:
        return WorkerStats(1, 1, 0)

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        return None

    def grown(self, calls: int) -> bool:
        return self.has_grown

    def close(self) -> None:
        self.place = -1


def keeper_of(recycle_after: int = 0) -> ReplicaKeeper:
    options = PoolOptions("mock", 3, 1, 1.0, 1.0, recycle_after=recycle_after)
    return ReplicaKeeper(options, Fake, lambda: None)


def places(keeper: ReplicaKeeper) -> list[int]:
    return sorted(replica.place for replica in keeper.live if isinstance(replica, Fake))


async def test_a_replacement_gets_the_place_of_the_one_before_it() -> None:
    keeper = keeper_of()
    first, second, _ = [await keeper.bring_up("start") for _ in range(3)]
    assert places(keeper) == [0, 1, 2]
    keeper.retire(second)
    await keeper.bring_up("crash")
    assert places(keeper) == [0, 1, 2]
    await keeper.bring_up("recycle", instead_of=first)
    assert places(keeper) == [0, 0, 1, 2]
    keeper.retire(first)
    assert places(keeper) == [0, 1, 2]


async def test_a_replica_is_worn_by_calls_or_by_growth() -> None:
    keeper, endless = keeper_of(recycle_after=5), keeper_of()
    replica = await keeper.bring_up("start")
    assert isinstance(replica, Fake)
    assert [keeper.worn(replica, calls) for calls in (4, 5, 6)] == [False, True, True]
    assert not endless.worn(replica, 10**6)
    replica.has_grown = True
    assert endless.worn(replica, 1)


async def test_a_closed_keeper_begins_anew() -> None:
    keeper = keeper_of()
    await keeper.bring_up("start")
    await keeper.ready()
    keeper.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(keeper.ready(), 0.05)
    await keeper.bring_up("start")
    await keeper.ready()
    assert places(keeper) == [0]
