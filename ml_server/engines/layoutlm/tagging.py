"""Tags ↔ entities: BIO and BIOES schemes of any label set, and the spans they spell. Pure; shared with training."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_server.engines.layoutlm.rows import around, gap, line_height, within
from ml_server.engines.layoutlm.smoothing import smooth
from ml_server.engines.layoutlm.tables import column_answers, column_heads, is_gutter

OTHER = "OTHER"
"""The label of words outside every entity (tag ``O``)."""
_GOES_ON = frozenset("IEL")
SPACE = 0.6
"""Gap within which two runs of one label in a row are one, in line heights. Nine of ten spaces inside FUNSD's entities
are narrower. On 100 of its forms F1 was 0.561, 0.569, 0.575, 0.578 at 0.3, 0.45, 0.6, 0.75; wider ones begin to join
cells of tables."""
BREAK = 3.0
"""Gap at which one run in a row is two, in line heights; 99 of 100 spaces inside FUNSD's entities are below 1.8."""
CELL = 0.8
"""Gap at which one run in a row is two if it is a table's gutter, in line heights; any above a word's space does."""
NEXT_LINE = 1.0
"""Empty height over which an entity goes on in a row below, in line heights. Together with what stands beside and not
below, F1 is 0.653, 0.651, 0.650 at 0.8, 1, 1.3 in annotation order (0.635 without) and 0.661, 0.662, 0.662 in that of
OCR's lines (0.656)."""
ABOVE = 0.4
"""The same for words that come back to an entity after another column. Engines draw the rows of a form half a line
apart, and values were joined to the value above at 0.6. F1 on the generator's pages is 0.005 lower without any and
0.001 lower at 0.4 than at 0.6; alignment to the left within 1.5 line heights, asked for instead, costs 0.002."""


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
    """Entities as they are served: labels smoothed, ``spans`` broken where the page parts them, joined over spaces.

    A model is less sure where an entity ends than what it is. Words close together rarely differ (``smoothing``); a new
    entity does not begin within a word's space of another of its label, and none goes on across an empty stretch of
    the page, where cells of a table stand, or to a place that is not under it; and a table's last row is no row of
    questions (``tables``). The figures here and there are entity F1 on 50 of FUNSD's training forms, untrained on the
    like. There all this together brought it from 0.581 to 0.651, and from 0.614 to 0.662 in the order of OCR's
    lines, with the weights 1.1.0.

    Args:
        tags: n tags.
        confidences: shape (n,), 0..1.
        boxes: shape (n, 4), on the 0..1000 grid.
        aspect: height of the page by its width, which the grid has lost.
    """
    boxes = boxes * np.array([1, aspect, 1, aspect])
    labels, confidences = smooth([parse_tag(tag)[1] for tag in tags], confidences, boxes)
    tags = _relabelled(tags, labels)
    broken = [part for span in spans(tags, confidences, boxes) for part in _break(span, confidences, boxes)]
    extents = np.array([around(part.words, boxes) for part in broken]).reshape(-1, 4)
    for place in column_answers([part.label for part in broken], extents):
        broken[place] = Span("ANSWER", broken[place].words, 1 - broken[place].confidence)
    return _headed(_joined(broken, boxes), boxes)


def _relabelled(tags: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Tags of other labels where these differ from the tags' own."""
    found = []
    for word, (tag, label) in enumerate(zip(tags, labels, strict=True)):
        if parse_tag(tag)[1] != label:
            goes_on = word > 0 and labels[word - 1] == label
            tag = "O" if label == OTHER else f"{'I' if goes_on else 'B'}-{label}"
        found.append(tag)
    return found


def _joined(found: Sequence[Span], boxes: npt.NDArray[np.float64]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(found, key=lambda part: part.words):
        before = joined[-1] if joined else None
        next_to = before is not None and before.label == span.label and before.words[-1] + 1 == span.words[0]
        if before and next_to and within(boxes[before.words[-1]], boxes[span.words[0]], SPACE):
            both = len(before.words) * before.confidence + len(span.words) * span.confidence
            words = before.words + span.words
            joined[-1] = Span(span.label, words, both / len(words))
        else:
            joined.append(span)
    return joined


def _headed(found: Sequence[Span], boxes: npt.NDArray[np.float64]) -> list[Span]:
    """The same with heads of columns apart (``column_heads``)."""
    answers = np.array([around(span.words, boxes) for span in found if span.label == "ANSWER"]).reshape(-1, 4)
    cut: list[Span] = []
    for span in found:
        parts = column_heads(span.words, boxes, answers) if span.label == "QUESTION" else [span.words]
        cut += [replace(span, words=part) for part in parts]
    return cut


def _break(span: Span, confidences: npt.NDArray[np.floating], boxes: npt.NDArray[np.float64]) -> list[Span]:
    parts = [[span.words[0]]]
    for before, word in itertools.pairwise(span.words):
        between = gap(boxes[before], boxes[word])
        if between is None:
            parted = not _under(around(parts[-1], boxes), boxes[before], boxes[word])
        else:
            parted = between > BREAK or (between > CELL and is_gutter(before, word, boxes))
        if parted:
            parts.append([])
        parts[-1].append(word)
    return [Span(span.label, tuple(part), float(np.mean(confidences[part]))) for part in parts]


def _under(so_far: npt.NDArray[np.float64], before: npt.NDArray[np.float64], word: npt.NDArray[np.float64]) -> bool:
    """Whether a word of another row is where an entity can go on: in its width, and no farther down than a line."""
    down = (word[1] - before[3]) / line_height(before, word)
    return bool(-2 <= down <= NEXT_LINE and so_far[0] <= word[2] and word[0] <= so_far[2])


def _above(
    runs: list[tuple[str, list[int]]], label: str, word: int, boxes: npt.NDArray[np.float64]
) -> list[int] | None:
    """The latest run of ``label`` whose last line is just above ``word`` and overlaps it sideways."""
    x0, y0, x1, y1 = boxes[word]
    height = max(y1 - y0, 1.0)
    for other, words in reversed(runs[-12:]):
        last = boxes[words]
        bottom, left, right = last[:, 3].max(), last[:, 0].min(), last[:, 2].max()
        if other == label and -0.5 * height <= y0 - bottom <= ABOVE * height and left <= x1 and x0 <= right:
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
