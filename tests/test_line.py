"""The line as the metrics show it: who stands in it, and nobody else."""

from __future__ import annotations

import asyncio

import pytest
from fake_replicas import LATER, Hands, ask, pool_of, settled

from ml_server import metrics
from ml_server.errors import DeadlineExceeded, EngineFailed, NotReady
from ml_server.scheduler import Pool

pytestmark = pytest.mark.timeout(10)


def depth() -> float | None:
    return metrics.REGISTRY.get_sample_value("ml_server_queue_depth", {"engine": "mock"})


async def crowded(hands: Hands) -> tuple[Pool, list[asyncio.Task[str]]]:
    """One page with the replica, three in line."""
    pool = pool_of(hands)
    await pool.ready()
    hands.gate.clear()
    asked = [asyncio.create_task(ask(pool, item)) for item in range(4)]
    await settled()
    assert depth() == 3
    return pool, asked


async def test_who_leaves_is_not_counted_any_more() -> None:
    hands = Hands()
    pool, asked = await crowded(hands)
    asked[2].cancel()
    await settled()
    assert depth() == 2
    with pytest.raises(DeadlineExceeded):
        await ask(pool, "late", deadline=asyncio.get_running_loop().time() + 0.02)
    assert depth() == 2
    hands.gate.set()
    await asyncio.gather(asked[0], asked[1], asked[3])
    assert depth() == 0
    assert [call[0] for call in hands.calls] == [[0], [1], [3]]
    await pool.close()


async def test_who_leaves_changes_nobody_else_s_turn() -> None:
    hands = Hands()
    pool = pool_of(hands)
    await pool.ready()
    hands.gate.clear()
    with pool.admit() as document, pool.admit() as other:
        calls = [
            asyncio.create_task(pool.call_item(permit, LATER, "read_many", item))
            for permit, item in [(other, "held"), (document, "a"), (document, "b"), (document, "c"), (other, "d")]
        ]
        await settled()
        calls[1].cancel()
        await settled()
        hands.gate.set()
        await asyncio.gather(*calls, return_exceptions=True)
    assert [call[0] for call in hands.calls] == [["held"], ["b"], ["d"], ["c"]]
    await pool.close()


async def test_a_pool_that_closes_leaves_nobody_in_line() -> None:
    pool, asked = await crowded(Hands())
    await pool.close()
    assert depth() == 0
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotReady] * 4


async def test_a_pool_that_does_not_start_leaves_nobody_in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from fake_replicas import FakeReplica

    async def broken(self: FakeReplica, timeout_s: float) -> None:
        await asyncio.sleep(0.02)
        raise EngineFailed("weights are gone")

    monkeypatch.setattr(FakeReplica, "start", broken)
    pool = pool_of(Hands())
    outcomes = await asyncio.gather(*(ask(pool, item) for item in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["weights are gone"] * 3
    assert depth() == 0
    await pool.close()


async def test_a_page_that_comes_back_from_a_lost_replica_is_counted_again() -> None:
    from ml_server.replicas import ReplicaDied

    hands = Hands()
    seen: list[float | None] = []

    async def deadly_once(items: list[int]) -> list[int]:
        seen.append(depth())
        if len(seen) == 1:
            raise ReplicaDied
        return items

    hands.behaviour = deadly_once
    pool = pool_of(hands, batch_size=4)
    assert await asyncio.gather(*(ask(pool, item) for item in range(4))) == [0, 1, 2, 3]
    assert seen == [0, 3, 2, 1, 0]  # all at once, then one by one
    await pool.close()
