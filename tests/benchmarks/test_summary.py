"""What outcomes of requests come to."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.summary import Answer, Outcome, Run, median, merged, percentile, ratio


def outcome(seconds: float, code: str = "200", *, ok: bool = True, wait: float | None = None) -> Outcome:
    return Outcome(Answer(code, ok=ok, retry_after_s=wait), 0.0, 0.0, seconds)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 50.0), (95, 95.0), (99, 99.0), (99.5, 100.0), (100, 100.0)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, percent) == expected


def test_of_few_values_the_high_percentiles_are_the_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0


def test_nothing_measured_is_no_number() -> None:
    assert math.isnan(percentile([], 50))
    assert math.isnan(median([]))
    assert math.isnan(ratio(1.0, 0.0))


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    assert median([4.0, 1.0, 2.0, 100.0]) == 3.0
    assert median([4.0, 1.0, 100.0]) == 4.0


def test_only_results_count_for_rate_and_latency() -> None:
    run = Run((outcome(0.1), outcome(0.3), outcome(9.0, "429", ok=False, wait=1.0)), seconds=4.0)

    assert run.per_second == 0.5
    assert run.latency(100) == 0.3
    assert run.codes == {"200": 2, "429": 1}


@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        (Answer("200", ok=True), 0),
        (Answer("429", ok=False, retry_after_s=2.0), 0),
        (Answer("RESOURCE_EXHAUSTED", ok=False, retry_after_s=0.5), 0),
        (Answer("429", ok=False), 1),
        (Answer("503", ok=False, retry_after_s=2.0), 1),
        (Answer("ReadError", ok=False), 1),
    ],
)
def test_a_refusal_is_honest_when_it_says_full_and_when_to_come_again(answer: Answer, lost: int) -> None:
    assert Run((Outcome(answer, 0.0, 0.0, 0.1),), 1.0).lost == lost


def test_a_run_without_results_makes_a_row_that_json_can_hold() -> None:
    row = Run((outcome(1.0, "503", ok=False),), 1.0).row("nothing")

    assert json.loads(json.dumps(row, allow_nan=False))["p99_ms"] is None


def test_runs_are_merged_with_their_times() -> None:
    whole = merged([Run((outcome(1.0),), 2.0), Run((outcome(3.0), outcome(5.0)), 1.0)])

    assert (whole.per_second, whole.latency(100)) == (1.0, 5.0)
