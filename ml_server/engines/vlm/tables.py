"""Tables: OTSL, which PaddleOCR-VL writes, to HTML; and HTML to rows of plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser

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
    """The cells' texts, row by row, of all tables in some HTML; text outside of cells is a row of its own."""
    reader = _Rows()
    reader.feed(text)
    reader.close()
    reader.end_row()
    return [row for row in reader.rows if any(row)]


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._row: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("tr", "table"):
            self.end_row()
        elif tag in ("td", "th"):
            self._row.append("")
        elif tag == "br" and self._row:
            self._row[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("tr", "table", "p"):
            self.end_row()

    def handle_data(self, data: str) -> None:
        if not self._row and data.strip():
            self._row.append("")
        if self._row:
            self._row[-1] += data

    def end_row(self) -> None:
        if self._row:
            self.rows.append([" ".join(cell.split()) for cell in self._row])
        self._row = []
