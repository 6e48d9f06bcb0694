"""Where rows of cells are a table without lines. Pure geometry.

What is a table is weighed: cells that stand in common columns speak for it, empty ones against it, and of all ways to
part a page's rows into tables and text the one is taken for which most speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml_server.bulk.growing_table import TIGHT, GrowingTable
from ml_server.bulk.rows import Row, distance

APART: Final = 3.0
"""White space between two rows of a table, at most, in heights of the text."""

_LONGEST: Final = 200
"""Rows of a table, at most; what is longer is taken for several."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """Some of the rows, as a table.

    Attributes:
        start: the first row's index.
        end: the index after the last row.
        texts: of as many columns in each row; empty where a cell is.
    """

    start: int
    end: int
    texts: tuple[tuple[str, ...], ...]


def tables_in(rows: Sequence[Row]) -> list[TableRows]:
    """The tables among a page's rows, from top to bottom."""
    best = _best(rows)
    tables: list[TableRows] = []
    end = len(rows)
    while end:
        start = best[end][1]
        if start == end:
            end -= 1
            continue
        table = GrowingTable(rows[start])
        for row in rows[start + 1 : end]:
            table.add(row)
        tables.append(TableRows(start, end, table.texts()))
        end = start
    return tables[::-1]


def weight(rows: Sequence[Row]) -> float:
    """What speaks for the tables among rows; 0 where there are none."""
    return _best(rows)[-1][0]


def _best(rows: Sequence[Row]) -> list[tuple[float, int]]:
    """For each number of rows, from 0: what speaks for the tables among so many, and where the last table begins."""
    ending: dict[int, list[tuple[float, int]]] = {}  # for an end: what speaks for tables that end there, their starts
    for start in range(len(rows)):
        for end, score in _from(rows, start):
            ending.setdefault(end, []).append((score, start))
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(rows) + 1):
        choices = [(best[end - 1][0], end), *((best[start][0] + score, start) for score, start in ending.get(end, ()))]
        best.append(max(choices, key=lambda choice: choice[0]))
    return best


def _from(rows: Sequence[Row], start: int) -> list[tuple[int, float]]:
    """Where tables that begin with a row may end, and what speaks for each."""
    found: list[tuple[int, float]] = []
    if len(rows[start]) < 2 or _hangs(rows, start - 1, start, rows[start]):
        return found
    table = GrowingTable(rows[start])
    for index in range(start + 1, min(len(rows), start + _LONGEST)):
        row = rows[index]
        if distance(rows[index - 1], row) > APART * row[0].height or not table.add(row):
            break  # and no longer table has it
        last = table.rows[-1]
        if len(last) > 1 and not _hangs(rows, index + 1, index, last) and table.score > 0:
            found.append((index + 1, table.score))
    return found


def _hangs(rows: Sequence[Row], index: int, beside: int, row: Row) -> bool:
    """Whether a row outside the table is a line of one of its cells, but not of the first: where it ends is unknown."""
    if not 0 <= index < len(rows) or len(rows[index]) > 1:
        return False
    upper, lower = sorted((index, beside))
    tight = distance(rows[upper], rows[lower]) <= TIGHT * row[0].height
    return tight and rows[index][0].box[0] > row[0].box[2]
