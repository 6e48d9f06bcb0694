"""Tags ↔ entities: BIO and BIOES schemes of any label set, and the spans they spell. Pure; shared with training."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

OTHER = "OTHER"
"""The label of words outside every entity (tag ``O``)."""
_GOES_ON = frozenset("IEL")
SPACE = 0.6
"""Gap within which two runs of one label in a row are one, in line heights. Nine of ten spaces inside FUNSD's entities
are narrower. On 100 of its forms F1 was 0.561, 0.569, 0.575, 0.578 at 0.3, 0.45, 0.6, 0.75; wider ones begin to join
cells of tables."""
BREAK = 3.0
"""Gap at which one run in a row is two, in line heights; 99 of 100 spaces inside FUNSD's entities are below 1.8."""


@dataclass(frozen=True, slots=True)
class Span:
    """An entity as word indices.

    Attributes:
        label: without prefix.
        words: at least one, increasing.
        confidence: 0..1, mean of the words' probabilities of their tags.
    """

    label: str
    words: tuple[int, ...]
    confidence: float


def parse_tag(tag: str) -> tuple[str, str]:
    """``B-QUESTION`` → ("B", "QUESTION"); ``O`` → ("O", "OTHER"); a bare ``total`` → ("I", "total").

    Labels of other casing are kept as they are, but FUNSD's four come in capitals whatever the model's spelling.
    """
    if tag.upper() in ("O", "OTHER", "B-OTHER", "I-OTHER", "S-OTHER", "E-OTHER"):
        return "O", OTHER
    prefix, dash, label = tag.partition("-")
    if not dash or prefix.upper() not in ("B", "I", "E", "S", "L", "U"):
        prefix, label = "I", tag
    known = label.upper()
    return prefix.upper(), known if known in ("HEADER", "QUESTION", "ANSWER") else label


def spans(
    tags: Sequence[str], confidences: npt.NDArray[np.floating], boxes: npt.NDArray[np.float64] | None = None
) -> list[Span]:
    """Read entities off tags, one for each word; words tagged ``O`` are left out (see ``cover``).

    A run goes on while the label stays and the tag continues it. A continuation (``I-``) that follows another label
    opens a span of its own, unless ``boxes`` show that it stands right under a span of its label which an
    interleaved column interrupted: then it joins that one.

    Args:
        tags: n tags of any scheme.
        confidences: shape (n,), 0..1.
        boxes: shape (n, 4), or None not to join interrupted spans.
    """
    runs: list[tuple[str, list[int]]] = []
    before = "O"
    for word, tag in enumerate(tags):
        prefix, label = parse_tag(tag)
        if prefix != "O":
            if prefix in _GOES_ON and before == label and runs:
                runs[-1][1].append(word)
            else:
                home = _above(runs, label, word, boxes) if prefix in _GOES_ON and boxes is not None else None
                if home is not None:
                    home.append(word)
                    runs.remove((label, home))
                    runs.append((label, home))
                else:
                    runs.append((label, [word]))
        before = label if prefix not in ("E", "L", "S", "U") else ""
    found = [Span(label, tuple(words), float(np.mean(confidences[words]))) for label, words in runs]
    return sorted(found, key=lambda span: span.words)


def decode(
    tags: Sequence[str], confidences: npt.NDArray[np.floating], boxes: npt.NDArray[np.float64], aspect: float
) -> list[Span]:
    """Entities as they are served: ``spans``, broken at wide gaps and joined over narrow ones.

    A model is less sure where an entity ends than what it is. A new one does not begin within a word's space of another
    of its label, and none goes on across an empty stretch of the page; cells of a table stand in between. On FUNSD's
    149 training forms, untrained on the like, this brings entity F1 from 0.530 to 0.567.

    Args:
        tags: n tags.
        confidences: shape (n,), 0..1.
        boxes: shape (n, 4), on the 0..1000 grid.
        aspect: height of the page by its width, which the grid has lost.
    """
    boxes = boxes * np.array([1, aspect, 1, aspect])
    broken = [part for span in spans(tags, confidences, boxes) for part in _break(span, confidences, boxes)]
    joined: list[Span] = []
    for span in sorted(broken, key=lambda part: part.words):
        before = joined[-1] if joined else None
        if before and before.label == span.label and before.words[-1] + 1 == span.words[0]:
            gap = _gap(boxes[before.words[-1]], boxes[span.words[0]])
            if gap is not None and -0.5 < gap < SPACE:
                words = before.words + span.words
                joined[-1] = Span(span.label, words, float(np.mean(confidences[list(words)])))
                continue
        joined.append(span)
    return joined


def _break(span: Span, confidences: npt.NDArray[np.floating], boxes: npt.NDArray[np.float64]) -> list[Span]:
    parts = [[span.words[0]]]
    for before, word in itertools.pairwise(span.words):
        gap = _gap(boxes[before], boxes[word])
        if gap is not None and gap > BREAK:
            parts.append([])
        parts[-1].append(word)
    return [Span(span.label, tuple(part), float(np.mean(confidences[part]))) for part in parts]


def _gap(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float | None:
    """From the right of a box to the left of another in its row, in line heights; None in different rows."""
    height = max(one[3] - one[1], other[3] - other[1], 1.0)
    if abs(one[1] + one[3] - other[1] - other[3]) / 2 >= 0.35 * height:
        return None
    return float((other[0] - one[2]) / height)


def _above(
    runs: list[tuple[str, list[int]]], label: str, word: int, boxes: npt.NDArray[np.float64]
) -> list[int] | None:
    """The latest run of ``label`` whose last line is just above ``word`` and overlaps it sideways."""
    x0, y0, x1, y1 = boxes[word]
    height = max(y1 - y0, 1.0)
    for other, words in reversed(runs[-12:]):
        last = boxes[words]
        bottom, left, right = last[:, 3].max(), last[:, 0].min(), last[:, 2].max()
        if other == label and -0.5 * height <= y0 - bottom <= 0.6 * height and left <= x1 and x0 <= right:
            return words
    return None


def tags_of(count: int, entities: Sequence[tuple[str, Sequence[int]]]) -> list[str]:
    """Entities → BIO tags of ``count`` words; words in no entity, and those of OTHER, are ``O``."""
    tags = ["O"] * count
    for label, words in entities:
        if label != OTHER:
            for place, word in enumerate(words):
                tags[word] = f"{'B' if place == 0 else 'I'}-{label}"
    return tags
