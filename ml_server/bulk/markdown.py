"""A page as Markdown: headings, paragraphs, lists and tables, and its keys and values as a table."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from ml_server.bulk.flow import BULLETS
from ml_server.bulk.grids import Grid
from ml_server.bulk.page_parts import Heading, Part, parts
from ml_server.bulk.ruled_tables import Table
from ml_server.document import Block, Line, OCRPage
from ml_server.key_value import KeyValuePage

_MARKS: Final = re.compile(r"[\\`*]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)|\](?=[(:\[])")
"""What means something anywhere in Markdown."""

_FIRST: Final = re.compile(r"^(#(?=#|\s|$)|>|[+-](?=\s|$)|[=~-](?=[=~-])|\d+(?=[.)](\s|$)))")
"""What means something at the beginning of a line."""

_LEVELS: Final = {"title": "# ", "section-header": "## ", "list-item": "- "}
_QUIET: Final = frozenset({"picture"})

_HEAD: Final = 0.6
"""Share of a table's first row that has text, at least, if it is its head."""


def of(page: OCRPage, key_values: KeyValuePage | None = None, grids: Sequence[Grid] = ()) -> str:
    """A page as Markdown, ending in a newline; empty for a blank page.

    Args:
        page: its blocks, where the engine found a layout, else what its words' places tell.
        key_values: shown as a table below the text.
        grids: the page's ruled tables.
    """
    if page.blocks:
        shown = [_block(block, page, lines, grids) for block, lines in zip(page.blocks, _lines(page), strict=True)]
    else:
        shown = [_part(part) for part in parts(page, grids)]
    if key_values is not None and key_values.key_values:
        rows = [("Key", "Value"), *((pair.key, pair.value) for pair in key_values.key_values)]
        shown += ["---", _table(rows)]
    text = "\n\n".join(part for part in shown if part)
    return text + "\n" if text else ""


def _lines(page: OCRPage) -> list[list[Line]]:
    """The lines of each block, where the engine read lines and a layout model took them together; else none."""
    left = list(page.lines)
    found: list[list[Line]] = []
    for block in page.blocks:
        lines = []
        for text in block.text.splitlines() if block.confidence is not None else ():
            line = next((line for line in left if line.text == text), None)
            if line is not None:
                left.remove(line)
                lines.append(line)
        found.append(lines)
    return found


def _block(block: Block, page: OCRPage, lines: Sequence[Line], grids: Sequence[Grid]) -> str:
    if block.format in ("markdown", "html"):
        return block.text
    if block.format == "latex":
        return block.text if block.text.startswith("$") else f"$$\n{block.text}\n$$"
    category = block.category.lower()
    if lines and category in _LEVELS:
        return _LEVELS[category] + _escaped(" ".join(line.text for line in lines))
    if lines:
        return "\n\n".join(_part(part) for part in parts(page, grids, lines))
    if category in _QUIET:
        return ""
    return _LEVELS.get(category, "") + "  \n".join(_escaped(line) for line in block.text.splitlines())


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"{'#' * part.level} {_escaped(part.text)}"
    if isinstance(part, Table):
        return _table_part(part)
    shown: list[str] = []
    for line in part.lines:
        head, _, rest = line.partition(" ")
        item = head in BULLETS and rest
        text = f"- {_escaped(rest)}" if item else _escaped(line)
        if shown and shown[-1].startswith("- ") and not item:
            shown.append("")  # else it would go on the item
        # Two spaces keep the line's end; between items of a list there is one anyway.
        shown.append(text if item else f"{text}  ")
    return "\n".join(shown).rstrip()


def _table_part(table: Table) -> str:
    """A table as Markdown writes it where it can: each cell in one column and row, the first row a head."""
    rows = [[cell.text for cell in row] for row in table.rows]
    plain = all(cell.rows == cell.columns == 1 for row in table.rows for cell in row)
    return _table(rows) if plain and sum(map(bool, rows[0])) >= _HEAD * len(rows[0]) else _html(table)


def _html(table: Table) -> str:
    lines = ["<table>"]
    for index, row in enumerate(table.rows):
        name = "td" if index or len(row) < 3 or not all(cell.text and cell.rows == 1 for cell in row) else "th"
        cells = []
        for cell in row:
            spans = f' rowspan="{cell.rows}"' * (cell.rows > 1) + f' colspan="{cell.columns}"' * (cell.columns > 1)
            cells.append(f"<{name}{spans}>{html.escape(cell.text, quote=False).replace(chr(10), '<br>')}</{name}>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table>"])


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [[_unmarked(text).replace("|", "\\|").replace("\n", "<br>") for text in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """A line that is shown as it is."""
    return _FIRST.sub(lambda mark: f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}", _unmarked(text))


def _unmarked(text: str) -> str:
    """Part of a line that is shown as it is."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", text)
