"""A table without lines, row by row: its columns, its cells, and what speaks for it. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ml_server.bulk.flow import joined
from ml_server.bulk.rows import Cell, Row, distance

TIGHT: Final = 0.7
"""White space between two lines of a cell, at most, in heights of the text."""

_EMPTY: Final = 0.6
"""What an empty cell speaks against a table, where a further cell in a row speaks 1 for it."""

_TABLE: Final = 1.0
"""What speaks against every table, so that one is not taken for two."""

_HEAD: Final = 0.6
"""Share of the columns that the first row has a cell in, at least."""

_FULL: Final = 0.6
"""Share of its column that a line fills which goes on in the next, at least."""

Span = tuple[float, float]
"""Left and right side of a column, pixels."""


class GrowingTable:
    """Rows that have columns in common.

    Args:
        row: the first one, of two cells at least.
    """

    def __init__(self, row: Row) -> None:
        self.rows: list[Row] = []
        self._further: list[bool] = []  # for each row: it is made of further lines of the cells above it
        self._spans: list[Span] = []
        self._height = self._filled = 0  # rows, and their cells that have text
        self._append(row, [_span(cell) for cell in row])

    @property
    def score(self) -> float:
        """What speaks for it less what speaks against it; 0 or less for no table."""
        columns = len(self._spans)
        if self._height < 2 or len(self.rows[0]) < _HEAD * columns:
            return 0.0
        return self._filled - self._height - _EMPTY * (self._height * columns - self._filled) - _TABLE

    def add(self, row: Row) -> bool:
        """Add a row; False, and nothing is changed, if it does not stand in these columns."""
        common = sum(any(_meet(_span(cell), span) for span in self._spans) for cell in row)
        parted = _parted(row, self._spans)
        spans = _widened(self._spans, parted)
        if spans is None:
            return self._add_and_part(row)
        if len(row) > 1 and common < 2:
            return False
        self._append(parted, spans)
        return True

    def _add_and_part(self, row: Row) -> bool:
        """Add a row whose columns tell where cells of the rows before it have to be parted."""
        own = [_span(cell) for cell in row]
        rows = [_parted(each, own) for each in self.rows]
        again = GrowingTable(rows[0])
        for each in [*rows[1:], row]:
            spans = _widened(again._spans, each)
            if spans is None:
                return False
            again._append(each, spans)
        common = sum(any(_meet(span, _span(cell)) for each in rows for cell in each) for span in own)
        if len(again._spans) < len(self._spans) or (len(row) > 1 and common < 2):
            return False
        self.rows, self._further, self._spans = again.rows, again._further, again._spans
        self._height, self._filled = again._height, again._filled
        return True

    def _append(self, row: Row, spans: list[Span]) -> None:
        further = bool(self.rows) and _goes_on(self.rows[-1], row, spans)
        if not further:
            self._height += 1
            self._filled += len(row)
        self._further.append(further)
        self.rows.append(row)
        self._spans = spans

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Texts of the rows, of all columns in each; empty where a cell is."""
        table: list[list[str]] = []
        for row, further in zip(self.rows, self._further, strict=True):
            if not further:
                table.append([""] * len(self._spans))
            for cell in row:
                column = _column(cell, self._spans)
                before = table[-1][column]
                table[-1][column] = joined(before, cell.text) if before else cell.text
        return tuple(tuple(texts) for texts in table)


def _span(cell: Cell) -> Span:
    """Where a cell stands, less a little, as boxes have margins."""
    margin = min(0.25 * cell.height, 0.25 * (cell.box[2] - cell.box[0]))
    return cell.box[0] + margin, cell.box[2] - margin


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and one[1] > other[0]


def _widened(spans: Sequence[Span], row: Row) -> list[Span] | None:
    """The columns with a row's cells in them; None if two cells, or two columns, would be in one."""
    columns: list[Span] = []
    within: list[tuple[int, int]] = []  # how many columns and how many cells there are in each
    for (left, right), is_cell in sorted([*((span, 0) for span in spans), *((_span(cell), 1) for cell in row)]):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(right, columns[-1][1]))
            within[-1] = (within[-1][0] + 1 - is_cell, within[-1][1] + is_cell)
        else:
            columns.append((left, right))
            within.append((1 - is_cell, is_cell))
    return columns if all(max(each) < 2 for each in within) else None


def _parted(row: Row, spans: Sequence[Span]) -> Row:
    """A row whose cells reach over no more columns than they must: engines read narrow gaps as spaces."""
    cells = list(row)
    for (_, right), (left, _) in pairwise(spans):
        for index, cell in enumerate(cells):
            across = cell.box[0] < right and cell.box[2] > left
            parts = cell.parted(right, left, alone=len(row) == 1) if across else None
            if parts is not None:
                cells[index : index + 1] = parts
                break
    return tuple(cells)


def _column(cell: Cell, spans: Sequence[Span]) -> int:
    left, right = _span(cell)
    return max(range(len(spans)), key=lambda index: min(right, spans[index][1]) - max(left, spans[index][0]))


def _goes_on(before: Row, row: Row, spans: Sequence[Span]) -> bool:
    """Whether a row is made of further lines of the cells above it: words, close below some that fill their column."""
    if distance(before, row) > TIGHT * row[0].height:
        return False
    above = {_column(cell, spans): cell for cell in before}
    below = {_column(cell, spans): cell for cell in row}
    return 0 not in below and all(
        column in above
        and sum(map(str.isalpha, cell.text)) > sum(map(str.isdigit, cell.text))
        and above[column].box[2] - above[column].box[0] >= _FULL * (spans[column][1] - spans[column][0])
        for column, cell in below.items()
    )
