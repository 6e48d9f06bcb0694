"""A page's words in rows of cells, from where they are. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from ml_server.document import OCRPage, Word
from ml_server.geometry import Box, polygon_to_box

_GAP: Final = 1.8
"""White space between words, in heights of the text, from which on they are cells of their own."""

_SAME_ROW: Final = 0.5
"""Share of the smaller height in which two cells overlap that stand in a row."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Words that stand together in a row.

    Attributes:
        text: joined by single spaces.
        box: around them.
        height: of the letters, pixels; the median of the words'.
        confidence: 0..1; the least of the words'.
    """

    text: str
    box: Box
    height: float
    confidence: float


Row = tuple[Cell, ...]
"""Cells from left to right, at least one."""


def rows_of(page: OCRPage) -> list[Row]:
    """Cells that stand beside each other, in the lines' reading order."""
    rows: list[list[Cell]] = []
    for line in page.lines:
        for cell in _cells(line.words):
            if rows and _beside(rows[-1][-1], cell):
                rows[-1].append(cell)
            else:
                rows.append([cell])
    return [tuple(row) for row in rows]


def _cells(words: Sequence[Word]) -> list[Cell]:
    """A line's words, parted where there is much white between them."""
    boxes = [polygon_to_box(word.bbox) for word in words]
    height = median(map(_height, words))
    groups: list[list[int]] = [[0]]
    for index in range(1, len(words)):
        if boxes[index][0] - boxes[index - 1][2] > _GAP * height:
            groups.append([])
        groups[-1].append(index)
    return [_cell([words[i] for i in group], [boxes[i] for i in group]) for group in groups]


def _cell(words: Sequence[Word], boxes: Sequence[Box]) -> Cell:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return Cell(
        " ".join(word.text for word in words), box, median(map(_height, words)), min(word.confidence for word in words)
    )


def _height(word: Word) -> float:
    """Of a word's letters, also where its line rises or falls: that of its own box, not of an upright one around it."""
    (ax, ay), _, _, (dx, dy) = word.bbox
    return math.hypot(dx - ax, dy - ay)


def _beside(one: Cell, other: Cell) -> bool:
    """Whether ``other`` stands to the right of ``one`` in its row."""
    overlap = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    least = min(one.box[3] - one.box[1], other.box[3] - other.box[1])
    return overlap >= _SAME_ROW * least and other.box[0] >= one.box[2] - 0.3 * least


def distance(above: Row, below: Row) -> float:
    """White space between two rows, pixels; large where the second does not stand below the first."""
    gap = min(cell.box[1] for cell in below) - max(cell.box[3] for cell in above)
    height = below[0].height
    return gap if gap > -height else float("inf")
