"""The use case from request to result, on the mock engine in real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from pages import bad_png, png, tiff

from ml_server.document import DocumentRequest, DocumentResult, OCRPage
from ml_server.errors import (
    DeadlineExceeded,
    EngineCrashed,
    EngineFailed,
    InvalidImage,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    UnknownEngine,
    UnsupportedLanguage,
)
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

Make = Callable[..., Pipeline]


async def test_not_ready_until_the_default_engine_has_read_a_page(make_pipeline: Make) -> None:
    pipeline = make_pipeline()
    await pipeline.start()
    assert pipeline.state == "starting"
    with pytest.raises(NotReady) as caught:
        await pipeline.extract_page(DocumentRequest(png()))
    assert caught.value.retry_after_s
    await pipeline.wait_until_ready()
    assert pipeline.is_ready
    page = await pipeline.extract_page(DocumentRequest(png(70, 30)))
    assert page.lines[0].text == "mock page 70 x 30"
    assert (page.engine, page.language, page.width, page.height) == ("mock", "korean", 70, 30)
    await pipeline.close()
    with pytest.raises(NotReady, match="stopping"):
        await pipeline.extract_page(DocumentRequest(png()))


@pytest.mark.parametrize("inline", [True, False])
async def test_threshold_filters_after_recognition(make_pipeline: Make, inline: bool) -> None:
    pipeline = make_pipeline(inline=inline)
    await pipeline.wait_until_ready()
    counts = [
        len((await pipeline.extract_page(DocumentRequest(png(), confidence_threshold=t))).lines)
        for t in (0.0, 0.5, 0.7, 1.0)
    ]
    assert counts == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": b""}, InvalidImage, "empty"),
        ({"data": b"<html></html>"}, InvalidImage, "HTML"),
        ({"language": "klingon"}, UnsupportedLanguage, "korean"),
        ({"language": " "}, UnsupportedLanguage, "no language"),
        ({"engine": "magic"}, UnknownEngine, "tesseract"),
        ({"confidence_threshold": 1.5}, InvalidRequest, "0 to 1"),
        ({"confidence_threshold": float("nan")}, InvalidRequest, "0 to 1"),
        ({"data": png(300, 300)}, PayloadTooLarge, "90000"),
        ({"data": png(200, 10) + b"\0" * 40_000}, PayloadTooLarge, "30000|29.3|KB|bytes"),
        ({"data": tiff((8, 8), (9, 9))}, InvalidImage, "2 pages"),
        ({"data": bad_png()}, EngineFailed, "log has the details"),
        ({"timeout_s": 0.0001}, DeadlineExceeded, "deadline"),
    ],
)
async def test_each_fault_has_its_error(
    make_pipeline: Make, changes: dict[str, Any], error: type[MLServerError], words: str
) -> None:
    pipeline = make_pipeline(
        inline=True, mock_failure="raise", max_pixels=80_000, max_image_bytes=30_000, mock_delay_s=0.01
    )
    await pipeline.wait_until_ready()
    with pytest.raises(error, match=words) as caught:
        await pipeline.extract_page(DocumentRequest(**{"data": png(), **changes}))
    (changed,) = changes
    assert caught.value.field == {"data": "image", "timeout_s": ""}.get(changed, changed) or error is EngineFailed
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines


async def test_documents_give_every_page_in_order(make_pipeline: Make) -> None:
    pipeline = make_pipeline(replicas=2)
    await pipeline.wait_until_ready()
    sizes = [(20 + i, 10) for i in range(7)]
    document = await pipeline.extract_document(DocumentRequest(tiff(*sizes)))
    assert [(page.width, page.height) for page in document.pages] == sizes
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5, 6, 7]
    assert document.text.count("\f") == 6
    assert sum(page.processing_time_ms for page in document.pages) <= document.processing_time_ms


async def test_too_many_pages_is_refused(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, max_pages=2)
    await pipeline.wait_until_ready()
    with pytest.raises(PayloadTooLarge, match="3 pages") as caught:
        await pipeline.extract_document(DocumentRequest(tiff((5, 5), (5, 5), (5, 5))))
    assert caught.value.field == "document"


async def test_one_bad_item_of_a_batch_fails_alone(make_pipeline: Make) -> None:
    pipeline = make_pipeline(max_batch=3)
    await pipeline.wait_until_ready()
    items = [DocumentRequest(png(30, 30)), DocumentRequest(b"nonsense"), DocumentRequest(png(40, 40))]
    first, second, third = await pipeline.extract_batch(items)
    assert isinstance(first, OCRPage)
    assert isinstance(second, InvalidImage)
    assert isinstance(third, OCRPage)
    assert (first.width, third.width) == (30, 40)
    for wrong in ([], [DocumentRequest(png())] * 4):
        with pytest.raises(InvalidRequest, match="1 to 3"):
            await pipeline.extract_batch(wrong)


async def test_a_full_queue_refuses_and_says_when_to_come_back(make_pipeline: Make) -> None:
    pipeline = make_pipeline(queue_size=1, replicas=1, mock_delay_s=0.3)
    await pipeline.wait_until_ready()
    calls = [asyncio.create_task(pipeline.extract_page(DocumentRequest(png()))) for _ in range(4)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [result for result in results if isinstance(result, ServerBusy)]
    assert len(refused) == 2
    assert all(error.retry_after_s and error.retry_after_s >= 1 for error in refused)
    assert len([result for result in results if isinstance(result, OCRPage)]) == 2


async def test_the_queue_counts_requests_as_its_setting_says_and_not_their_pages(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True, queue_size=1, replicas=1, mock_delay_s=0.05)
    await pipeline.wait_until_ready()
    document = DocumentRequest(tiff(*[(20, 9)] * 4))
    calls = [asyncio.create_task(pipeline.extract_document(document)) for _ in range(3)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [len(result.pages) for result in results if isinstance(result, DocumentResult)] == [4, 4]
    assert [type(result) for result in results if isinstance(result, MLServerError)] == [ServerBusy]
    assert "requests" in str(Settings.model_fields["queue_size"].description).split(",")[0]


async def test_a_caller_who_gives_up_keeps_its_permit_until_the_work_ends(make_pipeline: Make) -> None:
    pipeline = make_pipeline(queue_size=1, replicas=1, mock_delay_s=0.5)
    await pipeline.wait_until_ready()
    first = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.25)
    first.cancel()
    second = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0)
    with pytest.raises(ServerBusy):
        await pipeline.extract_page(DocumentRequest(png()))
    assert (await second).lines


async def test_an_expired_request_never_reaches_the_engine(make_pipeline: Make) -> None:
    from ml_server import metrics

    def read() -> float:
        return metrics.REGISTRY.get_sample_value("ml_server_pages_total", {"engine": "mock", "outcome": "ok"}) or 0.0

    pipeline = make_pipeline(replicas=1, mock_delay_s=0.4)
    await pipeline.wait_until_ready()
    before = read()
    first = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.1)
    with pytest.raises(DeadlineExceeded):
        await pipeline.extract_page(DocumentRequest(png(), timeout_s=0.1))
    await first
    await pipeline.extract_page(DocumentRequest(png()))
    assert read() - before == 2


async def test_a_page_that_kills_its_engine_is_tried_once_more_and_then_refused(make_pipeline: Make) -> None:
    pipeline = make_pipeline(mock_failure="crash")
    await pipeline.wait_until_ready()
    with pytest.raises(EngineCrashed):
        await pipeline.extract_page(DocumentRequest(bad_png()))
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines
    assert pipeline.is_ready


async def test_a_hanging_engine_is_killed_and_its_other_work_goes_on(make_pipeline: Make) -> None:
    pipeline = make_pipeline(mock_failure="hang", page_timeout_s=0.5, replicas=1)
    await pipeline.wait_until_ready()
    hanging = asyncio.create_task(pipeline.extract_page(DocumentRequest(bad_png())))
    await asyncio.sleep(0.2)
    behind = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    with pytest.raises(DeadlineExceeded, match="restarted"):
        await hanging
    assert (await behind).lines


async def test_languages_thresholds_and_options_never_mix(make_pipeline: Make) -> None:
    pipeline = make_pipeline(replicas=2)
    await pipeline.wait_until_ready()
    asked = [
        (language, angle, threshold, size)
        for size, (language, angle, threshold) in enumerate(
            [(lang, a, t) for lang in ("korean", "english", "ja") for a in (True, False) for t in (0.0, 0.7)], start=20
        )
    ]
    pages = await asyncio.gather(
        *(
            pipeline.extract_page(
                DocumentRequest(png(size, 9), language=language, use_angle_cls=angle, confidence_threshold=threshold)
            )
            for language, angle, threshold, size in asked
        )
    )
    for (language, angle, threshold, size), page in zip(asked, pages, strict=True):
        name = {"ja": "japanese"}.get(language, language)
        assert page.lines[0].text == f"mock page {size} x 9"
        assert page.language == name
        assert len(page.lines) == (3 if threshold == 0.0 else 1)
        if threshold == 0.0:
            assert page.lines[2].text == f"languages: {name} angle {angle}"


async def test_recycling_replaces_the_process_and_loses_nothing(make_pipeline: Make) -> None:
    from ml_server import metrics

    def recycled() -> float:
        labels = {"engine": "mock", "reason": "recycle"}
        return metrics.REGISTRY.get_sample_value("ml_server_replica_starts_total", labels) or 0.0

    pipeline = make_pipeline(recycle_after=3, replicas=1, mock_delay_s=0.1)
    await pipeline.wait_until_ready()
    before = recycled()
    pages = await asyncio.gather(*(pipeline.extract_page(DocumentRequest(png(20 + i, 9))) for i in range(20)))
    assert [page.width for page in pages] == list(range(20, 40))
    assert recycled() > before


async def test_auto_never_picks_the_mock_unless_the_operator_did(make_pipeline: Make) -> None:
    pipeline = make_pipeline(inline=True)
    assert [info.name for info in pipeline.engines() if info.default] == ["mock"]
    pipeline = make_pipeline(inline=True, engine="auto")
    assert "mock" not in [info.name for info in pipeline.engines() if info.default]


async def test_a_replica_that_died_idle_costs_the_next_page_no_attempt(make_pipeline: Make) -> None:
    from ml_server.replicas import ProcessReplica

    pipeline = make_pipeline(replicas=1, mock_failure="crash")
    await pipeline.wait_until_ready()
    (replica,) = pipeline._pools.engine("mock")._keeper.live
    assert isinstance(replica, ProcessReplica)
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGKILL)
    await asyncio.sleep(0.3)
    assert (await pipeline.extract_page(DocumentRequest(png()))).lines


async def test_what_waits_in_line_for_nobody_is_dropped_at_once(make_pipeline: Make) -> None:
    pipeline = make_pipeline(queue_size=1, replicas=1, mock_delay_s=0.6)
    await pipeline.wait_until_ready()
    first = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.2)
    waiting = asyncio.create_task(pipeline.extract_page(DocumentRequest(png())))
    await asyncio.sleep(0.2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    third = asyncio.create_task(pipeline.extract_page(DocumentRequest(png(33, 9))))
    assert (await first).lines
    assert (await third).width == 33


async def test_a_batch_larger_than_the_queue_loses_nothing(make_pipeline: Make) -> None:
    pipeline = make_pipeline(queue_size=1, replicas=1, mock_delay_s=0.05)
    await pipeline.wait_until_ready()
    outcomes = await pipeline.extract_batch([DocumentRequest(png(20 + i, 9)) for i in range(8)])
    assert [page.width for page in outcomes if isinstance(page, OCRPage)] == list(range(20, 28))
