"""What the rows around say: whether a gap is the gutter of a table, whether a cell goes on a column. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml_server.engines.layoutlm.rows import around, line_height, within

GUTTER_ROWS = 4
"""Rows above or below through which a gap goes on if it is a gutter. In invoices' tables cells stand 1.4 to 2.7 line
heights apart, as far as words in some of FUNSD's entities. F1 on its forms is 0.0005 lower with this rule in annotation
order and 0.001 higher in the order of OCR's lines; by 3 rows 0.002 and nothing."""
STRIPE = 0.6
"""Least width of a gutter, in line heights: an ordinary space is narrower."""
_REACH = 14.0
"""How far up and down rows are looked for, in line heights."""
_SIDE = 6.0
"""How far to the left and right of the gap the rows' words may stand, in line heights."""
COLUMN = 3
"""Answers in an unbroken column that make a question under them one more answer: the last row of a table often looks
like a total. F1 on FUNSD's forms is 0.002 higher (by four answers 0.001), on the generator's pages the same."""


def is_gutter(left: int, right: int, boxes: npt.NDArray[np.float64]) -> bool:
    """Whether the gap between two words of a row goes on as an empty stripe, with words on both its sides.

    Args:
        left: index of the word to the left of the gap.
        right: of that to its right.
        boxes: shape (n, 4), in one unit for both axes.
    """
    height = line_height(boxes[left], boxes[right])
    begin, end = boxes[left][2], boxes[right][0]
    near = (boxes[:, 2] > begin - _SIDE * height) & (boxes[:, 0] < end + _SIDE * height)
    centres = (boxes[:, 1] + boxes[:, 3]) / 2
    for sign in (1, -1):
        far = (centres - (boxes[left][1] + boxes[left][3]) / 2) * sign / height
        words = np.flatnonzero(near & (far > 0.7) & (far < _REACH))
        if len(words):
            words = words[np.argsort(far[words])]
            rows = np.split(words, np.flatnonzero(np.diff(far[words]) > 0.5) + 1)
            if _goes_through(rows, begin, end, STRIPE * height, boxes):
                return True
    return False


def _goes_through(
    rows: Sequence[npt.NDArray[np.int64]], begin: float, end: float, width: float, boxes: npt.NDArray[np.float64]
) -> bool:
    middle = (begin + end) / 2
    if len(rows) < GUTTER_ROWS:
        return False
    for row in rows[:GUTTER_ROWS]:
        here = boxes[row]
        before, after = here[here[:, 2] <= middle], here[here[:, 0] >= middle]
        if not len(before) or not len(after) or len(before) + len(after) < len(here):
            return False
        begin, end = max(begin, before[:, 2].max()), min(end, after[:, 0].min())
        if end - begin < width:
            return False
    return True


def column_answers(labels: Sequence[str], boxes: npt.NDArray[np.float64]) -> list[int]:
    """The questions that continue a column of answers, as positions.

    Args:
        labels: e entities'.
        boxes: shape (e, 4), around each, in one unit for both axes.
    """
    found: list[int] = []
    known = list(labels)
    centres = (boxes[:, 1] + boxes[:, 3]) / 2
    for question in np.argsort(centres):
        if known[question] == "QUESTION" and _continues(int(question), known, boxes, centres):
            known[question] = "ANSWER"
            found.append(int(question))
    return found


def _continues(
    question: int, labels: Sequence[str], boxes: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]
) -> bool:
    """Whether the next three entities straight above are answers, aligned with this and one pitch apart."""
    own = boxes[question]
    height = max(own[3] - own[1], 1.0)
    at, pitch = question, None
    for _ in range(COLUMN):
        own_height = max(boxes[at, 3] - boxes[at, 1], 1.0)
        above = np.flatnonzero(
            (boxes[:, 0] < boxes[at, 2]) & (boxes[:, 2] > boxes[at, 0]) & (centres < centres[at] - 0.7 * own_height)
        )
        if not len(above):
            return False
        upper = int(above[centres[above].argmax()])
        step = centres[at] - centres[upper]
        pitch = step if pitch is None else pitch
        left, right = boxes[upper, 0] - own[0], boxes[upper, 2] - own[2]
        aligned = min(abs(left), abs(right), abs(left + right) / 2) <= 0.5 * height
        if labels[upper] != "ANSWER" or not aligned or step > 6 * height or abs(step - pitch) > 0.25 * height:
            return False
        at = upper
    return True


def column_heads(
    words: Sequence[int], boxes: npt.NDArray[np.float64], answers: npt.NDArray[np.float64]
) -> list[tuple[int, ...]]:
    """Cut a question that is several columns' heads: engines read heads that stand close as one line.

    It is cut between two words where the part before and the part after each stand over a column of answers of their
    own, aligned with it.

    Args:
        words: of the question, as indices.
        boxes: shape (n, 4), of the page's words, in one unit for both axes.
        answers: shape (a, 4), around every answer of the page.

    Returns:
        The parts' words; one part if nothing is cut.
    """
    for at in range(1, len(words)):
        if within(boxes[words[at - 1]], boxes[words[at]], np.inf):
            left, right = _column(words[:at], boxes, answers), _column(words[at:], boxes, answers)
            if left is not None and right is not None and left[1] < right[0]:
                return [tuple(words[:at]), *column_heads(words[at:], boxes, answers)]
    return [tuple(words)]


def _column(
    words: Sequence[int], boxes: npt.NDArray[np.float64], answers: npt.NDArray[np.float64]
) -> tuple[float, float] | None:
    """Left and right end of the next three answers straight below words of one row, if each is aligned with them."""
    own = around(words, boxes)
    height = max(own[3] - own[1], 1.0)
    below = answers[(answers[:, 0] < own[2]) & (answers[:, 2] > own[0]) & (answers[:, 1] > own[1] + 0.7 * height)]
    column = below[np.argsort(below[:, 1])][:COLUMN]
    if len(column) < COLUMN or column[0, 1] - own[3] > 3 * height:
        return None
    left, right = column[:, 0] - own[0], column[:, 2] - own[2]
    aligned = min(np.abs(left).max(), np.abs(right).max(), np.abs(left + right).max() / 2) <= 0.5 * height
    return (float(column[:, 0].min()), float(column[:, 2].max())) if aligned else None
