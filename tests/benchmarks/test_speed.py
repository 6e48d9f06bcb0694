"""What the measurement of speed judges: rates, latency, and that none of it is bought with accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.results import Check
from benchmarks.speed import Contestant, judge
from benchmarks.summary import Answer, Outcome, Run
from ml_server.training.ocr_truth import TruthPage

WORDS = tuple(f"word{number}" for number in range(1000))
NOBODY: Any = None


def contestant(name: str, seconds: float, misread: int = 0) -> Contestant:
    """One that has read two pages of a thousand words in all, some wrong."""
    read = [*(["wrong"] * misread), *WORDS[misread:]]
    outcomes = tuple(Outcome(Answer("200", ok=True), 0.0, 0.0, seconds) for _ in range(2))
    texts = {0: " ".join(read[:500]), 1: " ".join(read[500:])}
    return Contestant(name, NOBODY, NOBODY, [Run(outcomes, 2 * seconds)], texts=texts)


def truth() -> list[TruthPage]:
    halves = (WORDS[:500], WORDS[500:])
    return [TruthPage(f"page {i}", Path(f"{i}.png"), words, (), " ".join(words)) for i, words in enumerate(halves)]


def judged(engine: str, *others: Contestant, misread: int) -> dict[str, Check]:
    by_name = {each.name: each for each in (contestant("ml_server http", 0.1, misread), *others)}
    return {check.name: check for check in judge(engine, truth(), by_name)}


@pytest.mark.parametrize(("misread", "passed"), [(0, True), (15, True), (16, False)])
def test_a_peer_may_not_be_more_accurate_by_more_than_half_a_point(misread: int, passed: bool) -> None:
    checks = judged("paddle", contestant("paddlex", 1.0, misread=10), misread=misread)
    assert checks.pop("word F1: ml_server http - paddlex").passed is passed
    assert list(checks) == ["pages a second: ml_server http / paddlex", "p99: ml_server http / paddlex"]
    assert all(check.passed for check in checks.values())


def test_a_loop_that_a_user_would_write_is_a_peer_and_our_own_is_not() -> None:
    loops = contestant("loop easyocr", 0.1), contestant("loop readtext", 1.0)
    found = judged("easyocr", *loops, misread=20)
    assert [name for name in found if name.startswith("word F1")] == ["word F1: ml_server http - loop readtext"]
    assert not found["word F1: ml_server http - loop readtext"].passed


def test_pages_that_were_not_read_count_as_read_wrong() -> None:
    mine = contestant("ml_server http", 0.1)
    mine.texts.pop(1)
    assert 0.6 < mine.word_f1(truth()) < 0.7
