"""Words of a line for engines that read whole lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ml_server.document import Word
from ml_server.geometry import along


def split_line(text: str, quad: Sequence[Sequence[float]], confidence: float) -> tuple[Word, ...]:
    """Split a line at its spaces and give each word its share of the line's length.

    The share is by characters, a wide one (Hangul, kana, Han and full-width forms; ``W`` and ``F`` of Unicode's
    East Asian Width, UAX #11) counting as two and a combining mark as none, as in a fixed-pitch font.

    Args:
        text: of the whole line; spaces around it are taken as not drawn.
        quad: its corners in pixels in the order of the *text*: top-left, top-right, bottom-right, bottom-left.
        confidence: of the line, 0..1; each word gets it.

    Returns:
        The words in the order of the text; none for a text of spaces.
    """
    text = text.strip()
    total = _width(text) or 1  # a line of nothing but combining marks has no width
    words: list[Word] = []
    behind = position = 0  # of the word before: its end in the text, and in columns
    for start, end in _spans(text):
        begin = position + _width(text[behind:start])
        behind, position = end, begin + _width(text[start:end])
        words.append(Word(text[start:end], confidence, along(quad, begin / total, position / total)))
    return tuple(words)


def _spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every run without white space."""
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _width(text: str) -> int:
    """Columns the text takes in a fixed-pitch font."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
