"""Versions of the key–value model in a running pipeline: promoted, shared, asked for, rolled back; nobody notices."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pages import png

from ml_server import metrics
from ml_server.document import DocumentRequest
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.extractor_pools import ExtractorPools
from ml_server.models.serving import Serving, ServingFile
from ml_server.pipeline import Pipeline

Make = Callable[..., Pipeline]


@pytest.fixture
def file(tmp_path: Path) -> ServingFile:
    return ServingFile(tmp_path, "key-values")


@pytest.fixture
async def pipeline(make_pipeline: Make, tmp_path: Path) -> Pipeline:
    made = make_pipeline(replicas=2, model_state_dir=tmp_path, key_value_preload=True, queue_size=500)
    await made.wait_until_ready()
    await made.wait_until_extracting()
    return made


async def answer(pipeline: Pipeline, version: str = "") -> str:
    request = DocumentRequest(png(), confidence_threshold=0.2, model_version=version)
    (page,) = [page async for page in pipeline.extract_key_values(request)]
    return page.model_version


def pools(pipeline: Pipeline) -> ExtractorPools:
    return pipeline._pools.extractors


def count(version: str) -> float:
    return metrics.REGISTRY.get_sample_value("ml_server_key_value_pages_total", {"model_version": version}) or 0.0


def starts() -> float:
    labels = {"engine": "key_values:v2", "reason": "start"}
    return metrics.REGISTRY.get_sample_value("ml_server_replica_starts_total", labels) or 0.0


async def left(pipeline: Pipeline) -> None:
    async with asyncio.timeout(60):
        while pools(pipeline)._leaving:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.05)


async def test_traffic_is_shared_to_the_percent_and_by_request_and_goes_back(
    pipeline: Pipeline, file: ServingFile
) -> None:
    before = {version: count(version) for version in ("mock 1", "v2")}
    file.write(Serving().sharing("v2", 25, "a test"))
    await pools(pipeline).follow()
    assert Counter([await answer(pipeline) for _ in range(100)]) == {"mock 1": 75, "v2": 25}
    assert [count("mock 1"), count("v2")] == [before["mock 1"] + 75, before["v2"] + 25]
    assert [await answer(pipeline, "v2") for _ in range(5)] == ["v2"] * 5
    assert [await answer(pipeline, "key-values:v2"), await answer(pipeline, "shipped")] == ["v2", "mock 1"]
    with pytest.raises(InvalidRequest, match=r"'v3'; in service here: shipped \(1\), v2") as caught:
        await answer(pipeline, "v3")
    assert caught.value.field == "model_version"
    assert [info.loaded for info in pipeline.engines() if info.kind == "key_values"] == [1, 1]

    file.write(state := file.read().promoted("v2", "good"))
    await pools(pipeline).follow()
    assert {await answer(pipeline) for _ in range(4)} == {"v2"}
    await left(pipeline)
    assert set(pipeline._pools._loadable()) == {"mock", "key_values:v2"}, "the old version's process has ended"
    assert metrics.REGISTRY.get_sample_value("ml_server_replicas", {"engine": "key_values"}) == 0
    file.write(state := state.rolled_back("not so good"))
    await pools(pipeline).follow()
    assert {await answer(pipeline) for _ in range(4)} == {"mock 1"}
    with pytest.raises(InvalidRequest, match="nothing served before shipped"):
        state.rolled_back("again")


async def test_a_request_that_is_under_way_is_finished_by_the_version_that_took_it(
    make_pipeline: Make, tmp_path: Path, file: ServingFile
) -> None:
    pipeline = make_pipeline(model_state_dir=tmp_path, key_value_preload=True, mock_delay_s=0.5)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    early = asyncio.create_task(answer(pipeline))
    await asyncio.sleep(0.2)
    file.write(Serving().promoted("v2", "a test"))
    await pools(pipeline).follow()
    assert (await early, await answer(pipeline)) == ("mock 1", "v2")


async def test_a_version_that_is_asked_for_while_it_is_loaded_is_not_loaded_for_good_twice(
    make_pipeline: Make, tmp_path: Path, file: ServingFile
) -> None:
    pipeline = make_pipeline(inline=True, model_state_dir=tmp_path, key_value_preload=True)
    await pipeline.wait_until_ready()
    file.write(Serving().sharing("v2", 0, "a test"))
    before = starts()
    loading = asyncio.create_task(pools(pipeline).follow())
    while starts() == before:  # noqa: ASYNC110 - nothing signals it
        await asyncio.sleep(0)
    asked = pools(pipeline).pick()
    await loading
    await left(pipeline)
    assert pools(pipeline).pick("shipped") is asked
    assert len(pools(pipeline).pools()) == 2
    assert await answer(pipeline) == "mock 1"


async def test_a_version_that_cannot_be_loaded_never_serves(
    make_pipeline: Make, tmp_path: Path, file: ServingFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_server.engines.mock_extractor import MockExtractor

    init = MockExtractor.__init__

    def broken(self: MockExtractor, config: object) -> None:
        if str(config).count("v2"):
            raise EngineUnavailable("the weights are damaged")
        init(self, config)  # type: ignore[arg-type]  # whatever it was given

    monkeypatch.setattr(MockExtractor, "__init__", broken)
    pipeline = make_pipeline(inline=True, model_state_dir=tmp_path, key_value_preload=True)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    file.write(Serving().promoted("v2", "a test"))
    with pytest.raises(EngineUnavailable, match="damaged"):
        await pools(pipeline).follow()
    assert await answer(pipeline) == "mock 1"
    file.path.write_text("{")
    with pytest.raises(Exception, match="does not say which model serves"):
        await pools(pipeline).follow()
    assert await answer(pipeline) == "mock 1"


async def test_a_server_that_starts_again_serves_what_was_promoted(
    make_pipeline: Make, tmp_path: Path, file: ServingFile
) -> None:
    file.write(Serving().promoted("v7", "yesterday"))
    pipeline = make_pipeline(inline=True, model_state_dir=tmp_path)
    await pipeline.wait_until_ready()
    assert await answer(pipeline) == "v7"


async def test_a_state_that_cannot_be_read_is_said_and_nothing_else_serves(
    make_pipeline: Make, tmp_path: Path, file: ServingFile
) -> None:
    file.path.write_text("[]")
    pipeline = make_pipeline(inline=True, model_state_dir=tmp_path)
    await pipeline.wait_until_ready()
    (info,) = [info for info in pipeline.engines() if info.kind == "key_values"]
    assert not info.available
    with pytest.raises(EngineUnavailable, match="does not say which model serves"):
        await answer(pipeline)


async def test_a_model_that_the_settings_name_stays(make_pipeline: Make, tmp_path: Path, file: ServingFile) -> None:
    file.write(Serving().promoted("v2", "a test"))
    pipeline = make_pipeline(inline=True, model_state_dir=tmp_path, key_value_model="mine:v9")
    await pipeline.wait_until_ready()
    assert [await answer(pipeline), await answer(pipeline, "mine:v9")] == ["v9", "v9"]
    with pytest.raises(InvalidRequest, match="bound to mine:v9 by ML_SERVER_KEY_VALUE_MODEL"):
        await answer(pipeline, "v2")
