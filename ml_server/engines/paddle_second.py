"""Two recognisers' readings of the same line made one: ours, and PP-OCRv6's for what it knows better.

Both have the same body and see the same pixels, so their columns are the same places, and characters can be compared
where they stand: the surer one stays. PP-OCRv6 knows Latin letters and Hanja better, but no Hangul, not all marks, and
it tends to drop spaces; so it never takes away a space or a mark. Which characters either knows is nowhere assumed:
what one does not know, it does not see or is unsure of.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from statistics import fmean
from typing import NamedTuple

from ml_server.engines.paddle_reads import Read, has_hangul, has_ideographs

_SURE = 0.97
"""A line without Hangul or Hanja that our recogniser is less sure of is read by the other, too. On 20 receipts and 12
forms word F1 is 0.922 and 0.907 at 0.95 (a fifth of the lines read twice), 0.926 and 0.911 here (three tenths), 0.929
and 0.915 at 0.98 (two fifths)."""

_SURE_KOREAN = 0.85
"""The same for a line with either. Of 296 such lines of clean pages none is below."""

_CERTAIN = 0.7
"""Ideographs of a line are believed from this score on: specks, rules and parts of Hangul look like some, too."""

_LOST = 0.5
"""A line of ours below this is no reading, such as the Hangul it makes of Hanja that it does not know."""

_OWN, _OWN_IN_LOST = 0.5, 0.8
"""A character of ours that the other does not know stays from this score on, in a line as above from the second."""

_LETTER, _PUNCTUATION, _MARK = -0.3, 0.3, 0.7
"""By how much the other must be surer where ours sees a letter or digit, a mark of ASCII, or another mark. Of letters
it is the better judge even where it is a little less sure; of marks such as ₩, ※ and ⑪ a bad one, however sure."""

_LONE = 0.8
"""A letter or digit of ours in a place where the other sees nothing stays from this score on."""

_REACH = 1.5
"""Columns, of 8 pixels at 48 pixels of height: characters that are not further apart stand in the same place."""


class _Place(NamedTuple):
    """A character where it stands.

    Attributes:
        character: that was read.
        column: of its peak.
        score: 0..1.
        bar: the score above which another stands here instead.
        alone: whether it stays where the other sees nothing.
    """

    character: str
    column: int
    score: float
    bar: float = 0.0
    alone: bool = True


def is_doubtful(read: Read) -> bool:
    """Whether the other recogniser is to be asked about a line of ours."""
    return read.score < (_SURE_KOREAN if has_hangul(read) or has_ideographs(read) else _SURE)


def settle(ours: Read, other: Read, known: Container[str]) -> Read:
    """What stands in a doubtful line: ours as it is, or both joined where the other is surer.

    Args:
        ours: of the recogniser for Korean.
        other: of PP-OCRv6's; the same crop.
        known: the characters that the other can read.
    """
    if other.score <= ours.score:
        return ours
    if (has_hangul(ours) or has_ideographs(other)) and other.score < _CERTAIN:
        return ours
    return _joined(ours, other, known)


def _joined(ours: Read, other: Read, known: Container[str]) -> Read:
    sure = _OWN if ours.score >= _LOST else _OWN_IN_LOST
    mine = [_own(*each, known, sure) for each in zip(ours.characters, ours.columns, ours.scores, strict=True)]
    theirs = [_Place(*each) for each in zip(other.characters, other.columns, other.scores, strict=True)]
    found: list[_Place] = []
    matcher = SequenceMatcher(None, ours.characters, other.characters, autojunk=False)
    for same, i1, i2, j1, j2 in matcher.get_opcodes():
        found += theirs[j1:j2] if same == "equal" else _contested(mine[i1:i2], theirs[j1:j2])
    if not found:
        return ours
    return replace(
        ours,
        characters=tuple(place.character for place in found),
        columns=tuple(place.column for place in found),
        count=other.count,
        score=fmean(place.score for place in found),
    )


def _own(character: str, column: int, score: float, known: Container[str], sure: float) -> _Place:
    letter = _is_letter(character)
    if character not in known:
        return _Place(character, column, score, bar=1.0 if score >= sure else score)
    margin = _LETTER if letter else _PUNCTUATION if character.isascii() else _MARK
    return _Place(character, column, score, bar=score + margin, alone=not letter or score >= _LONE)


def _contested(mine: Sequence[_Place], theirs: Sequence[_Place]) -> list[_Place]:
    """A stretch that the two read differently, by columns: the better one of each place, and all marks and spaces."""
    kept = [place for place in theirs if all(place.score > own.bar for own in mine if _meet(own, place))]
    kept += [own for own in mine if own.alone and not any(_meet(own, place) for place in kept)]
    return sorted(kept, key=lambda place: place.column)


def _meet(one: _Place, two: _Place) -> bool:
    """Whether they stand in the same place; a space stands in none."""
    return " " not in (one.character, two.character) and abs(one.column - two.column) <= _REACH


def _is_letter(character: str) -> bool:
    """Or digit; ``⑪`` is neither."""
    return character.isalpha() or character.isdecimal()
