"""Tables: OTSL, which PaddleOCR-VL writes, to HTML; and HTML to rows of plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

_WIDEST_SPAN = 100
"""Columns or rows that a cell may reach over; a model that writes more means something else."""

_TOKEN = re.compile(r"<(fcel|ecel|lcel|ucel|xcel|nl)>")


def otsl_to_html(text: str) -> str:
    """A table in HTML.

    OTSL has a token for every place of the grid: ``<fcel>`` a cell with text, ``<ecel>`` an empty one, ``<lcel>`` more
    of the cell to the left, ``<ucel>`` of the one above, ``<xcel>`` of the one above and to the left; ``<nl>`` ends a
    row. See Lysak et al., *Optimized Table Tokenization for Table Structure Recognition* (2023).

    Args:
        text: OTSL; anything without its tokens is given back as it is.
    """
    grid = _grid(text)
    if not grid:
        return text
    rows = []
    for y, row in enumerate(grid):
        cells = []
        for x, (kind, words) in enumerate(row):
            if kind not in ("fcel", "ecel"):
                continue
            across, down = _reach(row[x + 1 :], ("lcel", "xcel")), _reach([r[x] for r in grid[y + 1 :]], ("ucel",))
            span = (f' colspan="{across}"' if across > 1 else "") + (f' rowspan="{down}"' if down > 1 else "")
            cells.append(f"<td{span}>{html.escape(words, quote=False)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _grid(text: str) -> list[list[tuple[str, str]]]:
    """Token and text of every place; rows of equal length, short ones filled with empty cells."""
    parts = _TOKEN.split(text)
    rows: list[list[tuple[str, str]]] = [[]]
    for kind, words in zip(parts[1::2], parts[2::2], strict=True):
        if kind == "nl":
            rows.append([])
        else:
            rows[-1].append((kind, words.strip()))
    rows = [row for row in rows if row]
    width = max(map(len, rows), default=0)
    return [row + [("ecel", "")] * (width - len(row)) for row in rows]


def _reach(further: Sequence[tuple[str, str]], kinds: tuple[str, ...]) -> int:
    """How many places a cell has, given those after it."""
    count = 1
    for kind, _ in further:
        if kind not in kinds:
            break
        count += 1
    return count


def html_rows(text: str) -> list[list[str]]:
    """The cells' texts, row by row, of all tables in some HTML; text outside of cells is a row of its own.

    A cell that reaches over several columns or rows has its text in the first place and is empty in the others, so that
    what stands in one column has the same index in every row.
    """
    reader = _Rows()
    reader.feed(text)
    reader.close()
    reader.end_row()
    return [row for row in reader.rows if any(row)]


@dataclass(slots=True)
class _Cell:
    """Attributes: its text; how many columns and rows it reaches over."""

    text: str = ""
    across: int = 1
    down: int = 1


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._cells: list[_Cell] = []
        self._covered: dict[int, int] = {}  # by column: rows from here on that a cell further up reaches into

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("tr", "table"):
            self.end_row()
            if tag == "table":
                self._covered.clear()
        elif tag in ("td", "th"):
            spans = dict(attrs)
            self._cells.append(_Cell("", _span(spans.get("colspan")), _span(spans.get("rowspan"))))
        elif tag == "br" and self._cells:
            self._cells[-1].text += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("tr", "table", "p"):
            self.end_row()

    def handle_data(self, data: str) -> None:
        if not self._cells and data.strip():
            self._cells.append(_Cell())
        if self._cells:
            self._cells[-1].text += data

    def end_row(self) -> None:
        if not self._cells:
            return
        row: list[str] = []
        covered = {column: rows - 1 for column, rows in self._covered.items()}
        for cell in self._cells:
            while self._covered.get(len(row), 0):
                row.append("")
            covered |= dict.fromkeys(range(len(row), len(row) + cell.across), cell.down - 1)
            row += [" ".join(cell.text.split()), *[""] * (cell.across - 1)]
        self._covered = {column: rows for column, rows in covered.items() if rows > 0}
        self.rows.append(row)
        self._cells = []


def _span(value: str | None) -> int:
    """What ``colspan`` or ``rowspan`` says; 1 for nothing that can be meant."""
    number = int(value) if value and value.isdecimal() and len(value) < 4 else 1
    return number if 1 <= number <= _WIDEST_SPAN else 1
