"""Batches inside an engine's process: one bad page fails alone, and too little memory makes batches smaller."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from ml_server.document import OCRPage, Page
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.mock_engine import TRIGGER, MockEngine
from ml_server.errors import EngineFailed, MLServerError, UnsupportedLanguage
from ml_server.languages import parse
from ml_server.outcomes import is_out_of_memory, outcomes
from ml_server.workers import EngineWorker, ExtractWorker, warm_up_reading

ENGLISH = parse("english")
OPTIONS = ReadOptions(ENGLISH)


class OutOfMemoryError(RuntimeError):
    """Named as torch's is, which derives from RuntimeError too."""


def page(width: int, *, bad: bool = False) -> Page:
    pixels = np.full((9, width, 3), 255, np.uint8)
    if bad:
        pixels[0, 0] = TRIGGER
    return Page(pixels)


def worker(failure: str = "") -> EngineWorker:
    return EngineWorker("mock", EngineConfig(ENGLISH, mock_failure=failure))


def shape(found: Sequence[OCRPage | MLServerError]) -> list[int | str]:
    """Widths of the pages that were read, codes of the errors."""
    return [each.width if isinstance(each, OCRPage) else each.code for each in found]


def at_most(monkeypatch: pytest.MonkeyPatch, limit: int, error: Callable[[], Exception]) -> list[int]:
    """Make the mock engine fail on batches wider than ``limit`` pixels in all; gives the batch sizes it is asked."""
    read, asked = MockEngine.read, list[int]()

    def limited(self: MockEngine, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        asked.append(len(pages))
        if sum(each.width for each in pages) > limit:
            raise error()
        return read(self, pages, options)

    monkeypatch.setattr(MockEngine, "read", limited)
    return asked


def test_a_bad_page_fails_alone() -> None:
    found = worker("raise").read_many([page(10), page(11, bad=True), page(12)], OPTIONS)
    assert shape(found) == [10, "engine_failed", 12]
    assert str(found[1]) == "engine mock failed on this page; the server's log has the details under this request id"
    assert pickle.loads(pickle.dumps(found[1])).message == str(found[1])


def test_all_is_well_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = at_most(monkeypatch, 10**6, RuntimeError)
    assert shape(worker().read_many([page(10), page(11)], OPTIONS)) == [10, 11]
    assert asked == [2]


def test_our_own_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    at_most(monkeypatch, 0, lambda: UnsupportedLanguage("no such weights", field="language"))
    found = worker().read_many([page(10), page(11)], OPTIONS)
    assert shape(found) == ["unsupported_language"] * 2
    assert isinstance(found[0], MLServerError)
    assert (found[0].field, found[0].__traceback__) == ("language", None)


def test_read_raises_the_first_error() -> None:
    with pytest.raises(EngineFailed, match="failed on this page"):
        worker("raise").read([page(10), page(11, bad=True)], OPTIONS)


def test_out_of_memory_halves_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = at_most(monkeypatch, 40, lambda: OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert shape(worker().read_many([page(10 + i) for i in range(4)], OPTIONS)) == [10, 11, 12, 13]
    assert asked == [4, 2, 2]


def test_a_page_too_large_for_the_device_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = at_most(monkeypatch, 40, lambda: OutOfMemoryError("CUDA out of memory"))
    found = worker().read_many([page(10), page(50), page(12), page(13)], OPTIONS)
    assert shape(found) == [10, "engine_failed", 12, 13]
    assert str(found[1]) == "engine mock has not enough memory for this page"
    assert asked == [4, 2, 1, 1, 2]


def test_a_single_page_gets_a_second_try_with_the_caches_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    read, full = MockEngine.read, [True]

    def starved(self: MockEngine, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        if full[0]:
            raise OutOfMemoryError("CUDA out of memory")
        return read(self, pages, options)

    def empty_cache() -> None:
        full[0] = False

    monkeypatch.setattr(MockEngine, "read", starved)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(empty_cache=empty_cache)))
    assert shape(worker().read_many([page(10)], OPTIONS)) == [10]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("anything"), True),
        (RuntimeError("ResourceExhaustedError: Out of memory error on GPU 0."), True),
        (RuntimeError("BFCArena: Failed to allocate memory for requested buffer of size 1073741824"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("std::bad_alloc"), True),
        (EngineFailed("the framework failed"), False),
        (ValueError("out of range"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_a_wrapped_error_shows_its_cause() -> None:
    error = EngineFailed("the framework failed")
    error.__cause__ = MemoryError()
    assert is_out_of_memory(error)


def test_an_engine_that_loses_a_page_is_not_believed() -> None:
    found = outcomes(lambda items: list(items)[:1], [1, 2], "engine x")
    assert found == [1, 2]  # one by one it loses none
    (lost,) = outcomes(lambda items: [], [1], "engine x")
    assert str(lost) == "engine x gave 0 results for 1 pages"


def test_what_a_framework_says_of_itself_stays_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(items: Sequence[int]) -> list[int]:
        raise ValueError("/opt/secret/model.bin")

    (found,) = outcomes(fail, [1], "engine x")
    assert "secret" not in str(found)
    assert "/opt/secret/model.bin" in "".join(capsys.readouterr())


def test_the_extractor_gives_an_outcome_for_each_page_too() -> None:
    extractor = ExtractWorker("mock", ExtractorConfig())
    found = extractor.extract_many([warm_up_reading(), warm_up_reading()])
    assert [type(each).__name__ for each in found] == ["KeyValuePage"] * 2
    assert extractor.extract([warm_up_reading()])[0].entities
    assert extractor.stats().pages == 3
