"""Tables side by side whose rows are not level: rows that mix them become the one's rows, then the other's.

Pure geometry. As with tables themselves it is weighed what more speaks for: tables of rows over the whole width, or on
both sides of the white between them. Rows that are level stay together: whether these are two tables or one cannot be
seen, and each row is right either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ml_server.bulk.rows import Row, distance, in_rows
from ml_server.bulk.tables import APART, weight

_WHITE: Final = 1.8
"""White space between two tables, at least, in heights of the text."""

_LONGEST: Final = 30
"""Rows over the whole width, at most, that are parted at a time."""

_ASKEW: Final = 0.75
"""Share of them that has cells on one side only, at least."""

_FEWEST, _TIGHT = 2, 0.3
"""How often one on the left and one on the right follow each other, at least, and the white between them, at most, in
heights of the text. A table's rows have more of it: those may be rows of one table, whose other cells are empty."""

_TWO: Final = 0.5
"""What such rows by themselves say for two tables."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some rows that may be parted.

    Attributes:
        start: the first one's index.
        end: the index after the last one.
        sides: the rows on the left, then those on the right.
    """

    start: int
    end: int
    sides: tuple[Row, ...]


def apart(rows: Sequence[Row]) -> list[Row]:
    """The rows with tables that stand side by side one after the other.

    Args:
        rows: from top to bottom.
    """
    found: list[Row] = []
    end = 0
    for some in _overlapping(_stretches(rows)):
        start, last = some[0].start, max(each.end for each in some)
        found += [*rows[end:start], *_parted(rows, start, last, some)]
        end = last
    return [*found, *rows[end:]]


def _parted(rows: Sequence[Row], start: int, end: int, some: Sequence[_Stretch]) -> list[Row]:
    """Rows of which one of several stretches is parted: the one for which most speaks, of equal ones the longest.

    None if more speaks for the rows as they are.
    """
    ways = [[*rows[start : each.start], *each.sides, *rows[each.end : end]] for each in some]
    weights = [weight(way) for way in ways]
    best = max(range(len(ways)), key=lambda index: (weights[index], some[index].end - some[index].start))
    whole = list(rows[start:end])
    return ways[best] if weights[best] > weight(whole) - _TWO else whole


def _overlapping(stretches: Iterator[_Stretch]) -> list[list[_Stretch]]:
    """Those that have rows in common, directly or by others, together; from top to bottom."""
    groups: list[list[_Stretch]] = []
    end = 0
    for each in stretches:
        if each.start >= end:
            groups.append([])
        groups[-1].append(each)
        end = max(end, each.end)
    return groups


def _stretches(rows: Sequence[Row]) -> Iterator[_Stretch]:
    """What may be parted, in the order of where it starts."""
    for start in range(len(rows)):
        white = [(float("-inf"), float("inf"))]
        for end in range(start + 1, min(len(rows), start + _LONGEST) + 1):
            if end - start > 1 and distance(rows[end - 2], rows[end - 1]) > APART * rows[end - 1][0].height:
                break
            white = _still_white(white, rows[end - 1])
            if len(white) < 3:
                break  # there is nothing between the margins, nor will there be
            for left, right in white[1:-1]:
                sides = _sides(rows[start:end], (left + right) / 2)
                if sides is not None:
                    yield _Stretch(start, end, sides)


def _still_white(white: Sequence[tuple[float, float]], row: Row) -> list[tuple[float, float]]:
    """What a row leaves of stripes of white, where it is wide enough; the outer two are the margins."""
    edges = [float("-inf"), *chain.from_iterable((cell.box[0], cell.box[2]) for cell in row), float("inf")]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    least = _WHITE * row[0].height
    both = ((max(one[0], other[0]), min(one[1], other[1])) for other in gaps for one in white)
    return [(left, right) for left, right in both if right - left >= least]


def _sides(rows: Sequence[Row], at: float) -> tuple[Row, ...] | None:
    """Rows parted at a place of the page's width; None where they are level, or a side by itself is no table."""
    where = [-1 if row[-1].box[2] < at else int(row[0].box[0] > at) for row in rows]
    askew = sum(
        where[index] * where[index + 1] < 0 and distance(rows[index], rows[index + 1]) < _TIGHT * rows[index][0].height
        for index in range(len(rows) - 1)
    )
    if askew < _FEWEST or sum(map(abs, where)) < _ASKEW * len(rows):
        return None
    left, right = (
        in_rows([cell for row in rows for cell in row if (cell.box[0] > at) is far]) for far in (False, True)
    )
    return (*left, *right) if min(map(weight, (left, right))) > 0 else None
