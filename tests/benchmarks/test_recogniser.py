"""What the measurement of the recogniser makes of times and readings."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recogniser import Reader
from ml_server.engines.ctc import Crop
from ml_server.engines.paddle_reads import Read

CROP = Crop(np.zeros((48, 100, 3), np.uint8), ((0, 0), (9, 0), (9, 9), (0, 9)))


def told(text: str, score: float) -> Read:
    return Read(CROP, tuple(text), tuple(range(len(text))), (score,) * len(text), 10.0, score)


def test_times_are_compared_round_by_round() -> None:
    base = Reader("base", lambda crops: [], seconds=[1.0, 2.0, 4.0])
    assert Reader("slower", lambda crops: [], seconds=[1.1, 2.4, 8.0]).times(base) == pytest.approx(1.2)


def test_a_round_that_does_not_count_warms_up() -> None:
    reader = Reader("ours", lambda crops: [told("x", 1.0) for _ in crops])
    reader.turn([[CROP], [CROP, CROP]], counts=False)
    assert (reader.seconds, [len(page) for page in reader.pages]) == ([], [1, 2])
    reader.turn([[CROP]])
    assert (len(reader.seconds), len(reader.pages)) == (1, 1)


def test_lines_that_no_request_gets_are_no_words() -> None:
    reader = Reader("ours", lambda crops: [told("합계 100", 0.9), told("넋", 0.2)])
    reader.turn([[CROP]])
    assert reader.word_f1(["합계 100"]) == 1.0
    assert reader.word_f1(["합계 100 넋"]) == pytest.approx(0.8)
