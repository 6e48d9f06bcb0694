"""What stands in a page's ruled tables: words into the cells that lines make. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml_server.bulk.flow import is_item, joined
from ml_server.bulk.grids import Grid, GridCell
from ml_server.bulk.rows import Row, is_near, rows_of
from ml_server.document import Line, Word
from ml_server.geometry import Box, make_line, polygon_to_box

_ASTRAY: Final = 0.15
"""Share of words that a side of their cell may cross or part from the next word; with more it is no table."""

_FEWEST: Final = 4
"""Cells of a table, at least: boxes to tick and logos have fewer."""

_INSIDE: Final = 0.6
"""Share of a word's width that is in its cell, at least, if it stands in it."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell with its text.

    Attributes:
        text: empty for an empty cell; its lines are joined where they go on, else by newlines.
        rows: how many it reaches over.
        columns: likewise.
    """

    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with common columns.

    Attributes:
        rows: the cells that begin in each, from left to right.
    """

    rows: tuple[tuple[TableCell, ...], ...]


def with_tables(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Line | Table]:
    """The lines with every ruled table in place of its words, where the first of them was.

    A line of which some words stand in no table stays with these.
    """
    tables = [_filled(grid, lines) for grid in grids]
    usable = [(grid, table) for grid, table in zip(grids, tables, strict=True) if table is not None]
    parts: list[Line | Table] = []
    placed: set[int] = set()
    for line in lines:
        outside: list[Word] = []
        for word in line.words:
            home = next((n for n, (grid, _) in enumerate(usable) if _place(word, grid) is not None), None)
            if home is None:
                outside.append(word)
            elif home not in placed:
                placed.add(home)
                parts.append(usable[home][1])
        if len(outside) == len(line.words):
            parts.append(line)
        elif outside:
            parts.append(_line(line, outside))
    return parts


def _line(line: Line, words: Sequence[Word]) -> Line:
    """Some words of a line."""
    return make_line(words, line.confidence, words[0].bbox)


def _place(word: Word, grid: Grid) -> tuple[int, int] | None:
    """Row and column of the grid that a word's middle is in."""
    left, top, right, bottom = polygon_to_box(word.bbox)
    x, y = (left + right) / 2, (top + bottom) / 2
    if not (grid.xs[0] <= x < grid.xs[-1] and grid.ys[0] <= y < grid.ys[-1]):
        return None
    return sum(y >= at for at in grid.ys) - 1, sum(x >= at for at in grid.xs) - 1


def _filled(grid: Grid, lines: Sequence[Line]) -> Table | None:
    """A grid with its words; None where it turns out to be no table."""
    owner = {
        (row, column): cell
        for cell in grid.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    }
    inside: dict[GridCell, list[Line]] = {}
    words = astray = 0
    for line in lines:
        parts: dict[GridCell, list[Word]] = {}
        places = [_place(word, grid) for word in line.words]
        for word, place in zip(line.words, places, strict=True):
            if place is not None:
                parts.setdefault(owner[place], []).append(word)
                words += 1
                astray += not _fits(word, _box(owner[place], grid))
        astray += sum(
            (places[index] is None) != (places[index + 1] is None) and is_near(line.words[index], line.words[index + 1])
            for index in range(len(places) - 1)
        )
        for cell, some in parts.items():
            inside.setdefault(cell, []).append(_line(line, some))
    if not words or astray > _ASTRAY * words:
        return None
    texts = {cell: _text(some, _box(cell, grid)) for cell, some in inside.items()}
    return _table(grid, texts)


def _box(cell: GridCell, grid: Grid) -> Box:
    right, bottom = cell.column + cell.columns, cell.row + cell.rows
    return (grid.xs[cell.column], grid.ys[cell.row], grid.xs[right], grid.ys[bottom])


def _fits(word: Word, cell: Box) -> bool:
    left, _, right, _ = polygon_to_box(word.bbox)
    return min(right, cell[2]) - max(left, cell[0]) >= _INSIDE * (right - left)


def _text(lines: Sequence[Line], cell: Box) -> str:
    """A cell's text. A line goes on in the next one where that one's first word had no room left in it."""
    rows = rows_of(sorted(lines, key=lambda line: sum(y for _, y in line.bbox)))
    texts: list[str] = []
    for index, row in enumerate(rows):
        text = " ".join(each.text for each in row)
        if index and not is_item(text) and not _had_room(rows[index - 1], row, cell):
            texts[-1] = joined(texts[-1], text)
        else:
            texts.append(text)
    return "\n".join(texts)


def _had_room(before: Row, row: Row, cell: Box) -> bool:
    """Whether a row's first word could have stood at the end of the row before it, with a cell's usual margins."""
    words = row[0].text.split()
    first = (row[0].box[2] - row[0].box[0]) * len(words[0]) / max(len(row[0].text), 1)
    used = before[-1].box[2] - before[0].box[0]
    return used + first + 1.5 * before[0].height < cell[2] - cell[0]


def _table(grid: Grid, texts: dict[GridCell, str]) -> Table | None:
    """Without rows and columns in which no text begins; None if fewer than two of each or four cells are left."""
    kept_rows = sorted({cell.row for cell in texts})
    kept_columns = sorted({cell.column for cell in texts})
    if len(kept_rows) < 2 or len(kept_columns) < 2:
        return None
    table: list[list[TableCell]] = [[] for _ in kept_rows]
    for cell in grid.cells:
        rows = [row for row in kept_rows if cell.row <= row < cell.row + cell.rows]
        columns = [column for column in kept_columns if cell.column <= column < cell.column + cell.columns]
        if rows and columns:
            table[kept_rows.index(rows[0])].append(TableCell(texts.get(cell, ""), len(rows), len(columns)))
    if sum(map(len, table)) < _FEWEST:
        return None
    return Table(tuple(tuple(row) for row in table))
