"""Boxes and lines as EasyOCR gives them. Pure; see :mod:`ml_server.engines.easyocr_engine`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ml_server.document import Line, Page, Point, Polygon
from ml_server.engines.words import split_line
from ml_server.geometry import (
    Box,
    clamp,
    make_line,
    order_corners,
    polygon_to_box,
    reading_order,
    unrotate,
)

Quad: TypeAlias = tuple[Point, ...]
"""Top-left, top-right, bottom-right, bottom-left corner of the text, in pixels."""

_ELONGATED = 1.5
"""Height to width from which a box is a line that runs up or down; wide from the inverse."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the detector found on one image.

    Attributes:
        upright: left, right, top, bottom in pixels, EasyOCR's order.
        slanted: quadrangles of lines that are not level.
    """

    upright: tuple[tuple[int, ...], ...]
    slanted: tuple[Quad, ...] = ()

    def longest(self, count: int) -> Boxes:
        """The ``count`` longest of the upright ones, or of the slanted ones where there are no others."""
        if not self.upright:
            return Boxes((), self.slanted[:count])
        by_length = sorted(self.upright, key=lambda box: max(box[1] - box[0], box[3] - box[2]), reverse=True)
        return Boxes(tuple(by_length[:count]))


@dataclass(frozen=True, slots=True)
class Found:
    """One line as it was read: its corners, text and confidence 0..1."""

    quad: Quad
    text: str
    confidence: float


def stand_upright(boxes: Boxes) -> bool:
    """Whether the lines run across rather than up or down, by the shape of most of them."""
    sides = [(right - left, bottom - top) for left, right, top, bottom in boxes.upright]
    tall = sum(height > _ELONGATED * width for width, height in sides)
    wide = sum(width > _ELONGATED * height for width, height in sides)
    return tall <= wide


def half_turn(boxes: Boxes, shape: Sequence[int]) -> Boxes:
    """Boxes of an image of ``shape`` (height, width) brought to that image turned upside down."""
    height, width = shape
    return Boxes(
        tuple(
            (width - right, width - left, height - bottom, height - top) for left, right, top, bottom in boxes.upright
        ),
        # Half a turn of the corners as well, so that the first one is the text's top-left again.
        tuple(tuple((width - x, height - y) for x, y in (*quad[2:], *quad[:2])) for quad in boxes.slanted),
    )


def mean_confidence(found: Sequence[Found]) -> float:
    """0..1; 0 for nothing."""
    return sum(line.confidence for line in found) / len(found) if found else 0.0


def lines_of(found: Sequence[Found], turns: int, page: Page) -> tuple[Line, ...]:
    """Lines of words in reading order, on the page as it was sent.

    Args:
        found: on the page turned counter-clockwise by ``turns`` quarters.
        turns: quarters.
        page: as it was sent.
    """
    kept = [line for line in found if line.text.strip()]
    lines = []
    for line in reading_order(kept, [_box(line.quad) for line in kept]):
        words = [
            replace(word, bbox=_on_page(word.bbox, turns, page))
            for word in split_line(line.text, line.quad, line.confidence)
        ]
        lines.append(make_line(words, line.confidence, _on_page(order_corners(line.quad), turns, page)))
    return tuple(lines)


def _box(quad: Quad) -> Box:
    return polygon_to_box(order_corners(quad))


def _on_page(polygon: Polygon, turns: int, page: Page) -> Polygon:
    return clamp(unrotate(polygon, turns, page.width, page.height), page.width, page.height)
