"""What a model says of words → entities as they are served: close words, other rows, tables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ml_server.engines.layoutlm.tables import column_answers
from ml_server.engines.layoutlm.tagging import decode

Boxes = npt.NDArray[np.float64]


def line(top: float, *spans: tuple[float, float], height: float = 10) -> list[list[float]]:
    return [[left, top, right, top + height] for left, right in spans]


def entities(tags: list[str], boxes: list[list[float]], sure: list[float] | None = None) -> list[tuple[str, list[int]]]:
    found = decode(tags, np.array(sure or [1.0] * len(tags)), np.array(boxes), 1)
    return [(span.label, list(span.words)) for span in found]


def test_a_doubtful_word_takes_the_label_of_its_close_neighbours() -> None:
    row = line(100, (0, 40), (44, 60), (64, 90))
    tags = ["B-ANSWER", "O", "I-QUESTION"]
    assert entities(tags, row, [0.9, 0.5, 0.5]) == [("ANSWER", [0, 1, 2])]


def test_a_sure_change_of_label_stays_however_close_the_words_are() -> None:
    row = line(100, (0, 40), (44, 60), (64, 90))
    tags = ["B-QUESTION", "I-QUESTION", "B-ANSWER"]
    assert entities(tags, row, [0.99, 0.99, 0.99]) == [("QUESTION", [0, 1]), ("ANSWER", [2])]


def test_words_that_stand_apart_keep_their_labels() -> None:
    row = line(100, (0, 40), (55, 70))
    assert entities(["B-QUESTION", "B-ANSWER"], row, [0.9, 0.5]) == [("QUESTION", [0]), ("ANSWER", [1])]


def test_a_changed_label_is_not_given_the_confidence_of_the_old_one() -> None:
    row = line(100, (0, 40), (44, 60))
    span = decode(["B-ANSWER", "B-QUESTION"], np.array([0.98, 0.6]), np.array(row), 1)[0]
    assert span.words == (0, 1)
    assert span.confidence == pytest.approx((0.98 + 0.4) / 2)


def test_an_entity_goes_on_under_itself_only() -> None:
    tags = ["B-HEADER", "I-HEADER"]
    title = line(100, (0, 60))
    assert entities(tags, title + line(114, (0, 40))) == [("HEADER", [0, 1])]
    apart = [("HEADER", [0]), ("HEADER", [1])]
    assert entities(tags, title + line(114, (300, 340))) == apart  # beside it, as a larger title may stand
    assert entities(tags, title + line(104, (300, 380), height=24)) == apart
    assert entities(tags, title + line(125, (0, 40))) == apart  # a line and a half below


def test_the_value_of_the_row_below_does_not_join_the_one_above() -> None:
    """Questions to the left of answers, rows half a line apart; the model takes the second answer for more of it."""
    boxes = line(100, (0, 40), (100, 160)) + line(115, (0, 40), (100, 200))
    tags = ["B-QUESTION", "B-ANSWER", "B-QUESTION", "I-ANSWER"]
    assert entities(tags, boxes) == [("QUESTION", [0]), ("ANSWER", [1]), ("QUESTION", [2]), ("ANSWER", [3])]


def table(rows: int, gap: float = 16) -> list[list[float]]:
    """Numbers beside descriptions, ``gap`` apart; lines are 10 high and 20 apart."""
    return [box for row in range(rows) for box in line(100 + 20 * row, (0, 10), (10 + gap, 90 + 3 * row))]


def test_cells_of_a_row_are_parted_at_a_gutter() -> None:
    """The last row's cells are taken for one entity; the gutter beside them runs through the rows above."""
    cells = table(6)
    tags = ["B-ANSWER"] * 10
    assert entities([*tags, "B-ANSWER", "I-ANSWER"], cells)[-2:] == [("ANSWER", [10]), ("ANSWER", [11])]
    crossed = cells[:6] + line(160, (0, 90)) + cells[8:]  # a row whose text runs through it
    found = entities([*tags[:6], "B-ANSWER", *tags[:2], "B-ANSWER", "I-ANSWER"], crossed)
    assert found[-1] == ("ANSWER", [9, 10])


def test_a_wide_space_without_a_table_around_is_no_gutter() -> None:
    assert entities(["B-ANSWER", "I-ANSWER"], table(1)) == [("ANSWER", [0, 1])]
    assert len(entities(["B-ANSWER", "I-ANSWER"] * 2, table(2))) == 2


def test_the_last_row_of_a_table_is_no_row_of_questions() -> None:
    cells = table(5, gap=40)
    tags = ["B-ANSWER"] * 8 + ["B-QUESTION"] * 2
    assert [label for label, _ in entities(tags, cells, [0.9] * 8 + [0.6] * 2)] == ["ANSWER"] * 10


def column(*tops: float) -> Boxes:
    return np.array([[0, top, 50, top + 10] for top in tops])


def test_a_question_is_an_answer_only_under_an_even_column_of_answers() -> None:
    labels = ["ANSWER", "ANSWER", "ANSWER", "QUESTION"]
    assert column_answers(labels, column(0, 20, 40, 60)) == [3]
    assert column_answers([*labels, "QUESTION"], column(0, 20, 40, 60, 80)) == [3, 4]
    assert column_answers(labels, column(0, 20, 40, 75)) == []  # a total, set off
    assert column_answers(["QUESTION", *labels[1:]], column(0, 20, 40, 60)) == []  # two answers only
    shifted = column(0, 20, 40, 60) + np.array([[0.0] * 4] * 3 + [[20, 0, 80, 0]])  # neither edge nor middle in line
    assert column_answers(labels, shifted) == []
    assert column_answers([], np.zeros((0, 4))) == []


def heads(rows: int, shift: float = 0) -> list[tuple[str, list[int]]]:
    """``Net  VAT 20%``, close enough for one entity, over two columns of figures that end below Net and 20%."""
    figures = [box for row in range(rows) for box in line(120 + 20 * row, (6, 30), (60 + shift, 90 + shift))]
    found = entities(
        ["B-QUESTION", *["I-QUESTION"] * 2, *["B-ANSWER"] * 2 * rows],
        line(100, (10, 30), (35, 55), (59, 90)) + figures,
    )
    return [one for one in found if one[0] == "QUESTION"]


def test_close_heads_of_columns_are_a_question_each() -> None:
    assert heads(3) == [("QUESTION", [0]), ("QUESTION", [1, 2])]
    assert heads(2) == [("QUESTION", [0, 1, 2])]  # two rows may be anything
    assert heads(3, shift=20) == [("QUESTION", [0, 1, 2])]  # figures that are in line with one part only
