"""What PaddleOCR's recogniser gives for a line, and what can be told from several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_server.engines.ctc import Crop


@dataclass(frozen=True, slots=True)
class Read:
    """One recognised crop.

    Attributes:
        crop: what was read.
        characters: that were read, spaces among them.
        columns: of the recogniser's output, where the characters' peaks are.
        scores: of the characters, 0..1.
        count: columns that the line covers, above 0.
        score: of the line, the mean of its characters', 0..1; 0 where there are none.
    """

    crop: Crop
    characters: tuple[str, ...]
    columns: tuple[int, ...]
    scores: tuple[float, ...]
    count: float
    score: float


def has_hangul(read: Read) -> bool:
    """Whether there is a syllable of Korean in it."""
    return any("\uac00" <= character <= "\ud7a3" for character in read.characters)


def has_ideographs(read: Read) -> bool:
    """Whether there is a character of Chinese in it, which Korean calls Hanja; or kana, which look like some."""
    return any(
        "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"
        for character in read.characters
    )


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
