"""Keys and values from request to result, on the mock engine and the mock extractor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from pages import bad_png, png, tiff

from ml_server.document import DocumentRequest, OCRPage, Page
from ml_server.engines.base import ReadOptions
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import ExtractorFactory
from ml_server.engines.mock_engine import MockEngine
from ml_server.engines.mock_extractor import MockExtractor
from ml_server.errors import (
    DeadlineExceeded,
    EngineFailed,
    EngineUnavailable,
    InvalidImage,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    UnknownEngine,
    UnsupportedLanguage,
)
from ml_server.key_value import KeyValuePage
from ml_server.pipeline import Pipeline
from ml_server.workers import ExtractWorker, warm_up_reading

Make = Callable[..., Pipeline]


async def every_page(pipeline: Pipeline, request: DocumentRequest) -> list[KeyValuePage]:
    return [page async for page in pipeline.extract_key_values(request)]


def outcome(pipeline: Pipeline) -> Any:
    (info,) = [info for info in pipeline.engines() if info.kind == "key_values"]
    return info


async def test_pages_come_in_order_from_processes_of_their_own(make_pipeline: Make) -> None:
    pipeline = make_pipeline(replicas=2)
    await pipeline.wait_until_ready()
    assert outcome(pipeline).loaded == 0, "nobody has asked for it yet"
    sizes = [(40 + i, 30) for i in range(5)]
    began = time.perf_counter()
    pages = await every_page(pipeline, DocumentRequest(tiff(*sizes), confidence_threshold=0.2, language="en"))
    milliseconds = (time.perf_counter() - began) * 1000
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [(page.width, page.height) for page in pages] == sizes
    for page in pages:
        assert [entity.label for entity in page.entities] == ["HEADER", "QUESTION", "ANSWER", "QUESTION", "ANSWER"]
        assert page.entities[0].text == f"mock page {page.width} x 30"
        assert [pair.key for pair in page.key_values] == ["digest:", "languages:"]
        assert page.key_values[1].value == "english angle True"
        assert (page.language, page.ocr_engine, page.ocr_model_version) == ("english", "mock", "mock 1")
        assert page.processing_time_ms > 0
    assert sum(page.processing_time_ms for page in pages) <= milliseconds
    assert outcome(pipeline).loaded == 1


async def test_lines_below_the_threshold_never_reach_the_extractor(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True)
    await pipeline.wait_until_ready()
    counts = []
    for threshold in (0.0, 0.5, 0.7, 1.0):
        (page,) = await every_page(pipeline, DocumentRequest(png(), confidence_threshold=threshold))
        counts.append((len(page.entities), len(page.relations), len(page.key_values)))
    assert counts == [(5, 4, 2), (3, 2, 1), (1, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": b""}, InvalidImage, "empty"),
        ({"language": "klingon"}, UnsupportedLanguage, "korean"),
        ({"engine": "magic"}, UnknownEngine, "tesseract"),
        ({"engine": "layoutlm"}, UnknownEngine, "no OCR engine"),
        ({"confidence_threshold": 1.5}, InvalidRequest, "0 to 1"),
        ({"data": tiff((5, 5), (5, 5), (5, 5))}, PayloadTooLarge, "3 pages"),
        ({"data": bad_png()}, EngineFailed, "log has the details"),
        ({"timeout_s": 0.0001}, DeadlineExceeded, "deadline"),
    ],
)
async def test_each_fault_has_its_error(
    make_pipeline: Make, changes: dict[str, Any], error: type[MLServerError], words: str
) -> None:
    pipeline = make_pipeline(inline=True, mock_failure="raise", max_pages=2, mock_delay_s=0.01)
    await pipeline.wait_until_ready()
    with pytest.raises(error, match=words):
        await every_page(pipeline, DocumentRequest(**{"data": png(), **changes}))
    assert (await every_page(pipeline, DocumentRequest(png())))[0].entities


async def test_not_ready_and_stopping_are_said(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True)
    with pytest.raises(NotReady):
        await every_page(pipeline, DocumentRequest(png()))
    await pipeline.wait_until_ready()
    await every_page(pipeline, DocumentRequest(png()))
    await pipeline.close()
    with pytest.raises(NotReady, match="stopping"):
        await every_page(pipeline, DocumentRequest(png()))


async def test_an_extractor_that_is_not_here_is_refused_before_anything_is_read(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_server.engine_info import EngineInfo

    def missing(cls: type[MockExtractor], config: ExtractorConfig) -> EngineInfo:
        return EngineInfo("mock", False, reason="torch is not installed", install="pip install it")

    monkeypatch.setattr(MockExtractor, "describe", classmethod(missing))
    pipeline = make_pipeline(inline=True, key_value_preload=True)
    await pipeline.start()
    await pipeline.wait_until_ready()
    with pytest.raises(EngineUnavailable, match="torch is not installed; install it with: pip install it"):
        await every_page(pipeline, DocumentRequest(b"not even a document"))
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines, "reading does not need it"
    assert not outcome(pipeline).available


async def test_an_extractor_that_fails_fails_this_request_only(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract = MockExtractor.extract

    def fails(self: MockExtractor, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        if pages[0].width == 13:
            raise ValueError("tensor of the wrong shape")
        return extract(self, pages)

    monkeypatch.setattr(MockExtractor, "extract", fails)
    pipeline = make_pipeline(inline=True)
    await pipeline.wait_until_ready()
    with pytest.raises(EngineFailed, match="failed on this page; the server's log"):
        await every_page(pipeline, DocumentRequest(png(13, 9)))
    assert await every_page(pipeline, DocumentRequest(png(14, 9)))


async def test_a_page_is_extracted_while_the_next_one_is_read(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, extract = MockEngine.read, MockExtractor.extract
    spans: dict[tuple[str, int], tuple[float, float]] = {}

    def slow_read(self: MockEngine, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        began = time.monotonic()
        time.sleep(0.15)
        found = read(self, pages, options)
        spans["read", pages[0].number] = (began, time.monotonic())
        return found

    def slow_extract(self: MockExtractor, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        began = time.monotonic()
        time.sleep(0.1)
        spans["extract", pages[0].number] = (began, time.monotonic())
        return extract(self, pages)

    pipeline = make_pipeline(inline=True)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    monkeypatch.setattr(MockEngine, "read", slow_read)
    monkeypatch.setattr(MockExtractor, "extract", slow_extract)
    assert len(await every_page(pipeline, DocumentRequest(tiff(*[(20, 20)] * 3)))) == 3
    for number in (1, 2):
        (begun, ended), (next_begun, next_ended) = spans["extract", number], spans["read", number + 1]
        assert max(begun, next_begun) < min(ended, next_ended), f"page {number + 1} waited for page {number}"


async def test_its_own_queue_is_bounded_and_comes_free_when_the_caller_leaves(
    make_pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract, busy = MockExtractor.extract, [0.3]

    def slow(self: MockExtractor, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        time.sleep(busy[0])
        return extract(self, pages)

    pipeline = make_pipeline(inline=True, queue_size=1)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    monkeypatch.setattr(MockExtractor, "extract", slow)
    calls = [asyncio.create_task(every_page(pipeline, DocumentRequest(tiff((9, 9), (9, 9))))) for _ in range(2)]
    await asyncio.sleep(0.1)
    with pytest.raises(ServerBusy) as caught:
        await every_page(pipeline, DocumentRequest(png()))
    assert caught.value.retry_after_s
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(5):
        await pipeline._pools.extractor().drained()
        await pipeline._pools.engine("mock").drained()
    busy[0] = 0.0
    assert await every_page(pipeline, DocumentRequest(png()))


async def test_closing_after_the_first_page_ends_the_work(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, mock_delay_s=0.02)
    await pipeline.wait_until_ready()
    async with aclosing(pipeline.extract_key_values(DocumentRequest(tiff(*[(9, 9)] * 4)))) as pages:
        assert (await anext(pages)).number == 1
    async with asyncio.timeout(5):
        await pipeline._pools.extractor().drained()
        await pipeline._pools.engine("mock").drained()


@pytest.mark.parametrize("preload", [True, False])
async def test_it_is_loaded_after_the_engines_where_the_settings_say_so(make_pipeline: Make, preload: bool) -> None:
    pipeline = make_pipeline(inline=True, key_value_preload=preload)
    await pipeline.start()
    await pipeline.wait_until_ready()
    async with asyncio.timeout(5):
        await asyncio.gather(pipeline._warming)  # type: ignore[arg-type]  # it has been started
    assert outcome(pipeline).loaded == preload


async def test_the_worker_warms_up_on_words_and_refuses_an_extractor_that_finds_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = ExtractWorker("mock", ExtractorConfig())
    assert worker.warm_up().pages == 0
    assert len(worker.extract([warm_up_reading()])[0].key_values) == 2
    assert worker.stats().pages == 1

    def nothing(self: MockExtractor, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        none = OCRPage((), 1, 1, "korean", "mock", "mock 1")
        return extract(self, [none])

    extract = MockExtractor.extract
    monkeypatch.setattr(MockExtractor, "extract", nothing)
    with pytest.raises(EngineFailed, match="found nothing"):
        worker.warm_up()


async def test_the_settings_reach_the_extractor(make_pipeline: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ExtractorConfig]] = []
    create = ExtractorFactory.create

    def note(name: str, config: ExtractorConfig) -> object:
        seen.append((name, config))
        return create(name, config)

    monkeypatch.setattr(ExtractorFactory, "create", note)
    pipeline = make_pipeline(inline=True, key_value_model="a folder", allow_noncommercial=True, threads=3)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    assert seen == [("mock", ExtractorConfig("a folder", "cpu", 3, allow_noncommercial=True))]
