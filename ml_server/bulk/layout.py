"""What a page looks like, from where its words are: rows of cells, tables, headings, paragraphs. Pure geometry."""

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

_HEADINGS: Final = ((1.9, 1), (1.5, 2), (1.3, 3))
"""Height against the page's usual one, from which on a line is a heading, and of which level."""

_HEADING_WORDS: Final = 14
_HEADING_CONFIDENCE: Final = 0.85
"""Handwriting and stamps are large, too, and read with less."""


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


@dataclass(frozen=True, slots=True)
class Heading:
    """A line larger than the page's text.

    Attributes:
        text: of the line.
        level: 1 for the largest, to 3.
    """

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand below one another.

    Attributes:
        lines: each a part that goes on in the next line of the page (it is full), or ends there.
    """

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with common columns.

    Attributes:
        rows: of as many texts as there are columns; empty where a cell is.
    """

    rows: tuple[tuple[str, ...], ...]


Part = Heading | Paragraph | Table


def parts(page: OCRPage) -> list[Part]:
    """The page from top to bottom, in reading order."""
    rows = _rows(page)
    if not rows:
        return []
    usual = median(cell.height for row in rows for cell in row for _ in cell.text)
    found: list[Part] = []
    start = 0
    while start < len(rows):
        end = _table_end(rows, start)
        if end > start:
            found.append(Table(_columns(rows[start:end])))
            start = end
            continue
        level = _level(rows[start], usual)
        if level:
            found.append(Heading(" ".join(cell.text for cell in rows[start]), level))
            start += 1
            continue
        end = start + 1
        while end < len(rows) and _goes_on(rows, start, end, usual):
            end += 1
        found.append(_paragraph(rows[start:end]))
        start = end
    return found


def _rows(page: OCRPage) -> list[Row]:
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


def _table_end(rows: Sequence[Row], start: int) -> int:
    """The row after a table that begins with row ``start``; ``start`` where none does.

    A table has two rows or more of several cells with at least two columns in common. A row of one cell belongs to it
    if it stands between such rows, under one of the columns.
    """
    if len(rows[start]) < 2:
        return start
    bands = _bands(rows[start : start + 1])
    last, several = start, 1
    for index in range(start + 1, len(rows)):
        row = rows[index]
        if _distance(rows[index - 1], row) > 3 * row[0].height:
            break
        places = [_place(cell, bands) for cell in row]
        common = sum(place is not None for place in places)
        if len(row) == 1:
            if common == 0 or index - last > 2 or _spans(row[0], bands):
                break
            continue
        if common < 2:
            break
        bands = _bands(rows[start : index + 1])
        if len(bands) < 2:
            break
        last, several = index, several + 1
    return last + 1 if several > 1 and len(_bands(rows[start : last + 1])) > 1 else start


def _bands(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Where the columns are, from left to right, by rows of several cells; those of most cells say first.

    A cell that reaches over columns that other rows have makes one of them no wider.
    """
    bands: list[tuple[float, float]] = []
    for row in sorted((row for row in rows if len(row) > 1), key=len, reverse=True):
        for left, right in ((cell.box[0], cell.box[2]) for cell in row):
            met = [band for band in bands if left < band[1] and right > band[0]]
            if len(met) < 2:
                low, high = met[0] if met else (left, right)
                bands = [band for band in bands if band not in met] + [(min(left, low), max(right, high))]
    return sorted(bands)


def _place(cell: Cell, bands: Sequence[tuple[float, float]]) -> int | None:
    """The column that a cell stands in most; None where it stands in none."""
    overlaps = [min(cell.box[2], right) - max(cell.box[0], left) for left, right in bands]
    best = max(range(len(bands)), key=overlaps.__getitem__)
    return best if overlaps[best] > 0 else None


def _spans(cell: Cell, bands: Sequence[tuple[float, float]]) -> bool:
    """Whether a cell reaches over several columns."""
    return sum(min(cell.box[2], right) > max(cell.box[0], left) for left, right in bands) > 1


def _columns(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    bands = _bands(rows)
    table = []
    for row in rows:
        texts: list[list[str]] = [[] for _ in bands]
        for cell in row:
            texts[_place(cell, bands) or 0].append(cell.text)
        table.append(tuple(" ".join(words) for words in texts))
    return tuple(table)


def _level(row: Row, usual: float) -> int:
    """Of a heading; 0 for text."""
    text, letters = row[0].text, sum(map(str.isalpha, row[0].text))
    if len(row) > 1 or len(text.split()) > _HEADING_WORDS or row[0].confidence < _HEADING_CONFIDENCE:
        return 0
    if letters < 3 or letters <= sum(map(str.isdigit, text)) or text.endswith(":"):
        return 0
    return next((level for least, level in _HEADINGS if row[0].height >= least * usual), 0)


def _goes_on(rows: Sequence[Row], start: int, index: int, usual: float) -> bool:
    """Whether a row belongs to the paragraph of the rows before it."""
    row, before = rows[index], rows[index - 1]
    if _level(row, usual) or _table_end(rows, index) > index or _distance(before, row) > 0.9 * usual:
        return False
    left, right = rows[start][0].box[0], max(each[-1].box[2] for each in rows[start:index])
    return row[0].box[0] < right and row[-1].box[2] > left


def _distance(above: Row, below: Row) -> float:
    """White space between two rows, pixels; large where the second does not stand below the first."""
    gap = min(cell.box[1] for cell in below) - max(cell.box[3] for cell in above)
    height = below[0].height
    return gap if gap > -height else float("inf")


def _paragraph(rows: Sequence[Row]) -> Paragraph:
    """Lines joined where one fills the width that the paragraph has."""
    right = max(row[-1].box[2] for row in rows)
    left = min(row[0].box[0] for row in rows)
    lines: list[str] = []
    full = False
    for row in rows:
        text = " ".join(cell.text for cell in row)
        if full and not _is_item(text):
            lines[-1] = _joined(lines[-1], text)
        else:
            lines.append(text)
        # A line is full where the next word would not have fitted: a tenth of the width is left at most.
        full = len(row) == 1 and row[-1].box[2] >= right - 0.1 * (right - left) and len(text.split()) > 3
    return Paragraph(tuple(lines))


def _joined(line: str, more: str) -> str:
    if line.endswith("-") and len(line) > 2 and line[-2].isalpha() and more[:1].islower():
        return line[:-1] + more
    return f"{line} {more}"


def _is_item(text: str) -> bool:
    """Whether a line begins an item of a list: a bullet, or a number with a dot or a bracket."""
    head = text.split(maxsplit=1)[0]
    return head in BULLETS or (head[:-1].isalnum() and len(head) <= 4 and head[-1] in ".)")


BULLETS: Final = frozenset("•·‧∙◦○●▪■□◆-–*")
"""Marks that begin an item of a list."""
