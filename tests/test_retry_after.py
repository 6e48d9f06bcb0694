"""When callers who are refused are told to come back."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import Any

import pytest
from fake_replicas import LATER, Hands, pool_of, until
from pages import png, tiff

from ml_server.document import DocumentRequest
from ml_server.errors import ServerBusy
from ml_server.permits import Permit
from ml_server.scheduler import Pool

pytestmark = pytest.mark.timeout(10)


@pytest.fixture
def hands() -> Hands:
    return Hands()


def told(pool: Pool) -> float:
    with pytest.raises(ServerBusy) as refused:
        pool.admit()
    assert refused.value.retry_after_s is not None
    return refused.value.retry_after_s


async def test_it_follows_the_measured_rate_from_the_first_page_on(hands: Hands) -> None:
    pool = pool_of(hands, queue_size=9, replicas=1)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(pool.admit())
        assert told(pool) == 5  # half of ten pages at 1 s each, as nothing has been measured yet
        pool._measured(8.0, 1)
        assert told(pool) == 40
        for _ in range(200):
            pool._measured(1.0, 4)
        assert told(pool) == 2
    await pool.close()


async def test_it_counts_the_pages_of_documents_and_not_those_that_are_done(hands: Hands) -> None:
    pool = pool_of(hands, queue_size=2, replicas=2)
    pool._measured(0.5, 1)
    with ExitStack() as stack:
        permits = [stack.enter_context(pool.admit()) for _ in range(4)]
        assert told(pool) == 1
        for permit in permits:
            permit.expect(200)
        assert told(pool) == 100  # 800 pages of half a second by two replicas, half of it
        done = (pool.call_item(permit, LATER, "read_many", "page") for permit in permits for _ in range(100))
        await asyncio.gather(*done)
        pool._seconds_per_page = 0.5
        assert told(pool) == 50
        for permit in permits:
            permit.expect(100_000)
        assert told(pool) == 300  # nobody is sent away for longer
    await pool.close()


async def test_it_counts_the_time_that_requests_have_been_in_for_whatever_reason(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_of(hands, queue_size=1, replicas=1)
    with pool.admit(), pool.admit():
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 33.5)
        assert told(pool) == 34
        monkeypatch.undo()
    await pool.close()


async def test_a_request_that_is_over_counts_only_while_a_replica_works_for_it() -> None:
    returned: list[Permit] = []
    permit = Permit(returned.append)
    assert permit.pages_left == 1
    with permit:
        permit.expect(5)
        permit.job_started()
        permit.job_started()
        permit.job_ended()
        assert permit.pages_left == 4
    assert permit.pages_left == 1
    assert not returned
    permit.job_ended()
    assert returned == [permit]


async def test_documents_that_are_being_read_count_with_all_their_pages(make_pipeline: Any) -> None:
    pipeline = make_pipeline(replicas=1, queue_size=1, mock_delay_s=0.1)
    await pipeline.wait_until_ready()
    pool = pipeline._pools.engine("mock")
    documents = [
        asyncio.create_task(pipeline.extract_document(DocumentRequest(tiff(*[(9, 9)] * 100)))) for _ in range(2)
    ]
    await until(lambda: sum(permit.pages_left for permit in pool._permits) >= 190)
    pool._seconds_per_page = 0.5
    with pytest.raises(ServerBusy) as refused:
        await pipeline.extract_page(DocumentRequest(png()))
    assert 47 <= (refused.value.retry_after_s or 0) <= 50  # half of 200 pages, less those that are done
    for document in documents:
        document.cancel()
    await asyncio.gather(*documents, return_exceptions=True)
