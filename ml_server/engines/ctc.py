"""Cut text lines out of a page, and turn a CTC recogniser's characters and columns into words with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_server.document import Point, Word
from ml_server.geometry import along

Quad = tuple[Point, Point, Point, Point]
"""Corners in the order of the text: its top-left, top-right, bottom-right, bottom-left."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A line cut out of a page and set upright.

    Attributes:
        pixels: uint8 (height, width, 3), channels as in the page it came from.
        quad: where it was on the page, in the order of the text as ``pixels`` shows it.
    """

    pixels: npt.NDArray[np.uint8]
    quad: Quad

    def turned(self) -> Crop:
        """The same line turned by 180 degrees."""
        a, b, c, d = self.quad
        return Crop(np.ascontiguousarray(self.pixels[::-1, ::-1]), (c, d, a, b))


def cut(image: npt.NDArray[np.uint8], polygon: npt.NDArray[np.int16]) -> Crop | None:
    """Cut a detected line out of a page; None if nothing is left of it.

    The arithmetic is PaddleOCR's (``CropByPolys``), so that a line reads as it does there: the minimum-area rectangle
    is warped upright, and one that is at least 1.5 times as high as wide is turned by 90 degrees counter-clockwise.

    Args:
        image: uint8 (height, width, 3).
        polygon: (4, 2) corners in pixels.
    """
    import cv2

    points = sorted(cv2.boxPoints(cv2.minAreaRect(polygon.astype(np.int32))).tolist(), key=lambda p: p[0])
    top_left, bottom_left = sorted(points[:2], key=lambda p: p[1])
    top_right, bottom_right = sorted(points[2:], key=lambda p: p[1])
    corners = np.array([top_left, top_right, bottom_right, bottom_left], dtype=np.float32)
    width = int(max(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[2] - corners[3])))
    height = int(max(np.linalg.norm(corners[0] - corners[3]), np.linalg.norm(corners[1] - corners[2])))
    if width < 1 or height < 1:
        return None
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    pixels: Any = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(corners, target),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    if height / width >= 1.5:
        return Crop(np.ascontiguousarray(np.rot90(pixels)), (b, c, d, a))
    return Crop(pixels, (a, b, c, d))


def words(characters: Sequence[str], columns: Sequence[int], count: float, crop: Crop, confidence: float) -> list[Word]:
    """Words of a line, their ends taken from the columns in which a CTC head saw their characters.

    A character is taken to be as wide as the median step between neighbours within words; where two words come too
    close for that, the border is half-way between them.

    Args:
        characters: decoded characters, spaces among them.
        columns: for each character, the 0-based output column of its peak.
        count: output columns that the line (without padding) covers, > 0.
        crop: the line.
        confidence: of the line; CTC scores are not kept per word.
    """
    runs: list[tuple[str, int, int]] = []  # text, first column, last column
    steps: list[int] = []
    previous: int | None = None
    for character, column in zip(characters, columns, strict=True):
        if character.isspace():
            previous = None
        elif previous is None:
            runs.append((character, column, column))
            previous = column
        else:
            text, first, _ = runs[-1]
            runs[-1] = (text + character, first, column)
            steps.append(column - previous)
            previous = column
    if not runs:
        return []
    half = (median(steps) if steps else count / max(len(characters), 1)) / 2
    starts = [max(0.0, (first + 0.5 - half) / count) for _, first, _ in runs]
    ends = [min(1.0, (last + 0.5 + half) / count) for _, _, last in runs]
    for i in range(len(runs) - 1):
        if ends[i] > starts[i + 1]:
            ends[i] = starts[i + 1] = (ends[i] + starts[i + 1]) / 2
    starts[0], ends[-1] = 0.0, 1.0
    return [
        Word(text, confidence, along(crop.quad, min(start, end), end))
        for (text, _, _), start, end in zip(runs, starts, ends, strict=True)
    ]
