"""Ruled tables: which cells a page's lines make. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ml_server.bulk.rules import Rule

_NEAR: Final = 0.004
"""Lines that miss each other by so much meet, as a share of the page's longer side."""

_DRAWN: Final = 0.6
"""Share of a cell's side from which on a line divides it from the next cell."""


_MOST: Final = 4000
"""Corners of cells that lines may make, at most: squared paper is no table."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell, which may reach over several rows and columns.

    Attributes:
        row: of its top-left corner, from 0.
        column: likewise.
        rows: how many it has, at least 1.
        columns: likewise.
    """

    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table.

    Attributes:
        xs: its columns' left sides and the last one's right side, pixels, ascending; 3 at least.
        ys: its rows' upper sides and the last one's lower side; 3 at least.
        cells: row by row; they cover it, and none lies over another.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[GridCell, ...]


def grids_of(across: Sequence[Rule], down: Sequence[Rule], longest: float) -> list[Grid]:
    """The page's ruled tables, from top to bottom.

    Outer sides may be missing, as many tables have none. A row that one cell fills is no part of a table: it parts the
    table above it from that below it. Lines that do not make rectangles are no table.

    Args:
        across: the page's horizontal lines.
        down: its vertical ones.
        longest: the page's longer side, pixels.
    """
    near = _NEAR * longest
    found: list[Grid] = []
    for rows, columns in _together(across, down, near):
        ends = [end for rule in rows for end in (rule.start, rule.end)]
        xs = _places([*(rule.at for rule in columns), min(ends), max(ends)], 2 * near)
        ys = _places([rule.at for rule in rows], 2 * near)
        if len(xs) > 2 and len(ys) > 2 and len(xs) * len(ys) <= _MOST:
            found += _tables(rows, columns, xs, ys, near)
    return sorted(found, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _together(across: Sequence[Rule], down: Sequence[Rule], near: float) -> list[tuple[list[Rule], list[Rule]]]:
    """Lines that cross or touch, directly or by others: of two directions each."""
    groups: list[tuple[list[Rule], list[Rule]]] = []
    for column in down:
        met = [row for row in across if _meet(row, column, near)]
        joined = [group for group in groups if any(row in group[0] for row in met)]
        rows = {id(row): row for row in (*met, *(row for group in joined for row in group[0]))}
        columns = [column, *(each for group in joined for each in group[1])]
        groups = [group for group in groups if group not in joined] + [(list(rows.values()), columns)]
    return [group for group in groups if len(group[0]) > 2]


def _meet(row: Rule, column: Rule, near: float) -> bool:
    return row.start - near <= column.at <= row.end + near and column.start - near <= row.at <= column.end + near


def _places(values: Iterable[float], near: float) -> list[float]:
    """Ascending, with those that are near each other taken together."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= near:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _tables(
    rows: Sequence[Rule], columns: Sequence[Rule], xs: Sequence[float], ys: Sequence[float], near: float
) -> list[Grid]:
    """What is left of lines that belong together without the rows that one cell fills."""
    high, wide = len(ys) - 1, len(xs) - 1
    owner = {(row, column): (row, column) for row in range(high) for column in range(wide)}

    def join(one: tuple[int, int], other: tuple[int, int]) -> None:
        kept, gone = sorted((owner[one], owner[other]))
        owner.update({place: kept for place, at in owner.items() if at == gone})

    for row, column in list(owner):
        if column and not _drawn(columns, xs[column], ys[row], ys[row + 1], near):
            join((row, column - 1), (row, column))
        if row and not _drawn(rows, ys[row], xs[column], xs[column + 1], near):
            join((row - 1, column), (row, column))
    places: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place, at in owner.items():
        places.setdefault(at, []).append(place)
    cells = [_cell(members) for members in places.values()]
    if any(cell.rows * cell.columns != len(members) for cell, members in zip(cells, places.values(), strict=True)):
        return []
    whole = {row for cell in cells if cell.columns == wide for row in range(cell.row, cell.row + cell.rows)}
    found, start = [], 0
    for end in range(high + 1):
        if end == high or end in whole:
            if end - start > 1:
                found.append(_part(cells, xs, ys, start, end))
            start = end + 1
    return [grid for grid in found if len(grid.xs) > 2]


def _drawn(rules: Sequence[Rule], at: float, start: float, end: float, near: float) -> bool:
    """Whether a line runs between two places."""
    length = sum(
        max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules if abs(rule.at - at) <= 2 * near
    )
    return length >= _DRAWN * (end - start)


def _cell(places: Sequence[tuple[int, int]]) -> GridCell:
    rows, columns = [row for row, _ in places], [column for _, column in places]
    top, left = min(rows), min(columns)
    return GridCell(top, left, max(rows) - top + 1, max(columns) - left + 1)


def _part(cells: Sequence[GridCell], xs: Sequence[float], ys: Sequence[float], start: int, end: int) -> Grid:
    """Some rows as a table of their own, without the columns that only others have."""
    inside = [cell for cell in cells if start <= cell.row < end]
    used = sorted({cell.column for cell in inside})
    again = {column: index for index, column in enumerate([*used, len(xs) - 1])}
    return Grid(
        tuple(xs[column] for column in again),
        tuple(ys[start : end + 1]),
        tuple(
            GridCell(
                cell.row - start,
                again[cell.column],
                cell.rows,
                sum(cell.column <= column < cell.column + cell.columns for column in used),
            )
            for cell in sorted(inside, key=lambda cell: (cell.row, cell.column))
        ),
    )
