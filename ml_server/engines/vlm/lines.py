"""Blocks → lines and words, for everything that works with those: the text, text boxes, keys and values.

A model gives a box for a block and none for what is in it. So a line's box is its share of the block's height, a table
cell's its share of the row's length, a word's its share by characters: estimates, good enough to see what stands above
or beside what. A block of a single line keeps its own corners.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ml_server.document import Block, Line, Polygon, Word
from ml_server.engines.vlm.tables import html_rows
from ml_server.engines.words import split_line
from ml_server.geometry import along, make_line

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_PIPES = re.compile(r"^\s*\|(.*)\|\s*$")


def lines_of(blocks: Iterable[Block]) -> tuple[Line, ...]:
    """The blocks' text, line by line, in their order.

    A line has the confidence of its block, and 1.0 where the model gives none, so that no threshold drops it.
    """
    return tuple(line for block in blocks for line in _lines(block))


def _lines(block: Block) -> Iterator[Line]:
    rows = [row for row in _rows(block) if any(cell.strip() for cell in row)]
    confidence = 1.0 if block.confidence is None else block.confidence
    width = max(map(len, rows), default=0)
    for index, row in enumerate(rows):
        quad = _share(block.bbox, index / len(rows), (index + 1) / len(rows))
        words: list[Word] = []
        for column, cell in enumerate(row):
            if cell:
                words += split_line(cell, along(quad, column / width, (column + 1) / width), confidence)
        if words:
            yield make_line(words, confidence, quad)


def _share(quad: Polygon, start: float, end: float) -> Polygon:
    """The part of a block between two fractions of its height."""
    if start == 0 and end == 1:
        return quad
    top_left, top_right, bottom_right, bottom_left = quad
    # Down the sides instead of along the text: the quadrangle is taken as if its text ran down.
    return along((top_left, bottom_left, bottom_right, top_right), start, end)


def _rows(block: Block) -> list[list[str]]:
    """Cells of every line; a line of prose is a single cell."""
    match block.format:
        case "html":
            return html_rows(block.text)
        case "latex":
            return [[" ".join(block.text.split())]]
        case "markdown":
            return _markdown_rows(block.text)
        case _:
            return [[line] for line in block.text.splitlines()]


def _markdown_rows(text: str) -> list[list[str]]:
    before, tag, after = text.partition("<table")
    if tag:
        table, end, rest = after.partition("</table>")
        return [*_markdown_rows(before), *html_rows(tag + table + end), *_markdown_rows(rest)]
    rows = []
    for line in text.splitlines():
        if "--" in line and not line.strip(" \t|:-"):
            continue  # a rule, or what parts a table's head from its body
        piped = _PIPES.match(line)
        cells = piped.group(1).split("|") if piped else [line]
        rows.append([_plain(cell) for cell in cells])
    return rows


def _plain(text: str) -> str:
    return _BOLD.sub(r"\2", _IMAGE.sub("", _HEADING.sub("", text))).strip()
