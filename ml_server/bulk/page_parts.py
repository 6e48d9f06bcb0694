"""What a page consists of, from where its words are: headings, paragraphs, tables. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from ml_server.bulk.flow import is_item, joined
from ml_server.bulk.grids import Grid
from ml_server.bulk.rows import Cell, Row, distance, rows_of
from ml_server.bulk.ruled_tables import Table, TableCell, with_tables
from ml_server.bulk.side_by_side import apart
from ml_server.bulk.tables import tables_in
from ml_server.document import Line, OCRPage
from ml_server.geometry import polygon_to_box

_HEADINGS: Final = ((1.9, 1), (1.5, 2), (1.3, 3))
"""Size of the letters against the page's usual one, from which on a line is a heading, and of which level."""

_BOTH: Final = 0.85
"""Share of that by which a heading's letters are both higher and wider: boxes come out too high now and then."""

_HEADING_WORDS: Final = 14
_HEADING_CONFIDENCE: Final = 0.85
"""Handwriting and stamps are large, too, and read with less."""

_ALIKE: Final = 1.25
"""Times that one line of a heading may be as high as the next."""

_LEADING, _MOST_LEADING = 0.9, 1.6
"""White space between the lines of a paragraph, in heights of the text: what is usual, and at most."""


_INDENT: Final = 4.0
"""How far the first line of a paragraph or an item stands out or in, at most, in heights."""


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


Part = Heading | Paragraph | Table


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual on a page. Pixels.

    Attributes:
        height: of letters.
        width: of a letter as wide as high.
        leading: white space between the lines of a paragraph, at most.
    """

    height: float
    width: float
    leading: float


def parts(page: OCRPage, grids: Sequence[Grid] = (), lines: Sequence[Line] | None = None) -> list[Part]:
    """The page, or a block of it, from top to bottom, in reading order.

    Args:
        page: tells what is usual.
        grids: its ruled tables.
        lines: the block's; None for all.
    """
    found: list[Part] = []
    usual = _usual(rows_of(page.lines))
    pieces = with_tables(page.lines if lines is None else lines, grids)
    for ruled, some in groupby(pieces, key=lambda each: isinstance(each, Table)):
        several = list(some)
        if ruled:
            found += [each for each in several if isinstance(each, Table)]
        else:
            found += _unruled(apart(rows_of([each for each in several if isinstance(each, Line)])), usual)
    return found


def _usual(rows: Sequence[Row]) -> _Usual:
    cells = [cell for row in rows for cell in row for _ in cell.text]
    if not cells:
        return _Usual(1.0, 1.0, 1.0)
    height = median(cell.height for cell in cells)
    gaps = [distance(above, below) for above, below in pairwise(rows) if len(above) == len(below) == 1]
    near = [gap for gap in gaps if gap <= _MOST_LEADING * height]
    leading = max(_LEADING * height, 1.2 * median(near)) if near else _LEADING * height
    return _Usual(height, median(_letter(cell) for cell in cells), leading)


def _letter(cell: Cell) -> float:
    """Width of a letter as wide as high, by those of the cell: others have about half of it."""
    widths = sum(0.92 if letter >= "\u1100" else 0.3 if letter == " " else 0.62 if letter.isupper() else 0.5
                 for letter in cell.text)  # fmt: skip
    return (cell.box[2] - cell.box[0]) / widths


def _unruled(rows: Sequence[Row], usual: _Usual) -> list[Part]:
    """Rows as parts."""
    found: list[Part] = []
    tables = {table.start: table for table in tables_in(rows)}
    start = 0
    while start < len(rows):
        table = tables.get(start)
        if table is not None:
            found.append(Table(tuple(tuple(TableCell(text) for text in texts) for texts in table.texts)))
            start = table.end
            continue
        end = start + 1
        level = _level(rows[start], usual)
        if level:
            while end < len(rows) and end not in tables and _level(rows[end], usual) and _is_heading_of_both(rows, end):
                end += 1
            found.append(_heading(rows[start:end], level))
            start = end
            continue
        while end < len(rows) and end not in tables and _goes_on(rows, start, end, usual):
            end += 1
        found.append(_paragraph(rows[start:end]))
        start = end
    return found


def _level(row: Row, usual: _Usual) -> int:
    """Of a heading, 1 to 3; 0 for text."""
    levels = [_cell_level(cell, usual) for cell in row]
    return min(levels) and max(levels)


def _cell_level(cell: Cell, usual: _Usual) -> int:
    text, letters = cell.text, sum(map(str.isalpha, cell.text))
    if len(cell.words) > _HEADING_WORDS or cell.confidence < _HEADING_CONFIDENCE:
        return 0
    if letters < 3 or letters <= sum(map(str.isdigit, text)) or text.endswith((":", ",", ";")):
        return 0
    high, wide = cell.height / usual.height, _letter(cell) / usual.width
    size = min(max(high, wide), min(high, wide) / _BOTH)
    level = next((level for least, level in _HEADINGS if size >= least), 0)
    # A short word by itself, a little larger than the rest, is a table's cell more often than a heading.
    return 0 if level == _HEADINGS[-1][1] and letters < 5 and " " not in text else level


def _is_heading_of_both(rows: Sequence[Row], index: int) -> bool:
    """Whether two lines of headings are two lines of one: as large, and close together."""
    heights = sorted(rows[at][0].height for at in (index - 1, index))
    return heights[1] <= _ALIKE * heights[0] and distance(rows[index - 1], rows[index]) <= _LEADING * heights[1]


def _heading(rows: Sequence[Row], level: int) -> Heading | Paragraph:
    """Lines as one heading; more words than headings have are text in large letters."""
    text = " ".join(cell.text for row in rows for cell in row)
    return Heading(text, level) if len(text.split()) <= _HEADING_WORDS else _paragraph(rows)


def _goes_on(rows: Sequence[Row], start: int, index: int, usual: _Usual) -> bool:
    """Whether a row belongs to the paragraph of the rows before it."""
    row, before = rows[index], rows[index - 1]
    if _level(row, usual) or distance(before, row) > usual.leading:
        return False
    left, right = rows[start][0].box[0], max(each[-1].box[2] for each in rows[start:index])
    return row[0].box[0] < right and row[-1].box[2] > left


def _paragraph(rows: Sequence[Row]) -> Paragraph:
    """Lines joined where one fills the width that the paragraph has."""
    right = max(row[-1].box[2] for row in rows)
    lines: list[str] = []
    for index, row in enumerate(rows):
        text = " ".join(cell.text for cell in row)
        if index and not is_item(text) and _is_full(rows[index - 1], row, right):
            lines[-1] = joined(lines[-1], text)
        else:
            lines.append(text)
    return Paragraph(tuple(lines))


def _is_full(row: Row, following: Row, right: float) -> bool:
    """Whether a line goes on in the next: that one's first word did not fit, and it begins where lines of prose do."""
    if len(row) > 1 or len(following) > 1 or len(row[0].words) < 4:
        return False
    (left, _, end, _), (start, _, stop, _) = row[0].box, following[0].box
    height = row[0].height
    first = polygon_to_box(following[0].words[0].bbox)
    centred = abs(start - left) > height and abs(start + stop - left - end) < height
    indent = -_INDENT * height <= start - left <= _INDENT * height
    return indent and not centred and end + 0.3 * height + first[2] - first[0] > right
