"""What a page consists of, from where its words are: headings, paragraphs, tables. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from ml_server.bulk.rows import Row, distance, rows_of
from ml_server.bulk.tables import table_end, table_rows
from ml_server.document import OCRPage

_HEADINGS: Final = ((1.9, 1), (1.5, 2), (1.3, 3))
"""Height against the page's usual one, from which on a line is a heading, and of which level."""

_HEADING_WORDS: Final = 14
_HEADING_CONFIDENCE: Final = 0.85
"""Handwriting and stamps are large, too, and read with less."""


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
    rows = rows_of(page)
    if not rows:
        return []
    usual = median(cell.height for row in rows for cell in row for _ in cell.text)
    found: list[Part] = []
    start = 0
    while start < len(rows):
        end = table_end(rows, start)
        if end > start:
            found.append(Table(table_rows(rows[start:end])))
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


def _level(row: Row, usual: float) -> int:
    """Of a heading; 0 for text."""
    text, letters = row[0].text, sum(map(str.isalpha, row[0].text))
    if len(row) > 1 or len(text.split()) > _HEADING_WORDS or row[0].confidence < _HEADING_CONFIDENCE:
        return 0
    if letters < 3 or letters <= sum(map(str.isdigit, text)) or text.endswith((":", ",", ";")):
        return 0
    level = next((level for least, level in _HEADINGS if row[0].height >= least * usual), 0)
    # A short word by itself, a little larger than the rest, is a table's cell more often than a heading.
    return 0 if level == _HEADINGS[-1][1] and letters < 5 and " " not in text else level


def _goes_on(rows: Sequence[Row], start: int, index: int, usual: float) -> bool:
    """Whether a row belongs to the paragraph of the rows before it."""
    row, before = rows[index], rows[index - 1]
    if _level(row, usual) or table_end(rows, index) > index or distance(before, row) > 0.9 * usual:
        return False
    left, right = rows[start][0].box[0], max(each[-1].box[2] for each in rows[start:index])
    return row[0].box[0] < right and row[-1].box[2] > left


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
