"""Syncing a storage, against a stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from stand_in import StandIn

from ml_server.errors import DeadlineExceeded, InvalidRequest, NotReady
from ml_server.label_studio.sync import find, sync


def storage(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": number, "type": "s3", "title": "scans", "status": "completed", "last_sync_count": 4, **more}


def ending_in(studio: StandIn, **state: Any) -> Any:
    async def sleep(seconds: float) -> None:
        studio.storages[0].update(state)

    return sleep


async def test_it_is_found_started_and_waited_for() -> None:
    studio = StandIn()
    studio.storages = [storage()]
    async with studio.client() as api:
        found = await find(api, "scans")
        assert (await sync(api, found)).status == "in_progress"
        studio.storages[0]["status"] = "initialized"
        sleep = ending_in(studio, status="completed", last_sync_count=9)
        result = await sync(api, found, wait_s=60, sleep=sleep)
    assert (result.status, result.count, result.skipped, result.failed) == ("completed", 9, False, False)
    assert studio.calls["POST /api/storages/s3/1/sync"] == 2


async def test_nothing_is_started_while_one_runs() -> None:
    studio = StandIn()
    studio.storages = [storage(status="queued")]
    async with studio.client() as api:
        found = await find(api, "scans", 1)
        assert (await sync(api, found)).skipped
        broken = ending_in(studio, status="failed", traceback="Traceback …\nbotocore: no such bucket\n")
        result = await sync(api, found, wait_s=60, sleep=broken)
    assert (result.failed, result.skipped, result.message) == (True, True, "botocore: no such bucket")
    assert "POST /api/storages/s3/1/sync" not in studio.calls


async def test_one_that_does_not_end_is_not_waited_for_for_ever() -> None:
    studio = StandIn()
    studio.storages = [storage(status="in_progress")]
    async with studio.client() as api:
        found = await find(api, "scans")
        with pytest.raises(DeadlineExceeded, match="still in_progress"):
            await sync(api, found, wait_s=0.001, sleep=ending_in(studio))


async def test_a_storage_that_label_studio_cannot_reach_is_told_from_a_label_studio_that_is_down() -> None:
    studio = StandIn()
    studio.storages = [storage()]
    async with studio.client() as api:
        found = await find(api, "scans")
        studio.on_call = lambda path: setattr(studio, "down", path.endswith("/sync"))
        with pytest.raises(InvalidRequest, match=r"cannot reach 'scans': .* are its bucket, keys and endpoint right"):
            await sync(api, found)
        studio.on_call = lambda path: setattr(studio, "down", True)
        with pytest.raises(NotReady, match="503"):
            await sync(api, found)


async def test_titles_that_are_unknown_or_taken_twice_are_refused() -> None:
    studio = StandIn()
    studio.storages = [storage(), storage(2), storage(3, title="other")]
    async with studio.client() as api:
        with pytest.raises(InvalidRequest, match="several storages are called 'scans'"):
            await find(api, "scans")
        with pytest.raises(InvalidRequest, match="there is: 'other', 'scans'"):
            await find(api, "Scans")
