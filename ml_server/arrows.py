"""Arrows between boxes of a drawing."""

from __future__ import annotations

import math
from typing import TypeAlias

from PIL import ImageDraw

from ml_server.document import Point
from ml_server.geometry import Box

Ink: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue, opacity; 0..255."""

_HEAD = 4.5
"""Length of an arrow's head in widths of its line."""


def draw(brush: ImageDraw.ImageDraw, start: Box, end: Box, ink: Ink, stroke: int) -> None:
    """Draw an arrow from one box to another, with a dot where it begins and, if it is opaque, a white rim.

    It runs between the nearest sides' middles. Boxes that touch or overlap get an arrow that begins and ends inside
    them, so that it can be seen.

    Args:
        brush: of an RGBA or RGB picture.
        start: pixels.
        end: pixels.
        ink: of the arrow.
        stroke: width of the line, pixels.
    """
    tail, tip = ends(start, end, shortest(stroke))
    angle = math.atan2(tip[1] - tail[1], tip[0] - tail[0])
    long, half = _HEAD * stroke, _HEAD * stroke * 0.45
    neck = _moved(tip, angle, -long * 0.9)
    white: Ink = (255, 255, 255, ink[3])
    rim = max(1, round(stroke * 0.5))
    # What lets the page show through would mix with its own rim.
    for colour, more in ((white, rim), (ink, 0)) if ink[3] > 200 else ((ink, 0),):
        brush.line((*tail, *neck), fill=colour, width=stroke + 2 * more)
        _dot(brush, tail, stroke * 1.1 + more, colour)
        back = _moved(tip, angle, -long - more)
        point = _moved(tip, angle, 1.5 * more)
        left, right = (_moved(back, angle + side * math.pi / 2, half + 1.5 * more) for side in (-1, 1))
        brush.polygon((point, left, right), fill=colour)


def shortest(stroke: int) -> float:
    """Length that an arrow of this width has at least, pixels."""
    return 2.2 * _HEAD * stroke


def ends(start: Box, end: Box, least: float) -> tuple[Point, Point]:
    """Where an arrow begins and ends.

    Args:
        start: box it comes from.
        end: box it goes to.
        least: length it has at least; it grows into both boxes for that.
    """
    tail, tip = min(
        ((p, q) for p in _middles(start) for q in _middles(end)), key=lambda pair: math.dist(pair[0], pair[1])
    )
    length = math.dist(tail, tip)
    if length >= least:
        return tail, tip
    centres = _centre(start), _centre(end)
    apart = math.dist(*centres)
    angle = math.atan2(tip[1] - tail[1], tip[0] - tail[0]) if length > 1 else _direction(*centres)
    missing = (min(least, max(apart, least / 2)) - length) / 2
    return _moved(tail, angle, -missing), _moved(tip, angle, missing)


def _middles(box: Box) -> tuple[Point, ...]:
    left, top, right, bottom = box
    x, y = _centre(box)
    return (left, y), (right, y), (x, top), (x, bottom)


def _centre(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _direction(a: Point, b: Point) -> float:
    return math.atan2(b[1] - a[1], b[0] - a[0])


def _moved(point: Point, angle: float, distance: float) -> Point:
    return point[0] + math.cos(angle) * distance, point[1] + math.sin(angle) * distance


def _dot(brush: ImageDraw.ImageDraw, at: Point, radius: float, colour: Ink) -> None:
    x, y = at
    brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
