"""A place in a pool: whose fault it is when a replica is lost, how long it may take, who comes after a worn one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_replicas import Hands, ask, pool_of, settled, until
from pages import png

from ml_server import metrics
from ml_server.document import DocumentRequest
from ml_server.errors import DeadlineExceeded, EngineCrashed, MLServerError, NotReady
from ml_server.replicas import ReplicaDied, ReplicaHung

pytestmark = pytest.mark.timeout(20)


def seconds_in_line() -> float:
    labels = {"stage": "queue", "engine": "mock"}
    return metrics.REGISTRY.get_sample_value("ml_server_stage_seconds_sum", labels) or 0.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.mark.parametrize(("loss", "error"), [(ReplicaDied, EngineCrashed), (ReplicaHung, DeadlineExceeded)])
async def test_a_page_that_kills_its_replica_takes_nobody_with_it(
    hands: Hands, loss: type[Exception], error: type[MLServerError]
) -> None:
    pool = pool_of(hands, batch_size=4)

    async def deadly(items: list[Any]) -> list[Any]:
        if 2 in items:
            raise loss
        return items

    hands.behaviour = deadly
    found = await asyncio.gather(*(ask(pool, item) for item in range(4)), return_exceptions=True)
    assert [item if isinstance(item, int) else type(item) for item in found] == [0, 1, error, 3]
    assert [call[0] for call in hands.calls[:2]] == [[0, 1, 2, 3], [0]]
    await pool.close()


async def test_a_replica_that_died_idle_costs_no_page_an_attempt(hands: Hands) -> None:
    pool = pool_of(hands)
    died = 0

    async def flaky(items: list[Any]) -> list[Any]:
        nonlocal died
        died += 1
        if died <= 3:
            raise ReplicaDied(before=True)
        return items

    hands.behaviour = flaky
    assert await ask(pool, "a") == "a"
    assert hands.started == 4
    await pool.close()


async def test_a_call_may_take_the_limit_of_a_page_for_each_of_its_pages(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=4, call_timeout_s=7.0)
    await asyncio.gather(*(ask(pool, item) for item in range(5)))
    with pool.admit() as permit:
        await pool.call(permit, 10**9, "read", ["a document"])
    assert [(len(call[0]), limit) for call, limit in zip(hands.calls, hands.limits, strict=True)] == [
        (4, 28.0),
        (1, 7.0),
        (1, 7.0),
    ]
    await pool.close()


async def test_the_time_with_a_lost_replica_is_not_time_in_line(hands: Hands) -> None:
    pool = pool_of(hands)
    await pool.ready()

    async def deadly_once(items: list[Any]) -> list[Any]:
        if len(hands.calls) == 1:
            await asyncio.sleep(0.3)
            raise ReplicaDied
        return items

    hands.behaviour = deadly_once
    before = seconds_in_line()
    assert await ask(pool, "a") == "a"
    assert seconds_in_line() - before < 0.2
    await pool.close()


async def test_what_nobody_waits_for_gets_no_other_try(hands: Hands) -> None:
    pool = pool_of(hands)
    await pool.ready()

    async def deadly(items: list[Any]) -> list[Any]:
        raise ReplicaDied

    hands.gate.clear()
    hands.behaviour = deadly
    gone = asyncio.create_task(ask(pool, "gone"))
    await settled()
    gone.cancel()
    hands.gate.set()
    await pool.drained()
    assert await asyncio.gather(gone, return_exceptions=True)
    await settled()
    assert len(hands.calls) == 1
    await pool.close()


async def test_what_waits_for_company_is_answered_when_the_pool_closes(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=2, batch_wait_s=30.0)
    await pool.ready()
    waiting = asyncio.create_task(ask(pool, "a"))
    await settled()
    await pool.close()
    async with asyncio.timeout(2):
        with pytest.raises(NotReady, match="stopping"):
            await waiting


async def test_a_worn_replica_goes_as_soon_as_its_successor_is_warm_even_if_nobody_calls(make_pipeline: Any) -> None:
    pipeline = make_pipeline(replicas=1, recycle_after=1)
    await pipeline.wait_until_ready()
    pool = pipeline._pools.engine("mock")
    (worn,) = pool.pids
    await pipeline.extract_page(DocumentRequest(png()))
    await until(lambda: worn not in pool.pids)
    assert len(pool.pids) == 1
    assert (await pipeline.extract_page(DocumentRequest(png(33, 9)))).width == 33


async def test_a_worn_replica_at_work_finishes_its_call_before_its_successor_takes_over(hands: Hands) -> None:
    pool = pool_of(hands, recycle_after=1)
    await ask(pool, "first")
    hands.gate.clear()
    second = asyncio.create_task(ask(pool, "second"))  # goes to the worn one: its successor is not warm yet
    await settled()
    assert (hands.started, hands.closed) == (2, 0)
    hands.gate.set()
    assert await second == "read second"
    await settled()
    assert (hands.started, hands.closed) == (2, 1)
    assert pool.loaded == 1
    await pool.close()
    assert (hands.started, pool.loaded) == (2, 0)


async def test_a_successor_steps_in_for_a_worn_replica_that_dies(hands: Hands) -> None:
    pool = pool_of(hands, recycle_after=1)

    async def deadly_once(items: list[Any]) -> list[Any]:
        if len(hands.calls) == 2:
            raise ReplicaDied
        return items

    hands.behaviour = deadly_once
    await ask(pool, "first")
    assert await ask(pool, "second") == "second"
    assert [call[0] for call in hands.calls] == [["first"], ["second"], ["second"]]
    assert hands.started == 2
    await pool.close()
