"""Which way up a page lies: what a reading tells of it, and which turns are worth another reading."""

from __future__ import annotations

from dataclasses import dataclass

from ml_server.engines.tesseract_lines import Piece

_UPRIGHT_CONFIDENCE = 0.75
_UPRIGHT_CHARACTERS = 30
"""A reading with this mean word confidence and this many characters is upright. Over FUNSD, SROIE and Korean pages
upright ones have 0.64..0.93, turned ones at most 0.66, or more on fewer than 12 characters."""

_LONG_CONFIDENCE = 0.6
_LONG_CHARACTERS = 300
"""A reading with this much is upright, too: turned ones of 100 characters and more have 0.56 at most (0.44 in English).
It spares a third of scanned forms and receipts their orientation detection, which costs a third of reading."""

_PLAUSIBLE_CONFIDENCE = 0.6
_PLAUSIBLE_CHARACTERS = 100
"""A reading with this much is taken for upright as well, unless orientation detection says otherwise."""

CLEARLY_BETTER = 1.2
"""By how much more evidence a turned reading must have than the upright one."""

_OSD_CONFIDENCE = 1.0
"""Orientation confidence from which a page that OSD calls upright is not tried the other ways round."""

_AXIS_CONFIDENCE = 0.3
"""Orientation confidence from which OSD knows at least which way lines run: of 88 pages turned all four ways, and 400
parts of them, it had 35 upside down and none sideways (one below this confidence)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read on the page turned counter-clockwise by ``turns`` quarters, in pixels of what was read."""

    pieces: tuple[Piece, ...]
    turns: int

    @property
    def evidence(self) -> float:
        """Characters weighted by the square of their confidence: many characters, surely read."""
        return sum(len(piece.text) * piece.confidence**2 for piece in self.pieces)

    @property
    def is_convincing(self) -> bool:
        """Whether it settles by itself that the page lies like this."""
        return self._has(_UPRIGHT_CHARACTERS, _UPRIGHT_CONFIDENCE) or self._has(_LONG_CHARACTERS, _LONG_CONFIDENCE)

    @property
    def is_plausible(self) -> bool:
        """Whether it settles that where orientation detection does not object."""
        return self._has(_PLAUSIBLE_CHARACTERS, _PLAUSIBLE_CONFIDENCE)

    def _has(self, characters: int, confidence: float) -> bool:
        count = sum(len(piece.text) for piece in self.pieces)
        total = sum(len(piece.text) * piece.confidence for piece in self.pieces)
        return count >= characters and total >= confidence * count


def settles(hint: int | None, confidence: float, upright: Reading) -> bool:
    """Whether the page is upright, by what orientation detection says of it and how it read.

    Args:
        hint: counter-clockwise quarter turns that would set the page upright; None where it has no opinion.
        confidence: of the hint, from 0.
        upright: the reading of the page as it is.
    """
    return (hint == 0 and confidence >= _OSD_CONFIDENCE) or (not hint and upright.is_plausible)


def to_try(hint: int | None, confidence: float) -> list[int]:
    """Quarter turns to read a page at, beside upright, the likeliest first."""
    if hint is None or confidence < _AXIS_CONFIDENCE:
        return sorted((1, 2, 3), key=lambda turns: turns != hint)
    return [turns for turns in (hint, (hint + 2) % 4) if turns]
