"""One page through one of EasyOCR's readers: turned as it needs to be, its lines recognised side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_server.document import Line, Page
from ml_server.engines.easyocr_lines import Boxes, Found, half_turn, lines_of, mean_confidence, stand_upright

_DOUBTFUL = 0.7
"""A page whose lines' mean confidence is below this is tried upside down (an upright receipt has 0.89, the same one
upside down 0.36)."""

_CLEARLY_BETTER = 0.1
"""By how much the mean confidence of the sample must be better upside down; a tie keeps the page as it stands."""

_SAMPLE = 8
"""Lines read to decide whether a page is upside down."""

Grey = npt.NDArray[np.uint8]
"""Shape (height, width)."""


class Recognise(Protocol):
    """What ``Reader.readtext`` does after detection, with its defaults."""

    def __call__(self, reader: Any, grey: Grey, boxes: Boxes) -> tuple[Found, ...]:
        """Read the boxes, upright ones first."""
        ...


class OneByOne:
    """As EasyOCR does it."""

    def __call__(self, reader: Any, grey: Grey, boxes: Boxes) -> tuple[Found, ...]:
        """See Recognise."""
        results = reader.recognize(grey, [list(box) for box in boxes.upright], [list(quad) for quad in boxes.slanted])
        return tuple(
            Found(tuple((float(x), float(y)) for x, y in quad), str(text), min(max(float(confidence), 0.0), 1.0))
            for quad, text, confidence in results
        )


class SideBySide:
    """As many lines at a time as there are threads, each on one: a line is too little work to be shared out.

    Two OpenMP threads that sleep while they wait take four times as long for a line as one thread alone.

    Args:
        threads: at least 1.
    """

    def __init__(self, threads: int) -> None:
        import torch

        # In OpenMP the number belongs to the thread that sets it; detection keeps all of them.
        self._pool = ThreadPoolExecutor(threads, "easyocr", initializer=torch.set_num_threads, initargs=(1,))
        self._alone = OneByOne()

    def __call__(self, reader: Any, grey: Grey, boxes: Boxes) -> tuple[Found, ...]:
        """See Recognise."""
        lines = [Boxes((box,), ()) for box in boxes.upright] + [Boxes((), (quad,)) for quad in boxes.slanted]
        found: Sequence[tuple[Found, ...]] = list(self._pool.map(lambda line: self._alone(reader, grey, line), lines))
        return tuple(each for line in found for each in line)


def read_page(reader: Any, recognise: Recognise, page: Page, use_angle_cls: bool) -> tuple[Line, ...]:
    """The lines of a page.

    Args:
        reader: EasyOCR's, of the languages wanted.
        recognise: reads its boxes.
        page: to read.
        use_angle_cls: whether it may be turned by quarters.
    """
    reading = _read_turned(reader, recognise, page.pixels, 0)
    if use_angle_cls and not stand_upright(reading.boxes):
        # The detector finds only parts of lines that run up or down, so the turned page is looked at anew.
        turned = _read_turned(reader, recognise, page.pixels, 1)
        sideways = _not_upside_down(reader, recognise, page.pixels, turned)
        if stand_upright(sideways.boxes) and sideways.confidence > reading.confidence:
            reading = sideways
    elif use_angle_cls:
        reading = _not_upside_down(reader, recognise, page.pixels, reading)
    return lines_of(reading.found, reading.turns, page)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found on the page turned counter-clockwise by ``turns`` quarters."""

    turns: int
    boxes: Boxes
    found: tuple[Found, ...]

    @property
    def confidence(self) -> float:
        return mean_confidence(self.found)


def _read_turned(reader: Any, recognise: Recognise, pixels: npt.NDArray[np.uint8], turns: int) -> _Reading:
    image = np.ascontiguousarray(np.rot90(pixels, turns))
    horizontal, free = reader.detect(image)
    boxes = Boxes(
        tuple(tuple(int(value) for value in box) for box in horizontal[0]),
        tuple(tuple((float(x), float(y)) for x, y in quad) for quad in free[0]),
    )
    return _Reading(turns, boxes, recognise(reader, _grey(image), boxes))


def _not_upside_down(reader: Any, recognise: Recognise, pixels: npt.NDArray[np.uint8], reading: _Reading) -> _Reading:
    """The reading itself, or that of the page upside down if a doubtful page's longest lines read better so."""
    if not reading.found or reading.confidence >= _DOUBTFUL:
        return reading
    sample = reading.boxes.longest(_SAMPLE)
    grey = _grey(np.rot90(pixels, reading.turns))
    half_turned = np.ascontiguousarray(np.rot90(grey, 2))
    as_it_is = mean_confidence(recognise(reader, grey, sample))
    upside_down = mean_confidence(recognise(reader, half_turned, half_turn(sample, grey.shape)))
    if upside_down <= as_it_is + _CLEARLY_BETTER:
        return reading
    return _read_turned(reader, recognise, pixels, (reading.turns + 2) % 4)


def _grey(pixels: npt.NDArray[np.uint8]) -> Grey:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))
