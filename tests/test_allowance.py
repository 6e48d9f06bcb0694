"""Bytes that many share: refused, reserved, waited for, forgotten, and always given back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ml_server import allowance as allowance_module
from ml_server.allowance import Allowance, Share
from ml_server.body_budget import BODY_SLACK, BodyBudget, disk_bytes, memory_bytes
from ml_server.errors import ServerBusy
from ml_server.metrics import REGISTRY
from ml_server.settings import Settings

MIB = 2**20


class Clock:
    """In place of the module's ``time``."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(allowance_module, "time", clock)
    return clock


def held(where: str = "memory") -> float:
    return REGISTRY.get_sample_value("ml_server_body_bytes", {"where": where}) or 0.0


def test_what_does_not_fit_is_refused_and_says_when_to_come_again(clock: Clock) -> None:
    whole = Allowance("memory", 100)
    first = Share(whole)
    first.reserve(60)
    first.add(60)
    clock.now += 7.5
    before = REGISTRY.get_sample_value("ml_server_refusals_total", {"cause": "bodies"}) or 0
    with pytest.raises(ServerBusy, match="60 of 100 bytes of memory and 41 more") as busy:
        Share(whole).reserve(41)
    assert busy.value.retry_after_s == 8
    assert REGISTRY.get_sample_value("ml_server_refusals_total", {"cause": "bodies"}) == before + 1
    Share(whole).reserve(40)
    first.give_back()
    first.give_back()
    assert whole.used == 40


def test_the_metric_is_what_is_held() -> None:
    before, whole = held(), Allowance("memory", 100)
    share = Share(whole)
    share.reserve(50)
    share.add(20)
    assert held() - before == 50
    share.drop(5)
    assert held() - before == 45
    share.give_back()
    assert held() == before
    assert REGISTRY.get_sample_value("ml_server_body_bytes_limit", {"where": "memory"}) == 100


def test_what_was_reserved_and_has_not_come_gives_way_after_a_while(clock: Clock) -> None:
    whole = Allowance("memory", 100)
    slow, other = Share(whole), Share(whole)
    slow.reserve(90)
    slow.add(10)
    with pytest.raises(ServerBusy):
        other.reserve(50)
    clock.now += 2.1
    other.reserve(50)
    assert whole.used == 60
    slow.add(40)  # as it comes
    with pytest.raises(ServerBusy):
        slow.add(1)
    assert (slow.come, slow.size) == (50, 50)
    other.add(50)
    clock.now += 60
    with pytest.raises(ServerBusy):  # what has come is never taken from anybody
        Share(whole).reserve(1)


def test_a_part_of_it_is_for_small_ones_alone() -> None:
    whole = Allowance("memory", 6400, for_small=1600)
    large, small, unknown = Share(whole), Share(whole), Share(whole)
    large.reserve(4800)
    with pytest.raises(ServerBusy):
        Share(whole).reserve(101)
    with pytest.raises(ServerBusy):  # nobody knows how large it is going to be
        unknown.add(1)
    small.reserve(100)
    for _ in range(15):
        Share(whole).reserve(100)
    assert whole.used == 6400
    with pytest.raises(ServerBusy):
        Share(whole).reserve(1)


async def test_who_waits_gets_it_in_turn() -> None:
    whole = Allowance("memory", 100)
    first, second, third = Share(whole), Share(whole), Share(whole)
    first.reserve(80)
    order: list[str] = []

    async def wait(name: str, share: Share, size: int) -> None:
        await share.reserve_in_turn(size, 60)
        order.append(name)

    waiting = [asyncio.create_task(wait("second", second, 60)), asyncio.create_task(wait("third", third, 10))]
    await asyncio.sleep(0.01)
    assert order == []  # the third would fit, but is not first in line
    assert whole.wanted
    first.give_back()
    await asyncio.gather(*waiting)
    assert order == ["second", "third"]
    assert (whole.used, second.come, third.come, whole.wanted) == (70, 60, 10, False)


@pytest.mark.parametrize("how", ["patience", "cancelled"])
async def test_who_gives_up_waiting_is_in_nobody_s_way(how: str) -> None:
    whole = Allowance("memory", 100)
    first, second, third = Share(whole), Share(whole), Share(whole)
    first.reserve(80)
    waiting = asyncio.create_task(second.reserve_in_turn(60, 0.05 if how == "patience" else 60))
    after = asyncio.create_task(third.reserve_in_turn(10, 60))
    await asyncio.sleep(0)
    if how == "cancelled":
        await asyncio.sleep(0)
        waiting.cancel()
    with pytest.raises(ServerBusy if how == "patience" else asyncio.CancelledError):
        await waiting
    await after
    assert (whole.used, second.size, whole.wanted) == (90, 0, False)


async def test_what_was_unseen_counts_as_what_it_is() -> None:
    whole = Allowance("memory", 6400, for_small=1600)
    large = Share(whole)
    large.reserve(4700)
    unseen, other = Share(whole), Share(whole)
    await unseen.reserve_in_turn(1000, 60, unseen=True)  # it may be small
    await other.reserve_in_turn(700, 60, unseen=True)
    unseen.settle(90)
    assert whole.used == 4700 + 90 + 700
    with pytest.raises(ServerBusy):  # it was not
        other.settle(200)
    assert (whole.used, other.size) == (4700 + 90, 0)
    large.give_back()
    unseen.give_back()
    assert whole.used == 0


def test_a_message_of_several_gives_its_own_back() -> None:
    budget = BodyBudget(Settings(body_memory_mb=1000))
    with budget.body() as body:
        body.memory.add(1)
        first, second = body.part(), body.part()
        first.add(10)
        second.add(20)
        body.answered(first)
        assert budget.memory.used == 21
    assert budget.memory.used == 0


def test_what_is_spooled_moves() -> None:
    budget = BodyBudget(Settings())
    with budget.body() as body:
        body.memory.add(30)
        body.spooled(20)
        assert (budget.memory.used, budget.disk.used) == (10, 20)
        body.spooled(15)  # an estimate before was a little too high
        assert (budget.memory.used, budget.disk.used) == (10, 20)
    assert (budget.memory.used, budget.disk.used) == (0, 0)


@pytest.mark.parametrize(
    ("settings", "memory", "disk"),
    [
        ({}, 256 * MIB, 1000 * MIB),
        ({"queue_size": 1}, 2 * (100 * MIB + BODY_SLACK), 1000 * MIB),
        ({"queue_size": 640}, 2560 * MIB, 1000 * MIB),
        ({"body_memory_mb": 512, "body_disk_mb": 200}, 512 * MIB, 200 * MIB),
        ({"body_memory_mb": 1, "body_disk_mb": 1}, 202 * MIB, 101 * MIB),
        ({"body_memory_mb": 50, "max_document_bytes": 1, "max_image_bytes": 1}, 50 * MIB, 1 * MIB + 1),
    ],
)
def test_the_limits_follow_from_other_settings_and_fit_the_largest_body(
    settings: dict[str, Any], memory: int, disk: int
) -> None:
    assert (memory_bytes(Settings(**settings)), disk_bytes(Settings(**settings))) == (memory, disk)
