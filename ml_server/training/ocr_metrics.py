"""How well text was read: words and characters without order, character error rate, whole lines.

All compare after Unicode's NFKC, so that ``：`` is ``:``, ``①`` is ``1`` and ``㎡`` is ``m2``: truths and engines write
such forms as they please. ``strict`` compares after NFC, where they differ. Over several pages or lines, counts are
summed before they are divided (micro averages).

Without order, because the order of a form's fields is a matter of taste: a page is a bag of words (Pletschacher,
Clausner and Antonacopoulos, "Europeana Newspapers OCR Workflow Evaluation", HIP 2015), with the precision and recall
that SROIE's task 2 asks for (Huang et al., ICDAR 2019). The character error rate is Levenshtein's distance to the truth
over the truth's length, as the ISRI tests count it (Rice, 1996); it sees the order, and may exceed 1. The accuracy of
lines is that of PaddleOCR's ``RecMetric``, which removes spaces first; here both figures stand, and what lies between
them is lines that are wrong by their spaces only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from rapidfuzz.distance import Levenshtein

from ml_server.training.metrics import Score

Pair: TypeAlias = tuple[str, str]
"""The truth, and what was read."""


@dataclass(frozen=True, slots=True)
class LineScores:
    """Lines that were read one by one.

    Attributes:
        accuracy: share of lines read without any fault, 0..1.
        accuracy_without_spaces: the same where spaces do not count, 0..1; at least ``accuracy``.
        cer: character error rate over all lines, at least 0.
        count: of lines.
    """

    accuracy: float
    accuracy_without_spaces: float
    cer: float
    count: int


def words(text: str, *, strict: bool = False) -> Counter[str]:
    r"""Words without case: runs of letters, digits and ``_`` (``\w+``); truths join and part punctuation variously."""
    return Counter(re.findall(r"\w+", _normal(text, strict).lower()))


def characters(text: str, *, strict: bool = False) -> Counter[str]:
    """Characters with case, without white space."""
    return Counter("".join(tidy(text, strict=strict).split()))


def tidy(text: str, *, strict: bool = False) -> str:
    """NFKC (strictly NFC), all white space one space, none at the ends."""
    return " ".join(_normal(text, strict).split())


def score_words(pages: Iterable[Pair], *, strict: bool = False) -> Score:
    """:func:`words` as multisets."""
    return _score(pages, partial(words, strict=strict))


def score_characters(pages: Iterable[Pair], *, strict: bool = False) -> Score:
    """:func:`characters` as multisets."""
    return _score(pages, partial(characters, strict=strict))


def character_error_rate(texts: Iterable[Pair], *, strict: bool = False) -> float:
    """Edits (insertions, deletions, substitutions) over the truth's length, spaces included; 0 without any truth."""
    tidied = [(tidy(truth, strict=strict), tidy(read, strict=strict)) for truth, read in texts]
    length = sum(len(truth) for truth, _ in tidied)
    return sum(Levenshtein.distance(truth, read) for truth, read in tidied) / length if length else 0.0


def score_lines(lines: Iterable[Pair], *, strict: bool = False) -> LineScores:
    """Lines as a whole; without any, all figures are 0."""
    tidied = [(tidy(truth, strict=strict), tidy(read, strict=strict)) for truth, read in lines]
    right = sum(truth == read for truth, read in tidied)
    close = sum(truth.replace(" ", "") == read.replace(" ", "") for truth, read in tidied)
    count = max(len(tidied), 1)
    return LineScores(right / count, close / count, character_error_rate(tidied, strict=strict), len(tidied))


def _normal(text: str, strict: bool) -> str:
    return unicodedata.normalize("NFC" if strict else "NFKC", text)


def _score(pages: Iterable[Pair], bag: Callable[[str], Counter[str]]) -> Score:
    hits = guesses = golds = 0
    for truth, read in pages:
        gold, guess = bag(truth), bag(read)
        hits, guesses, golds = hits + (gold & guess).total(), guesses + guess.total(), golds + gold.total()
    return Score.of(hits, guesses, golds)
