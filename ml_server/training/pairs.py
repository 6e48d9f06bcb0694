"""End-to-end pairs against gold: what a caller of ``extract_key_values`` gets, and the words it was made from.

Every gold link of a QUESTION to an ANSWER is one pair, so a question with two answers is two pairs. Predicted and gold
pairs of a page are matched one to one, as many as can be. Two may match when, for the question and for the answer,

* the texts agree after NFKC, lower case, no white space and no colon at the end: exactly where the text was given
  (gold), or to a Levenshtein similarity (1 - distance / longer length) of at least 0.8 where it was read (OCR); and
* the boxes agree: intersection over union of at least 0.3, or the predicted box's centre inside the gold box, as
  detectors draw boxes wider or narrower than annotators do.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from ml_server.document import OCRPage
from ml_server.geometry import Box, polygon_to_box
from ml_server.key_value import KeyValuePage
from ml_server.training.forms import Form
from ml_server.training.metrics import Score, gold_links

OCR_SIMILARITY = 0.8
BOX_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and one of its answers, gold or predicted.

    Attributes:
        texts: normalised; of the question and of the answer.
        boxes: of both, pixels.
    """

    texts: tuple[str, str]
    boxes: tuple[Box, Box]


def normalise(text: str) -> str:
    """NFKC, lower case, without white space and without colons at the end."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split()).rstrip(":")


def gold_pairs(form: Form) -> list[Pair]:
    """One pair for every link of a QUESTION to an ANSWER."""
    pairs = []
    for head, tail in sorted(gold_links(form, "QUESTION", "ANSWER")):
        key, value = form.entities[head], form.entities[tail]
        pairs.append(Pair((normalise(key.text), normalise(value.text)), (key.box, value.box)))
    return pairs


def predicted_pairs(page: KeyValuePage) -> list[Pair]:
    """One pair for every key value."""
    return [
        Pair(
            (normalise(found.key), normalise(found.value)),
            (polygon_to_box(found.key_bbox), polygon_to_box(found.value_bbox)),
        )
        for found in page.key_values
    ]


def score_pairs(forms: Iterable[Form], pages: Iterable[KeyValuePage], *, similarity: float) -> Score:
    """Micro F1 of the pairs of several pages.

    Args:
        forms: gold.
        pages: as many, in the same order.
        similarity: 0..1 that texts must reach; 1.0 where the text was given, :data:`OCR_SIMILARITY` where it was read.
    """
    hits = guesses = golds = 0
    for form, page in zip(forms, pages, strict=True):
        gold, guess = gold_pairs(form), predicted_pairs(page)
        hits, guesses, golds = hits + matches(gold, guess, similarity), guesses + len(guess), golds + len(gold)
    return Score.of(hits, guesses, golds)


def matches(gold: Sequence[Pair], guess: Sequence[Pair], similarity: float) -> int:
    """The largest number of pairs that can be matched one to one."""
    allowed = np.zeros((len(gold), len(guess)), dtype=bool)
    for row, want in enumerate(gold):
        for column, have in enumerate(guess):
            allowed[row, column] = all(map(_boxes_agree, want.boxes, have.boxes)) and all(
                Levenshtein.normalized_similarity(a, b) >= similarity
                for a, b in zip(want.texts, have.texts, strict=True)
            )
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return int(allowed[rows, columns].sum())


def score_words(forms: Iterable[Form], pages: Iterable[OCRPage]) -> Score:
    """OCR word F1: words of a page as a multiset, NFKC, case and punctuation as they are; micro over all pages."""
    hits = guesses = golds = 0
    for form, page in zip(forms, pages, strict=True):
        gold = Counter(_tokens(word.text for entity in form.entities for word in entity.words))
        guess = Counter(_tokens(line.text for line in page.lines))
        hits, guesses, golds = hits + (gold & guess).total(), guesses + guess.total(), golds + gold.total()
    return Score.of(hits, guesses, golds)


def _tokens(texts: Iterable[str]) -> list[str]:
    return [token for text in texts for token in unicodedata.normalize("NFKC", text).split()]


def _boxes_agree(gold: Box, guess: Box) -> bool:
    x, y = (guess[0] + guess[2]) / 2, (guess[1] + guess[3]) / 2
    if gold[0] <= x <= gold[2] and gold[1] <= y <= gold[3]:
        return True
    width = min(gold[2], guess[2]) - max(gold[0], guess[0])
    height = min(gold[3], guess[3]) - max(gold[1], guess[1])
    if width <= 0 or height <= 0:
        return False
    both = _area(gold) + _area(guess) - width * height
    return width * height >= BOX_OVERLAP * both


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
