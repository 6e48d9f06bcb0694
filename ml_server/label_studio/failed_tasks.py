"""Which tasks of a project have failed so far, and which of them the next pass leaves alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ml_server.label_studio.failures import Failure
from ml_server.label_studio.patience import PASSING
from ml_server.label_studio.predict import PredictReport

_PASSING_CODES = frozenset(kind.code for kind in PASSING)
_LONGEST_REST = 15  # passes; a page on which engines die must not keep them from the others


class FailedTasks:
    """Remembers from pass to pass.

    What may have passed by itself is tried again at the next pass, and then after 1, 3, 7 and at most 15 passes
    without it; what lasts waits for another model version.

    Args:
        before: failures of an earlier run whose tasks are to be tried now.
    """

    def __init__(self, before: Iterable[Failure] = ()) -> None:
        self._failed = {failure.task: failure for failure in before}
        self._rests: dict[int, float] = {}  # passes that go by without a task
        self._times: Counter[int] = Counter()

    def listed(self) -> list[Failure]:
        """The last failure of each task, in the order in which they failed first."""
        return list(self._failed.values())

    def resting(self) -> frozenset[int]:
        """Ids of the tasks that the next pass leaves alone."""
        return frozenset(task for task, rest in self._rests.items() if rest > 0)

    def another_model(self) -> None:
        """Let all be tried: this one has not tried them."""
        self._rests.clear()
        self._times.clear()

    def passed(self, report: PredictReport) -> None:
        """Learn from a pass that left those alone that rest.

        Args:
            report: of the pass. Where not all tasks had their turn in it, those that failed before stay failed.
        """
        resting = self.resting()
        if not (report.stopped or report.changed):
            self._failed = {task: failure for task, failure in self._failed.items() if task in resting}
        for task in resting:
            self._rests[task] -= 1
        for failure in report.failures:
            self._failed[failure.task] = failure
            self._times[failure.task] += 1
            rest = min(2 ** (self._times[failure.task] - 1) - 1, _LONGEST_REST)
            self._rests[failure.task] = rest if failure.code in _PASSING_CODES else float("inf")
