"""From nothing to ready: what fails is tried again, and the server stays alive and can be told to stop meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from fake_replicas import until
from pages import png

from ml_server import keeper, metrics, start_up
from ml_server.document import DocumentRequest
from ml_server.engines.base import EngineConfig
from ml_server.errors import EngineFailed, EngineUnavailable, NotReady
from ml_server.pipeline import Pipeline
from ml_server.workers import DecodeWorker

Make = Callable[..., Pipeline]
pytestmark = pytest.mark.timeout(15)


def break_decoder(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A decoder that cannot be built as long as what this returns holds True."""
    construct, broken = DecodeWorker.__init__, [True]

    def flaky(self: DecodeWorker, *args: Any) -> None:
        if broken[0]:
            raise EngineFailed("pdfium is gone")
        construct(self, *args)

    monkeypatch.setattr(DecodeWorker, "__init__", flaky)
    return broken


async def test_a_server_whose_decoder_does_not_start_is_given_up(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_decoder(monkeypatch)
    pipeline = make_pipeline(inline=True, unhealthy_after_s=0.3)
    await pipeline.start()
    async with asyncio.timeout(10):
        assert await pipeline.hopeless() == "pdfium is gone"
    assert pipeline.state == "failed"
    assert metrics.REGISTRY.get_sample_value("ml_server_ready") == 0
    with pytest.raises(EngineFailed, match="pdfium is gone"):
        await pipeline.wait_until_ready()


async def test_a_server_whose_decoder_starts_at_last_is_ready(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = break_decoder(monkeypatch)
    monkeypatch.setattr(keeper, "_RESTART_DELAYS_S", (0.05,))
    monkeypatch.setattr(start_up, "_RETRY_READY_S", 0.05)
    pipeline = make_pipeline(inline=True)
    await pipeline.start()
    await asyncio.sleep(0.2)
    assert (pipeline.state, pipeline.reason) == ("failed", "pdfium is gone")
    broken[0] = False
    await until(lambda: pipeline.is_ready)
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines


async def test_a_server_that_is_told_to_stop_while_it_loads_loads_nothing_more(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, mock_delay_s=0.2, key_value_preload=True)
    await pipeline.start()
    await asyncio.sleep(0.05)
    assert pipeline.state == "starting"
    await pipeline.drain()
    assert pipeline._warming is not None
    async with asyncio.timeout(10):
        await pipeline._warming
    assert pipeline.state == "stopping"
    assert [info.loaded for info in pipeline.engines() if info.name == "mock"] == [1, 0]


async def test_a_default_engine_that_cannot_load_says_why(make_pipeline: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from ml_server.engines.mock_engine import MockEngine

    def broken(self: MockEngine, config: object) -> None:
        raise EngineUnavailable("weights are gone")

    monkeypatch.setattr(MockEngine, "__init__", broken)
    pipeline = make_pipeline(inline=True)
    await pipeline.start()
    with pytest.raises(EngineUnavailable):
        await pipeline.wait_until_ready()
    await asyncio.sleep(0)
    assert pipeline.state == "failed"
    with pytest.raises(NotReady, match="weights are gone"):
        await pipeline.extract_page(DocumentRequest(png()))


async def test_a_failure_to_load_passes_when_loading_works_again(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_server import keeper
    from ml_server.engines.mock_engine import MockEngine

    construct, broken = MockEngine.__init__, [True]

    def flaky(self: MockEngine, config: EngineConfig) -> None:
        if broken[0]:
            raise EngineUnavailable("weights are gone")
        construct(self, config)

    monkeypatch.setattr(MockEngine, "__init__", flaky)
    monkeypatch.setattr(keeper, "_RESTART_DELAYS_S", (0.05,))
    pipeline = make_pipeline(inline=True)
    with pytest.raises(EngineUnavailable):
        await pipeline.wait_until_ready()
    assert (pipeline.state, pipeline.reason) == ("failed", "weights are gone")
    broken[0] = False
    async with asyncio.timeout(10):
        while not pipeline.is_ready:
            with contextlib.suppress(EngineUnavailable):
                await pipeline.wait_until_ready()
            await asyncio.sleep(0.02)
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines


async def test_errors_of_an_engine_that_does_not_load_do_not_keep_requests_alive(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_server.engines.mock_engine import MockEngine

    def broken(self: MockEngine, config: EngineConfig) -> None:
        raise EngineUnavailable("weights are gone")

    monkeypatch.setattr(MockEngine, "__init__", broken)
    pipeline = make_pipeline(inline=True)
    with pytest.raises(EngineUnavailable):
        await pipeline.wait_until_ready()
    pool = pipeline._pools.engine("mock")
    first, second = pool.failure, pool.failure
    assert first is not second
    assert first is not None
    assert first.message == "weights are gone"
