"""How many pages a call of an engine or of the extractor gets, and what that means to those who wait."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from fake_nvml import Device, FakeNVML
from test_pools_life import OPTIONS, count, pools_with

from ml_server.permits import Permit
from ml_server.workers import warm_up_page


@pytest.mark.parametrize(
    ("settings", "extractor"),
    [({}, 4), ({"device": "gpu"}, 8), ({"max_batch_size": 3}, 3), ({"device": "gpu", "max_batch_size": 64}, 64)],
)
async def test_only_what_reads_pages_together_is_given_several(settings: dict[str, Any], extractor: int) -> None:
    async with pools_with(key_value_extractor="layoutlm", **settings) as pools:
        assert {name: pools._batch_size(name) for name in ("paddle", "tesseract", "easyocr", "mock")} == {
            "paddle": 1, "tesseract": 1, "easyocr": 1, "mock": 1,
        }  # fmt: skip
        assert pools._batch_size("key_values") == pools._batch_size("key_values:2") == extractor


async def test_pages_of_a_document_are_answered_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNVML(Device("GPU-a")))
    answered: list[str] = []
    async with pools_with(device="gpu", max_batch_size=8) as pools:
        pool = pools.engine("mock")
        await pool.ready()
        before, end = count("batch_pages_count", engine="mock"), asyncio.get_running_loop().time() + 30

        async def ask(permit: Permit, name: str) -> None:
            await pool.call_item(permit, end, "read_many", warm_up_page(), OPTIONS)
            answered.append(name)

        with pool.admit() as document, pool.admit() as single:
            async with asyncio.TaskGroup() as asking:
                for number in range(6):
                    asking.create_task(ask(document, f"page {number + 1}"))
                asking.create_task(ask(single, "single"))
        assert count("batch_pages_count", engine="mock") == before + 7
    assert answered[:3] == ["page 1", "single", "page 2"]
