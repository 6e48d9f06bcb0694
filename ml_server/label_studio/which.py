"""Which annotation of a task is exported."""

from __future__ import annotations

from enum import StrEnum


class Which(StrEnum):
    """Which annotation of a task with several is taken; cancelled ones never are."""

    best = "best"
    newest = "newest"
    ground_truth = "ground-truth"
