"""The server's door: when it is open, when it is closed for a moment, and when it is closed for good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pages import png, tiff

from ml_server import gate as gate_module
from ml_server import metrics
from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import EngineFailed, EngineUnavailable, MLServerError, NotReady
from ml_server.gate import Gate
from ml_server.pipeline import Pipeline
from ml_server.pools import Pools
from ml_server.scheduler import Pool

Make = Callable[..., Pipeline]


class FakePool:
    """A pool that has, or lacks, a warm replica as the test says."""

    def __init__(self) -> None:
        self.bare = False
        self.failure: MLServerError | None = None
        self.options = SimpleNamespace(name="mock")
        self.pids: list[int] = []


def gate_over(pool: FakePool, hopeless_after_s: float = 60.0) -> Gate:
    gate = Gate(hopeless_after_s)
    gate.follow(cast(Pool, pool))
    gate.open()
    return gate


async def test_it_stays_open_while_the_last_replica_is_replaced_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate_module, "_POLL_S", 0.01)
    pool = FakePool()
    gate = gate_over(pool)
    watching = asyncio.create_task(gate.watch())
    pool.bare = True
    await asyncio.sleep(0.05)
    assert gate.state == "ready"
    monkeypatch.setattr(gate_module, "_PATIENCE_S", 0.02)
    await asyncio.sleep(0.05)
    assert gate.state == "failed"
    with pytest.raises(NotReady, match="engine mock has had no process"):
        gate.check()
    assert metrics.REGISTRY.get_sample_value("ml_server_ready") == 0
    pool.bare = False
    await asyncio.sleep(0.05)
    assert gate.state == "ready"
    assert metrics.REGISTRY.get_sample_value("ml_server_ready") == 1
    watching.cancel()


async def test_it_is_hopeless_only_after_failures_without_a_success_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_POLL_S", 0.01)
    pool = FakePool()
    gate = gate_over(pool, hopeless_after_s=0.3)
    watching = asyncio.create_task(gate.watch())
    hopeless = asyncio.create_task(gate.hopeless())
    for _ in range(2):
        pool.failure = EngineFailed("weights are gone")
        await asyncio.sleep(0.15)
        assert gate.state == "failed"
        pool.failure = None
        await asyncio.sleep(0.05)
        assert gate.state == "ready"
    assert not hopeless.done()
    pool.failure = EngineFailed("weights are gone")
    async with asyncio.timeout(5):
        assert await hopeless == "weights are gone"
    await watching


async def test_who_is_inside_when_it_closes_is_waited_for() -> None:
    gate = gate_over(FakePool())
    with gate.enter():
        gate.close()
        with pytest.raises(NotReady, match="stopping"):
            gate.check()
        emptied = asyncio.create_task(gate.emptied())
        await asyncio.sleep(0.01)
        assert not emptied.done()
    await emptied


async def test_a_server_without_a_default_engine_is_given_up(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def default_engine(self: Pools) -> str:
        raise EngineUnavailable("no weights for thai")

    monkeypatch.setattr(Pools, "default_engine", default_engine)
    pipeline = make_pipeline(inline=True, unhealthy_after_s=0.2)
    await pipeline.start()
    async with asyncio.timeout(10):
        assert await pipeline.hopeless() == "no weights for thai"
    assert pipeline.state == "failed"


@pytest.mark.parametrize("kind", ["page", "batch", "document"])
async def test_what_was_let_in_before_the_stop_is_done(make_pipeline: Make, kind: str) -> None:
    pipeline = make_pipeline(inline=True, mock_delay_s=0.05, shutdown_grace_s=20.0)
    await pipeline.wait_until_ready()
    work: Any = {
        "page": lambda: pipeline.extract_page(DocumentRequest(png())),
        "batch": lambda: pipeline.extract_batch([DocumentRequest(png(20 + i, 9)) for i in range(12)]),
        "document": lambda: pipeline.extract_document(DocumentRequest(tiff(*[(20 + i, 9) for i in range(12)]))),
    }[kind]
    under_way = asyncio.create_task(work())
    await asyncio.sleep(0.02)
    draining = asyncio.create_task(pipeline.drain())
    await asyncio.sleep(0)
    with pytest.raises(NotReady) as caught:
        await pipeline.extract_page(DocumentRequest(png()))
    assert caught.value.retry_after_s
    assert not under_way.done()
    left_s = await draining
    assert 0 < left_s < 20
    done = under_way.result() if under_way.done() else await under_way
    if kind == "batch":
        assert [outcome.width for outcome in done if isinstance(outcome, OCRPage)] == list(range(20, 32))
    elif kind == "document":
        assert [page.width for page in done.pages] == list(range(20, 32))
    else:
        assert done.lines


async def test_the_grace_is_one_for_all_of_the_stop(make_pipeline: Make) -> None:
    pipeline = make_pipeline(replicas=1, mock_delay_s=2.0, shutdown_grace_s=0.3)
    await pipeline.wait_until_ready()
    under_way = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.1)
    assert await pipeline.drain() == 0
    async with asyncio.timeout(1.5):
        await pipeline.close()
    with pytest.raises(NotReady):
        await under_way
