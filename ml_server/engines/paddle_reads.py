"""What PaddleOCR's recogniser gives for a line, and what can be told from several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_server.engines.ctc import Crop


@dataclass(frozen=True, slots=True)
class Read:
    """One recognised crop: its characters, the columns of their peaks, the line's columns, score 0..1."""

    crop: Crop
    characters: tuple[str, ...]
    columns: tuple[int, ...]
    count: float
    score: float


def has_cjk(read: Read) -> bool:
    """Whether there is a character of Korean, Chinese or Japanese in it."""
    return any("\u3040" <= mark <= "\u9fff" or "\uac00" <= mark <= "\ud7a3" for mark in read.characters)


def mean_score(reads: Sequence[Read]) -> float:
    """Of at least one, 0..1."""
    return sum(read.score for read in reads) / len(reads)


def lies_on_its_side(crops: Sequence[Crop]) -> bool:
    """Whether most of the text, by length, runs up or down the page."""
    vertical = horizontal = 0.0
    for crop in crops:
        (ax, ay), (bx, by) = crop.quad[0], crop.quad[1]
        dx, dy = abs(bx - ax), abs(by - ay)
        if dy > dx:
            vertical += dy
        else:
            horizontal += dx
    return vertical > horizontal
