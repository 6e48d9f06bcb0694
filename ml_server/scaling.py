"""Pages read larger or smaller than they are: scaled before an engine gets them, results scaled back after.

It runs inside an engine's process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from ml_server.document import OCRPage, Page, Polygon, Word
from ml_server.engines.base import ReadOptions
from ml_server.geometry import clamp
from ml_server.key_value import KeyValuePage

ENLARGED: Final = 2.0
"""How many times as wide and high a small page is read; docs/bulk.md has what it is worth."""


class Reads(Protocol):
    """What an engine does, see :class:`ml_server.engines.base.OCREngine`."""

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """One result for each page, in order."""


def factor(width: int, height: int, max_pixels: int, enlarge_below: int) -> float:
    """How many times as wide and high a page is to be read.

    Args:
        width: pixels.
        height: pixels.
        max_pixels: larger pages are scaled down to it; 0 for never.
        enlarge_below: pages of at most so many pixels are enlarged, but not beyond ``max_pixels``; 0 for never.

    Returns:
        1.0 for a page that is read as it is.
    """
    pixels = width * height
    wanted = ENLARGED if 0 < pixels <= enlarge_below else 1.0
    most = math.sqrt(max_pixels / pixels) if max_pixels and pixels else wanted
    return min(wanted, most)


def scaled(page: Page, times: float) -> Page:
    """The page ``times`` as wide and high, at least one pixel each way."""
    from PIL import Image

    size = max(1, math.floor(page.width * times)), max(1, math.floor(page.height * times))
    picture = Image.fromarray(page.pixels).resize(size, Image.Resampling.LANCZOS)
    return Page(np.array(picture), page.number)


def scaled_back(result: OCRPage, width: int, height: int) -> OCRPage:
    """What was read on a scaled page, in the pixels of the page as it was.

    Args:
        result: in the pixels of the scaled page.
        width: of the page as it was, pixels.
        height: of the page as it was, pixels.
    """
    back = _Back(result, width, height)
    return replace(
        result,
        lines=tuple(replace(line, bbox=back(line.bbox), words=back.words(line.words)) for line in result.lines),
        blocks=tuple(replace(block, bbox=back(block.bbox)) for block in result.blocks),
        width=width,
        height=height,
    )


def key_values_scaled_back(result: KeyValuePage, width: int, height: int) -> KeyValuePage:
    """The same for what was understood of a scaled page."""
    if (result.width, result.height) == (width, height):
        return result
    back = _Back(result, width, height)
    return replace(
        result,
        entities=tuple(replace(each, bbox=back(each.bbox), words=back.words(each.words)) for each in result.entities),
        key_values=tuple(
            replace(pair, key_bbox=back(pair.key_bbox), value_bbox=back(pair.value_bbox)) for pair in result.key_values
        ),
        width=width,
        height=height,
    )


class _Back:
    """Polygons of a scaled page in the pixels of the page as it was."""

    def __init__(self, result: OCRPage | KeyValuePage, width: int, height: int) -> None:
        self._size = width, height
        self._across, self._down = width / result.width, height / result.height

    def __call__(self, polygon: Polygon) -> Polygon:
        a, b, c, d = ((x * self._across, y * self._down) for x, y in polygon)
        return clamp((a, b, c, d), *self._size)

    def words(self, found: Sequence[Word]) -> tuple[Word, ...]:
        """The same words, there."""
        return tuple(replace(word, bbox=self(word.bbox)) for word in found)


def read(engine: Reads, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
    """Have an engine read pages at the size the options ask for.

    Args:
        engine: any.
        pages: as they are.
        options: ``max_pixels`` and ``enlarge_below`` decide the size.

    Returns:
        One result for each page, in order, in the pages' own pixels.
    """
    times = [factor(page.width, page.height, options.max_pixels, options.enlarge_below) for page in pages]
    sized = [page if by == 1.0 else scaled(page, by) for page, by in zip(pages, times, strict=True)]
    results = engine.read(sized, options)
    return [
        result if by == 1.0 else scaled_back(result, page.width, page.height)
        for result, page, by in zip(results, pages, times, strict=True)
    ]
