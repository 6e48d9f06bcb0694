"""Tags ↔ entities: BIO and BIOES schemes of any label set, and the spans they spell. Pure; shared with training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

OTHER = "OTHER"
"""The label of words outside every entity (tag ``O``)."""
_GOES_ON = frozenset("IEL")
SPACE = 0.6
"""Line heights on the grid, whose x is narrower than its y, within which words are one run: 70 % of the spaces in our
engines' reading of generated pages, and 5 % of the gaps between neighbours of one label."""


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


def join_neighbours(found: Sequence[Span], boxes: npt.NDArray[np.float64]) -> list[Span]:
    """Join spans of one label that stand side by side in a row with no more than a space between them.

    A model is less sure where an entity ends than what it is; a new one does not begin within a word's space of the
    one before. Cells of a table stand farther apart.

    Args:
        found: as ``spans`` gives them.
        boxes: shape (n, 4), of the page's words on the 0..1000 grid.
    """
    joined: list[Span] = []
    for span in found:
        before = joined[-1] if joined else None
        if before and before.label == span.label and before.words[-1] + 1 == span.words[0]:
            last, first = boxes[before.words[-1]], boxes[span.words[0]]
            height = max(last[3] - last[1], first[3] - first[1], 1.0)
            one_row = abs(last[1] + last[3] - first[1] - first[3]) / 2 < 0.35 * height
            if one_row and -0.5 * height < first[0] - last[2] < SPACE * height:
                counts = len(before.words), len(span.words)
                sure = (before.confidence * counts[0] + span.confidence * counts[1]) / sum(counts)
                joined[-1] = Span(span.label, before.words + span.words, sure)
                continue
        joined.append(span)
    return joined


def _above(
    runs: list[tuple[str, list[int]]], label: str, word: int, boxes: npt.NDArray[np.float64]
) -> list[int] | None:
    """The latest run of ``label`` whose last line is just above ``word`` and overlaps it sideways."""
    x0, y0, x1, y1 = boxes[word]
    height = max(y1 - y0, 1.0)
    for other, words in reversed(runs[-12:]):
        last = boxes[words]
        bottom, left, right = last[:, 3].max(), last[:, 0].min(), last[:, 2].max()
        if other == label and -0.5 * height <= y0 - bottom <= height and left <= x1 and x0 <= right:
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
