"""Labels and links against gold, as the literature measures them; :mod:`ml_server.training.pairs` measures the rest.

SER is seqeval's entity F1 (default mode, as LayoutLM and its successors report it) over words in the annotation's
order, each page one sequence: an entity counts when its label, first and last word are all right. RE is LayoutXLM's:
given the gold entities, a link counts when both its ends are right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities

from ml_server.training.forms import LABELS, Form

MEASURED = ("HEADER", "QUESTION", "ANSWER")
"""Labels that count in SER's micro average; OTHER is ``O``, as in FUNSD's own evaluations."""

Link = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Score:
    """How much was found.

    Attributes:
        precision: 0..1; 0 where nothing was predicted.
        recall: 0..1; 0 where there was nothing to find.
        f1: their harmonic mean, 0..1.
        support: how many there were to find.
    """

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    support: int = 0

    @classmethod
    def of(cls, hits: int, predicted: int, gold: int) -> Score:
        """From counts; ``hits`` is at most the smaller of the others."""
        precision = hits / predicted if predicted else 0.0
        recall = hits / gold if gold else 0.0
        return cls(precision, recall, 2 * hits / (predicted + gold) if predicted + gold else 0.0, gold)


@dataclass(frozen=True, slots=True)
class LabelScores:
    """SER over all pages.

    Attributes:
        micro: over :data:`MEASURED` together.
        labels: one per label of :data:`MEASURED`.
        word_accuracy: share of words with the right label of :data:`LABELS`, 0..1, whatever their B- and I-.
        confusion: word counts, int64, shape (4, 4): rows are gold, columns predicted, in the order of :data:`LABELS`.
    """

    micro: Score = field(default_factory=Score)
    labels: dict[str, Score] = field(default_factory=dict)
    word_accuracy: float = 0.0
    confusion: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((4, 4), np.int64))


def gold_tags(form: Form) -> list[str]:
    """BIO tags of a form's words in annotation order; OTHER's words are ``O``."""
    return [
        "O" if entity.label == "OTHER" else f"{'I' if position else 'B'}-{entity.label}"
        for entity in form.entities
        for position in range(len(entity.words))
    ]


def score_labels(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> LabelScores:
    """SER of several pages.

    Args:
        gold: BIO tags per page and word.
        predicted: as many; labels outside :data:`MEASURED` count as ``O``.

    Raises:
        ValueError: a page has more or fewer predicted tags than gold ones.
    """
    truth, found = [[list(map(_measured, tags)) for tags in pages] for pages in (gold, predicted)]
    labels = {label: Score() for label in MEASURED}
    micro = Score()
    confusion = np.zeros((len(LABELS), len(LABELS)), np.int64)
    for true_tags, tags in zip(truth, found, strict=True):
        for true_tag, tag in zip(true_tags, tags, strict=True):
            confusion[_row(true_tag), _row(tag)] += 1
    # seqeval divides by the number of labels it meets, so it is asked only where it meets one.
    if get_entities(truth) or get_entities(found):
        report = classification_report(truth, found, output_dict=True, zero_division=0)
        labels |= {label: _score(report[label]) for label in MEASURED if label in report}
        micro = _score(report["micro avg"])
    words = int(confusion.sum())
    return LabelScores(micro, labels, float(np.trace(confusion)) / words if words else 0.0, confusion)


def gold_links(form: Form, head: str, tail: str) -> set[Link]:
    """Links between entities of two different labels, turned so that ``head``'s comes first, as LayoutXLM does."""
    labels = [entity.label for entity in form.entities]
    straight = {(a, b) for a, b in form.links if (labels[a], labels[b]) == (head, tail)}
    return straight | {(b, a) for a, b in form.links if (labels[b], labels[a]) == (head, tail)}


def score_links(forms: Iterable[Form], predicted: Iterable[Collection[Link]], head: str, tail: str) -> Score:
    """Micro F1 of exact (head, tail) pairs over all pages.

    Args:
        forms: the gold pages, whose entities the links were predicted for.
        predicted: positions in a page's entities; those between entities of other labels are not looked at.
        head: label of the links' first ends.
        tail: label of their second ends.
    """
    hits = guesses = golds = 0
    for form, links in zip(forms, predicted, strict=True):
        labels = [entity.label for entity in form.entities]
        gold = gold_links(form, head, tail)
        guess = {(a, b) for a, b in links if (labels[a], labels[b]) == (head, tail)}
        hits, guesses, golds = hits + len(gold & guess), guesses + len(guess), golds + len(gold)
    return Score.of(hits, guesses, golds)


def _measured(tag: str) -> str:
    return tag if tag.partition("-")[2] in MEASURED else "O"


def _row(tag: str) -> int:
    return LABELS.index(tag.partition("-")[2] or "OTHER")


def _score(row: dict[str, float]) -> Score:
    return Score(float(row["precision"]), float(row["recall"]), float(row["f1-score"]), int(row["support"]))
