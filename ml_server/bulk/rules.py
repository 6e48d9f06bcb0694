"""Straight lines on a page, as they part the cells of tables: printed ones, and the edges of shaded areas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml_server.document import Page

_CONTRAST: Final = 12
"""Grey levels, of 255, by which a line differs from what is beside it: tables are often ruled in light colours."""

_WIDE: Final = 0.025
"""Length of the shortest horizontal line, as a share of the page's longer side: longer than letters have."""

_HIGH: Final = 0.012
"""Of the shortest vertical one: of a row's height."""

_FEWEST: Final = 20
"""Likewise in pixels, for small pages."""

_LARGEST: Final = 3600
"""Longer side of the page as it is looked at, pixels: A4 at 300 dpi; memory is bounded by it."""

_WHOLE: Final = 0.94
"""Share of a stretch that is line; less is a row of dots or the feet of letters."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line along an axis. Pixels.

    Attributes:
        at: where it is across: y of a horizontal line, x of a vertical one.
        start: where it begins: the least x, or y.
        end: where it ends.
    """

    at: float
    start: float
    end: float


def rules_of(page: Page) -> tuple[list[Rule], list[Rule]]:
    """The page's horizontal and its vertical lines, each in the order of where they are."""
    from PIL import Image

    times = math.ceil(max(page.width, page.height) / _LARGEST)
    grey = np.asarray(Image.fromarray(page.pixels).convert("L").reduce(times)).astype(np.int16)
    wide, high = (max(_FEWEST, round(share * max(grey.shape))) for share in (_WIDE, _HIGH))
    across, down = _across(grey, wide), _across(np.ascontiguousarray(grey.T), high)
    return _larger(across, times), _larger(down, times)


def _larger(rules: list[Rule], times: int) -> list[Rule]:
    return [Rule(rule.at * times, rule.start * times, rule.end * times) for rule in rules] if times > 1 else rules


def _across(grey: npt.NDArray[np.int16], shortest: int) -> list[Rule]:
    """Horizontal lines: long runs of pixels, all of which differ from those above or below them."""
    if grey.shape[0] < 3 or grey.shape[1] <= shortest:
        return []
    edge = np.zeros(grey.shape, dtype=bool)
    np.greater_equal(np.abs(grey[2:] - grey[:-2]), _CONTRAST, out=edge[1:-1])
    sums = np.zeros((grey.shape[0], grey.shape[1] + 1), dtype=np.int32)
    np.cumsum(edge, axis=1, out=sums[:, 1:])
    whole = sums[:, shortest:] - sums[:, :-shortest] >= _WHOLE * shortest
    rules: list[Rule] = []
    near: list[tuple[int, Rule, int]] = []  # lines that the next rows may go on: last row, what is known, first row
    margin = max(2, max(grey.shape) // 600)
    for y in np.flatnonzero(whole.any(axis=1)).tolist():
        near, over = [n for n in near if y - n[0] <= margin], [n for n in near if y - n[0] > margin]
        rules += [rule for _, rule, _ in over]
        for start, end in _runs(whole[y], shortest):
            first = y
            for known in [n for n in near if start <= n[1].end + margin and end >= n[1].start - margin]:
                near.remove(known)
                start, end, first = min(start, known[1].start), max(end, known[1].end), min(first, known[2])
            near.append((y, Rule((first + y) / 2, start, end), first))
    rules += [rule for _, rule, _ in near]
    return sorted(rules, key=lambda rule: (rule.at, rule.start))


def _runs(whole: npt.NDArray[np.bool_], shortest: int) -> list[tuple[float, float]]:
    """Begin and end of the lines of one row of pixels."""
    steps = np.flatnonzero(np.diff(np.concatenate(([False], whole, [False])).astype(np.int8)))
    return [(float(start), float(end - 1 + shortest)) for start, end in zip(steps[::2], steps[1::2], strict=True)]
