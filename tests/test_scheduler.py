"""Turns, batches, refusals: the pool over replicas that are only told to take their time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_replicas import LATER, Hands, ask, pool_of, settled

from ml_server.errors import DeadlineExceeded, EngineFailed, InvalidImage, ServerBusy

pytestmark = pytest.mark.timeout(10)


@pytest.fixture
def hands() -> Hands:
    return Hands()


async def test_pages_that_wait_together_go_into_one_call(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=4)
    hands.gate.clear()
    asked = [asyncio.create_task(ask(pool, item)) for item in range(7)]
    await settled()
    hands.gate.set()
    assert await asyncio.gather(*asked) == [f"read {item}" for item in range(7)]
    assert [call[0] for call in hands.calls] == [[0, 1, 2, 3], [4, 5, 6]]
    await pool.close()


async def test_only_pages_with_equal_options_share_a_call(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=8)
    pairs = [("a", "korean"), ("b", "english"), ("c", "korean"), ("d", "english")]
    await asyncio.gather(*(ask(pool, item, options) for item, options in pairs))
    assert sorted((tuple(items), options) for items, options in hands.calls) == [
        (("a", "c"), "korean"),
        (("b", "d"), "english"),
    ]
    await pool.close()


async def test_a_batch_leaves_work_for_the_other_replicas(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=8, replicas=2)
    await pool.ready()
    await settled()
    hands.gate.clear()
    asked = [asyncio.create_task(ask(pool, item)) for item in range(4)]
    await settled()
    assert [call[0] for call in hands.calls] == [[0, 1], [2, 3]]
    hands.gate.set()
    await asyncio.gather(*asked)
    await pool.close()


async def test_a_replica_waits_for_company_where_it_is_told_to(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=2, batch_wait_s=0.2)
    await pool.ready()

    async def late() -> Any:
        await asyncio.sleep(0.02)
        return await ask(pool, "b")

    await asyncio.gather(ask(pool, "a"), late())
    assert [call[0] for call in hands.calls] == [["a", "b"]]
    await pool.close()


async def test_one_page_waits_for_a_page_of_a_document_and_not_for_the_document(hands: Hands) -> None:
    pool = pool_of(hands)
    hands.gate.clear()

    async def document() -> list[Any]:
        with pool.admit() as permit:
            calls = (pool.call_item(permit, LATER, "read_many", f"page {i}", "korean") for i in range(50))
            return await asyncio.gather(*calls)

    reading = asyncio.create_task(document())
    await settled()
    single = asyncio.create_task(ask(pool, "single"))
    await settled()
    hands.gate.set()
    await asyncio.gather(reading, single)
    order = [call[0][0] for call in hands.calls]
    assert len(order) == 51
    assert order.index("single") <= 2
    await pool.close()


async def test_one_bad_page_of_a_batch_fails_alone(hands: Hands) -> None:
    pool = pool_of(hands, batch_size=4)

    async def some(items: list[Any]) -> list[Any]:
        return [InvalidImage("bad") if item == 2 else item for item in items]

    hands.behaviour = some
    found = await asyncio.gather(*(ask(pool, item) for item in range(4)), return_exceptions=True)
    assert [item if isinstance(item, int) else type(item) for item in found] == [0, 1, InvalidImage, 3]
    await pool.close()


async def test_an_unforeseen_error_is_an_engine_failure(hands: Hands) -> None:
    pool = pool_of(hands)

    async def broken(items: list[Any]) -> list[Any]:
        raise KeyError("box")

    hands.behaviour = broken
    with pytest.raises(EngineFailed):
        await ask(pool, "a")
    await pool.close()


async def test_what_expires_in_line_never_reaches_a_replica(hands: Hands) -> None:
    pool = pool_of(hands)
    await pool.ready()
    hands.gate.clear()
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(ask(pool, "first"))
    await settled()
    with pytest.raises(DeadlineExceeded):
        await ask(pool, "late", deadline=loop.time() + 0.02)
    hands.gate.set()
    await first
    await ask(pool, "next")
    assert [call[0] for call in hands.calls] == [["first"], ["next"]]
    await pool.close()


async def test_a_caller_who_leaves_takes_the_page_out_of_line_and_gives_the_permit_back(hands: Hands) -> None:
    pool = pool_of(hands, queue_size=1)
    await pool.ready()
    hands.gate.clear()
    first, gone = asyncio.create_task(ask(pool, "first")), asyncio.create_task(ask(pool, "gone"))
    await settled()
    with pytest.raises(ServerBusy):
        pool.admit()
    gone.cancel()
    await settled()
    again = asyncio.create_task(ask(pool, "again"))
    hands.gate.set()
    await asyncio.gather(first, again)
    assert [call[0] for call in hands.calls] == [["first"], ["again"]]
    await pool.close()


async def test_a_caller_who_leaves_does_not_let_more_work_in_than_there_are_replicas(hands: Hands) -> None:
    pool = pool_of(hands, queue_size=1)
    await pool.ready()
    hands.gate.clear()
    first = asyncio.create_task(ask(pool, "first"))
    await settled()
    first.cancel()
    await settled()
    with pool.admit(), pytest.raises(ServerBusy):  # the replica still works for the one who left
        pool.admit()
    hands.gate.set()
    await pool.drained()
    await pool.close()


async def test_unloading_waits_for_nobody_and_the_next_call_loads_again(hands: Hands) -> None:
    pool = pool_of(hands)
    await ask(pool, "a")
    with pool.admit():
        assert pool.idle_s == 0.0
        assert not await pool.unload()
    assert await pool.unload()
    assert pool.loaded == 0
    assert await ask(pool, "b") == "read b"
    assert hands.started == 2
    await pool.close()
