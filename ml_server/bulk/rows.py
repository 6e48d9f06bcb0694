"""Words in rows of cells, from where they are. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from ml_server.bulk.flow import is_item
from ml_server.document import Line, Word
from ml_server.geometry import Box, polygon_to_box

_GAP: Final = 1.8
"""White space between words, in heights of the text, from which on they are cells of their own."""

_SPACE: Final = 0.4
"""White space up to which what the engine read as two lines is one cell, in heights."""

_LEAST_GAP: Final = 0.7
"""White space between two words that may stand in two columns of a table, in heights."""

_WIDER: Final = 1.3
"""Against that between the other words of the cell."""

_ALIGNED: Final = 0.5
"""How far the left sides of a column's cells are apart, at most, in heights."""

_SAME_ROW: Final = 0.6
"""Share of the smaller height in which two cells overlap that stand in a row."""

_PROSE_LINES, _PROSE_SHAPE = 4, 8.0
"""A column of prose has so many lines at least, most of them so many times as long as high."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Words that stand together in a row.

    Attributes:
        words: from left to right, at least one.
        box: around them.
        height: of the letters, pixels; the median of the words'.
    """

    words: tuple[Word, ...]
    box: Box
    height: float

    @staticmethod
    def of(words: Sequence[Word]) -> Cell:
        """The cell of these words."""
        return Cell(tuple(words), _around([polygon_to_box(word.bbox) for word in words]), median(map(_height, words)))

    @property
    def text(self) -> str:
        """Joined by single spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """The least of the words', 0..1."""
        return min(word.confidence for word in self.words)

    def parted(self, left: float, right: float, *, alone: bool) -> tuple[Cell, Cell] | None:
        """This cell as two, between two words with white between them in this stripe of the page; None if none is.

        The white must be wider than that between the other words, or the second part begin where the stripe ends; both
        for a cell that is alone in its row.
        """
        boxes = [polygon_to_box(word.bbox) for word in self.words]
        gaps = [after[0] - before[2] for before, after in pairwise(boxes)]
        for index, gap in enumerate(gaps):
            wider = gap >= _WIDER * max(gaps[:index] + gaps[index + 1 :], default=0.0)
            aligned = abs(boxes[index + 1][0] - right) <= _ALIGNED * self.height
            within = min(boxes[index + 1][0], right) > max(boxes[index][2], left)
            if gap >= _LEAST_GAP * self.height and within and (wider + aligned > alone):
                return Cell.of(self.words[: index + 1]), Cell.of(self.words[index + 1 :])
        return None


Row = tuple[Cell, ...]
"""Cells from left to right, at least one."""


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Lines as rows from top to bottom; where columns of prose stand side by side, column by column.

    Args:
        lines: in reading order. Where it goes back up, yet not to another column of prose, it has followed the columns
            of a table, and what stands side by side is put in rows again.
    """
    blocks: list[list[Cell]] = []
    for piece in _pieces([cell for line in lines for cell in _cells(line.words)]):
        while blocks and _beside(blocks[-1], piece) and not (_is_prose(blocks[-1]) and _is_prose(piece)):
            piece = blocks.pop() + piece
        blocks.append(piece)
    return [row for block in blocks for row in in_rows(block)]


def is_near(word: Word, following: Word) -> bool:
    """Whether two words of a line are no further apart than words are."""
    return polygon_to_box(following.bbox)[0] - polygon_to_box(word.bbox)[2] <= _GAP * _height(word)


def _cells(words: Sequence[Word]) -> list[Cell]:
    """A line's words, parted where there is much white between them."""
    boxes = [polygon_to_box(word.bbox) for word in words]
    height = median(map(_height, words))
    groups: list[list[Word]] = [[words[0]]]
    for index in range(1, len(words)):
        if boxes[index][0] - boxes[index - 1][2] > _GAP * height:
            groups.append([])
        groups[-1].append(words[index])
    return [Cell.of(group) for group in groups]


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _height(word: Word) -> float:
    """Of a word's letters, also where its line rises or falls: that of its own box, not of an upright one around it."""
    (ax, ay), _, _, (dx, dy) = word.bbox
    return math.hypot(dx - ax, dy - ay)


def _pieces(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Parted where reading order goes back up the page."""
    pieces: list[list[Cell]] = []
    for cell in cells:
        if not pieces or cell.box[3] < pieces[-1][-1].box[1]:
            pieces.append([])
        pieces[-1].append(cell)
    return pieces


def _beside(block: Sequence[Cell], piece: Sequence[Cell]) -> bool:
    """Whether some of a piece stands as high as some of what was read before it."""
    return _around([cell.box for cell in piece])[1] < _around([cell.box for cell in block])[3]


def _is_prose(cells: Sequence[Cell]) -> bool:
    shapes = [(cell.box[2] - cell.box[0]) / max(cell.height, 1.0) for cell in cells]
    return len(shapes) >= _PROSE_LINES and median(shapes) >= _PROSE_SHAPE


def in_rows(cells: Sequence[Cell]) -> list[Row]:
    """Cells in rows, from top to bottom."""
    rows: list[list[Cell]] = []
    for cell in sorted(cells, key=lambda cell: cell.box[1] + cell.box[3]):
        if rows and all(_in_row(other, cell) for other in rows[-1]):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [_whole(sorted(row, key=lambda cell: cell.box[0])) for row in rows]


def _in_row(one: Cell, other: Cell) -> bool:
    """Whether two cells stand side by side."""
    overlap = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    least = min(one.box[3] - one.box[1], other.box[3] - other.box[1])
    aside = max(one.box[0], other.box[0]) - min(one.box[2], other.box[2])
    return overlap >= _SAME_ROW * least and aside >= -0.3 * least


def _whole(row: Sequence[Cell]) -> Row:
    """A row in which cells that a mere space parts are one; a list's mark by itself belongs to its item."""
    cells = [row[0]]
    for cell in row[1:]:
        before = cells[-1]
        near = cell.box[0] - before.box[2] <= _SPACE * min(before.height, cell.height)
        if near or (len(row) == 2 and len(before.words) == 1 and is_item(before.text)):
            cells[-1] = Cell.of(before.words + cell.words)
        else:
            cells.append(cell)
    return tuple(cells)


def distance(above: Row, below: Row) -> float:
    """White space between two rows, pixels; large where the second does not stand below the first."""
    gap = min(cell.box[1] for cell in below) - max(cell.box[3] for cell in above)
    return gap if gap > -below[0].height else float("inf")
