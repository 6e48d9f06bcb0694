"""Boxes for the words of a region whose text is known but not where in it each word stands.

An annotator transcribes a region as a whole; the model learns from words. The words are laid out as print would: rows
of even height, each word as wide as its letters.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from ml_server.document import Polygon
from ml_server.geometry import Box, along, polygon_to_box

_NARROW = frozenset("iljtfrI.,:;'|!()[]·- ")
_PITCH = 1.2
"""Row to row, in font sizes."""
_UNIT = 0.5
"""Width of an average Latin letter, in font sizes."""


def place_words(texts: Sequence[str], corners: Polygon) -> list[tuple[str, Box]]:
    """The words of a region with a box each.

    Where the text is one line, but the region is higher than that line would be, it is broken into the number of rows
    that fits best: an answer of three printed lines is often one region with one text.

    Args:
        texts: lines, without empty ones.
        corners: of the region in pixels, in the text's order: its top-left, top-right, bottom-right, bottom-left.

    Returns:
        In reading order; the boxes are upright and lie in the region's.
    """
    rows = [line.split() for line in texts]
    if len(rows) == 1:
        rows = _break(rows[0], _rows(rows[0], corners))
    widest = max(_width(" ".join(row)) for row in rows)
    placed = []
    for index, row in enumerate(rows):
        band = _band(corners, index / len(rows), (index + 1) / len(rows))
        at = 0.0
        for word in row:
            end = at + _width(word)
            placed.append((word, polygon_to_box(along(band, at / widest, min(1.0, end / widest)))))
            at = end + _width(" ")
    return placed


def _width(text: str) -> float:
    """How wide a text is printed; 1 for an average Latin letter, 2 for a Hangul syllable."""
    total = 0.0
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            total += 2.0
        elif letter in _NARROW:
            total += 0.6
        else:
            total += 1.2 if letter.isupper() else 1.0
    return total


def _rows(words: Sequence[str], corners: Polygon) -> int:
    """In how many rows the words fill the region best."""
    across = (math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2
    down = (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2
    text = _width(" ".join(words))

    def misfit(rows: int) -> float:
        font = down / (_PITCH * (rows - 1) + 1)
        return abs(math.log(max(text * _UNIT * font / rows, 1e-6) / max(across, 1e-6)))

    return min(range(1, len(words) + 1), key=misfit)


def _break(words: Sequence[str], rows: int) -> list[list[str]]:
    """Words in at most so many rows, none much wider than the others."""
    room = max(max(map(_width, words)), _width(" ".join(words)) / rows)
    while True:
        broken: list[list[str]] = [[]]
        for word in words:
            if broken[-1] and _width(" ".join([*broken[-1], word])) > room:
                broken.append([])
            broken[-1].append(word)
        if len(broken) <= rows:
            return broken
        room *= 1.05


def _band(corners: Polygon, start: float, end: float) -> Polygon:
    """The part of a region between two shares of its height, corners in the same order."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners

    def left(share: float) -> tuple[float, float]:
        return (ax + (dx - ax) * share, ay + (dy - ay) * share)

    def right(share: float) -> tuple[float, float]:
        return (bx + (cx - bx) * share, by + (cy - by) * share)

    return (left(start), right(start), right(end), left(end))
