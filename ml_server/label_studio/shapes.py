"""Where a region is, as Label Studio writes it: percent of the image. Nowhere else does this package use percent.

A turned box is given by one corner, its sides before turning, and the clockwise angle in degrees around that corner.
Percent are of the image's width for x and widths, of its height for y and heights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ml_server.document import Polygon, Word
from ml_server.geometry import box_to_polygon, order_corners, polygon_to_box
from ml_server.label_studio.config import Shape

_LEVEL = 0.25  # of its height that a box may sink along its upper edge; no detected one is exactly upright
_SLACK = 0.5  # pixels a turned box may reach out of its page; else it becomes the upright one inside


def value_of(bbox: Polygon, shape: Shape, width: int, height: int) -> dict[str, Any]:
    """The part of a result's ``value`` that says where a region is.

    Args:
        bbox: four corners in pixels; what lies outside the image is cut off.
        shape: what the project draws.
        width: of the image, pixels.
        height: of the image, pixels.
    """
    inside: Polygon = tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in bbox)  # type: ignore[assignment]  # four
    if shape == "polygon":
        return {"points": [[_percent(x, width), _percent(y, height)] for x, y in inside], "closed": True}
    left, top, right, bottom = polygon_to_box(inside)
    x, y, across, down = left, top, right - left, bottom - top
    degrees = _tilt(bbox)
    if degrees and all(math.dist(a, b) <= _SLACK for a, b in zip(bbox, inside, strict=True)):
        (x, y), across, down = inside[0], math.dist(inside[0], inside[1]), math.dist(inside[0], inside[3])
    else:
        degrees = 0.0
    return {
        "x": _percent(x, width),
        "y": _percent(y, height),
        "width": _percent(across, width),
        "height": _percent(down, height),
        "rotation": round(degrees % 360, 3),
    }


def around(words: Sequence[Word]) -> Polygon:
    """The smallest box around words that is turned as they are.

    Args:
        words: at least one.
    """
    lengths = [math.dist(word.bbox[0], word.bbox[1]) for word in words]
    degrees = sum(_angle(word.bbox) * length for word, length in zip(words, lengths, strict=True)) / (
        sum(lengths) or 1.0
    )
    corners = [corner for word in words for corner in word.bbox]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along = [x * cos + y * sin for x, y in corners]
    across = [y * cos - x * sin for x, y in corners]
    turned = box_to_polygon((min(along), min(across), max(along), max(across)))
    found = order_corners((u * cos - v * sin, u * sin + v * cos) for u, v in turned)
    if _tilt(found):
        return found
    xs, ys = zip(*corners, strict=True)
    return box_to_polygon((min(xs), min(ys), max(xs), max(ys)))


def _tilt(bbox: Polygon) -> float:
    """Clockwise angle of the upper edge in degrees; 0 for what is as good as upright."""
    sunk = abs(bbox[1][1] - bbox[0][1])
    return _angle(bbox) if sunk > _LEVEL * math.dist(bbox[0], bbox[3]) else 0.0


def _angle(bbox: Polygon) -> float:
    (ax, ay), (bx, by) = bbox[0], bbox[1]
    return math.degrees(math.atan2(by - ay, bx - ax)) if (ax, ay) != (bx, by) else 0.0


def _percent(pixels: float, of: int) -> float:
    return round(min(max(pixels * 100 / of, 0.0), 100.0), 6)
