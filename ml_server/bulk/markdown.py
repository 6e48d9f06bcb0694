"""A page as Markdown: headings, paragraphs, lists and tables, and its keys and values as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ml_server.bulk.page_parts import BULLETS, Heading, Part, Table, parts
from ml_server.document import Block, KeyValuePage, OCRPage

_MARKS: Final = re.compile(r"[\\`*]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)|\](?=[(:\[])")
"""What means something anywhere in Markdown."""

_FIRST: Final = re.compile(r"^(#(?=#|\s|$)|>|[+-](?=\s|$)|[=~-](?=[=~-])|\d+(?=[.)](\s|$)))")
"""What means something at the beginning of a line."""

_LEVELS: Final = {"title": "# ", "section-header": "## ", "list-item": "- "}
_QUIET: Final = frozenset({"picture"})


def of(page: OCRPage, key_values: KeyValuePage | None = None) -> str:
    """A page as Markdown, ending in a newline; empty for a blank page.

    Args:
        page: its blocks, where the engine found a layout, else what its words' places tell.
        key_values: shown as a table below the text.
    """
    shown = [_block(block) for block in page.blocks] if page.blocks else [_part(part) for part in parts(page)]
    if key_values is not None and key_values.key_values:
        rows = [("Key", "Value"), *((pair.key, pair.value) for pair in key_values.key_values)]
        shown += ["---", _table(rows)]
    text = "\n\n".join(part for part in shown if part)
    return text + "\n" if text else ""


def _block(block: Block) -> str:
    if block.format in ("markdown", "html"):
        return block.text
    if block.format == "latex":
        return block.text if block.text.startswith("$") else f"$$\n{block.text}\n$$"
    category = block.category.lower()
    if category in _QUIET:
        return ""
    return _LEVELS.get(category, "") + "  \n".join(_escaped(line) for line in block.text.splitlines())


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"{'#' * part.level} {_escaped(part.text)}"
    if isinstance(part, Table):
        return _table(part.rows)
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


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [[_unmarked(text).replace("|", "\\|") for text in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """A line that is shown as it is."""
    return _FIRST.sub(lambda mark: f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}", _unmarked(text))


def _unmarked(text: str) -> str:
    """Part of a line that is shown as it is."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", text)
