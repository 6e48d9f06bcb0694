"""The load generator."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from benchmarks.load import arrivals, closed, opened
from benchmarks.summary import Answer


async def test_a_closed_loop_sends_each_number_once_and_never_more_at_a_time_than_clients() -> None:
    sent, under_way, most = list[int](), 0, 0

    async def send(number: int) -> Answer:
        nonlocal under_way, most
        sent.append(number)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return Answer("200", ok=True)

    run = await closed(send, 3, requests=10)

    assert sorted(sent) == list(range(10))
    assert most == 3
    assert len(run.outcomes) == 10


async def test_a_closed_loop_ends_when_it_is_told() -> None:
    sent = list[int]()

    async def send(number: int) -> Answer:
        sent.append(number)
        await asyncio.sleep(0)
        return Answer("200", ok=True)

    await closed(send, 1, over=lambda: len(sent) == 5)

    assert sent == [0, 1, 2, 3, 4]


async def test_a_loop_without_an_end_is_refused() -> None:
    async def send(number: int) -> Answer:
        raise AssertionError("sent")

    with pytest.raises(ValueError, match="never end"):
        await closed(send, 1)


async def test_an_open_loop_does_not_wait_for_answers_and_counts_from_when_a_request_was_due() -> None:
    freed, under_way = asyncio.Event(), 0

    async def send(number: int) -> Answer:
        nonlocal under_way
        under_way += 1
        if under_way == 4:
            freed.set()  # only reached if nobody waits for an answer before sending the next
        await freed.wait()
        return Answer("200", ok=True)

    due = [0.0, 0.01, 0.02, 0.1]
    run = await opened(send, due)

    assert sorted(outcome.due for outcome in run.outcomes) == due
    by_due = {outcome.due: outcome for outcome in run.outcomes}
    assert by_due[0.0].seconds >= 0.1  # it waited for the one that was due at 0.1
    assert all(outcome.seconds >= outcome.late for outcome in run.outcomes)


def test_arrivals_are_a_poisson_process() -> None:
    found = arrivals(100.0, 50.0, seed=1)
    gaps = [after - before for before, after in pairwise(found)]
    mean = sum(gaps) / len(gaps)

    assert found == sorted(found)
    assert found[-1] < 50.0
    assert mean == pytest.approx(0.01, rel=0.1)
    # Exponential gaps: their deviation equals their mean, and 1/e of them exceed it. Even gaps would have none.
    assert sum(gap > mean for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.03)
    assert found == arrivals(100.0, 50.0, seed=1)
    assert found != arrivals(100.0, 50.0, seed=2)
