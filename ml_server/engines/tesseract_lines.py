"""From what Tesseract's iterator gives to lines of words. Pure; see :mod:`ml_server.engines.tesseract_engine`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

from ml_server.document import Line, Word
from ml_server.geometry import Box, box_to_polygon, make_line, polygon_to_box, reading_order

# A gap of this many word heights inside a row parts cells or columns: spaces of justified text stay below one.
_CELL_GAP = 2.0


@dataclass(frozen=True, slots=True)
class Piece:
    """What Tesseract calls a word.

    Attributes:
        text: without white space, not empty.
        confidence: 0..1.
        box: pixels of the image that was read.
        row: number of its text line, in Tesseract's order.
    """

    text: str
    confidence: float
    box: Box
    row: int


def join_pieces(pieces: Sequence[Piece], page_text: str) -> list[Piece]:
    """Put together the words that Tesseract's Korean data cuts into syllables.

    Its iterator gives ``검 증 대상`` where the page says ``검증대상``: whether a space lies between two pieces
    (``preserve_interword_spaces``) shows only in the text of the whole page, which holds the same characters.

    Args:
        pieces: of the whole page, in Tesseract's order.
        page_text: Tesseract's text of the page.

    Returns:
        Joined pieces; the pieces as they are where the text does not hold the same characters.
    """
    if "".join(piece.text for piece in pieces) != "".join(page_text.split()):
        return list(pieces)
    word_ends = set(accumulate(len(token) for token in page_text.split()))
    joined: list[Piece] = []
    group: list[Piece] = []
    position = 0
    for piece in pieces:
        if group and group[-1].row != piece.row:
            joined.append(_join(group))
            group = []
        group.append(piece)
        position += len(piece.text)
        if position in word_ends:
            joined.append(_join(group))
            group = []
    return joined + ([_join(group)] if group else [])


def _join(group: Sequence[Piece]) -> Piece:
    return Piece("".join(p.text for p in group), _confidence(group), _around([p.box for p in group]), group[0].row)


def lines_of(pieces: Sequence[Piece]) -> list[Line]:
    """Lines in reading order: rows parted at wide gaps, so that table cells and columns are lines of their own."""
    rows: dict[int, list[Piece]] = {}
    for piece in pieces:
        rows.setdefault(piece.row, []).append(piece)
    lines = [_line(cell) for row in rows.values() for cell in _cells(row)]
    return reading_order(lines, [polygon_to_box(line.bbox) for line in lines])


def _cells(row: Sequence[Piece]) -> list[list[Piece]]:
    limit = _CELL_GAP * median(piece.box[3] - piece.box[1] for piece in row)
    cells = [[row[0]]]
    for left, right in pairwise(row):
        if right.box[0] - left.box[2] > limit:
            cells.append([])
        cells[-1].append(right)
    return cells


def _line(pieces: Sequence[Piece]) -> Line:
    words = [Word(piece.text, piece.confidence, box_to_polygon(piece.box)) for piece in pieces]
    return make_line(words, _confidence(pieces), box_to_polygon(_around([piece.box for piece in pieces])))


def _confidence(pieces: Sequence[Piece]) -> float:
    """Mean weighted by length, 0..1."""
    return sum(p.confidence * len(p.text) for p in pieces) / sum(len(p.text) for p in pieces)


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))
