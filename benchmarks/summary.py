"""What became of requests, and what that comes to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller got.

    Attributes:
        code: ``200``, ``429``, ``OK``, ``RESOURCE_EXHAUSTED``, …; an exception's name where there was no answer.
        ok: whether it is a result.
        text: what was read.
        retry_after_s: what a refusal asks to wait; None where it does not say.
        right: whether the result is the one expected; None where nobody compared.
    """

    code: str
    ok: bool
    text: str = ""
    retry_after_s: float | None = None
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request.

    Attributes:
        answer: to it.
        due: seconds after the run's beginning at which it should have been sent.
        late: seconds it was sent after that.
        seconds: from ``due`` to the answer, so that waiting in the generator counts.
    """

    answer: Answer
    due: float
    late: float
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether the server said that it is full, and when to come again."""
        return self.answer.code in ("429", "RESOURCE_EXHAUSTED") and self.answer.retry_after_s is not None

    def as_result(self) -> Outcome:
        """The same as if any answer were a result: for the latency of refusals."""
        return replace(self, answer=replace(self.answer, ok=True))


@dataclass(frozen=True, slots=True)
class Run:
    """All requests of a run and the seconds it took."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def good(self) -> list[Outcome]:
        """Those with a result."""
        return [outcome for outcome in self.outcomes if outcome.answer.ok]

    @property
    def codes(self) -> dict[str, int]:
        """Requests by code, most frequent first."""
        return dict(Counter(outcome.answer.code for outcome in self.outcomes).most_common())

    @property
    def per_second(self) -> float:
        """Results a second."""
        return len(self.good) / self.seconds if self.seconds else 0.0

    @property
    def wrong(self) -> int:
        """Results that are not the ones expected."""
        return sum(outcome.answer.right is False for outcome in self.outcomes)

    @property
    def lost(self) -> int:
        """Requests with neither a result nor an honest refusal."""
        return sum(not outcome.answer.ok and not outcome.refused for outcome in self.outcomes)

    def latency(self, percent: float) -> float:
        """A percentile of the latency of results, in seconds; NaN without any."""
        return percentile([outcome.seconds for outcome in self.good], percent)

    def row(self, name: str) -> dict[str, Any]:
        """The run as a row of a table: rates in 1/s, times in ms."""
        late = percentile([outcome.late for outcome in self.outcomes], 99)
        return {
            "what": name,
            "requests": len(self.outcomes),
            "ok": len(self.good),
            "codes": self.codes,
            "per_s": rounded(self.per_second, 3),
            "p50_ms": rounded(1000 * self.latency(50), 1),
            "p95_ms": rounded(1000 * self.latency(95), 1),
            "p99_ms": rounded(1000 * self.latency(99), 1),
            "max_ms": rounded(1000 * self.latency(100), 1),
            "sent_late_p99_ms": rounded(1000 * late, 1),
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of ``values`` that at least ``percent`` % of them do not exceed (nearest rank); NaN without any."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    """The mean of the two middle values where there is an even number; NaN without any."""
    ordered, half = sorted(values), len(values) // 2
    if not ordered:
        return math.nan
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def ratio(above: float, below: float) -> float:
    """``above / below``; NaN where that is not a number."""
    return above / below if below else math.nan


def rounded(value: float, digits: int) -> float | None:
    """For a row: None, which JSON has, instead of NaN, which it has not."""
    return None if math.isnan(value) else round(value, digits)


def merged(runs: Sequence[Run]) -> Run:
    """Several runs after one another as one."""
    return Run(tuple(outcome for run in runs for outcome in run.outcomes), sum(run.seconds for run in runs))
