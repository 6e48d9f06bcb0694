"""The metrics against examples worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_forms import write_folder

from ml_server.document import OCRPage, Word
from ml_server.geometry import Box, box_to_polygon, make_line
from ml_server.key_value import KeyValue, KeyValuePage
from ml_server.training.forms import Form, read_forms
from ml_server.training.metrics import LabelScores, Score, gold_links, gold_tags, score_labels, score_links
from ml_server.training.pairs import Pair, matches, normalise, score_pairs, score_words


@pytest.fixture
def forms(tmp_path: Path) -> list[Form]:
    return read_forms(write_folder(tmp_path))


def test_gold_tags(forms: list[Form]) -> None:
    assert gold_tags(forms[0]) == [
        "B-HEADER", "I-HEADER", "B-QUESTION", "B-ANSWER", "I-ANSWER", "B-ANSWER", "B-QUESTION", "B-ANSWER", "O", "O",
    ]  # fmt: skip


def test_an_entity_counts_when_label_and_both_ends_are_right(forms: list[Form]) -> None:
    predicted = [
        # Header right; question right; the two answers taken for one; second question called an answer; a page
        # number called a header.
        [
            "B-HEADER", "I-HEADER", "B-QUESTION", "B-ANSWER", "I-ANSWER", "I-ANSWER", "B-ANSWER", "B-ANSWER", "O",
            "B-HEADER",
        ],
        ["B-QUESTION", "B-ANSWER"],
    ]  # fmt: skip
    scores = score_labels([gold_tags(form) for form in forms], predicted)
    assert scores.micro == Score(5 / 8, 5 / 8, 5 / 8, 8)
    assert scores.labels["HEADER"] == Score(1 / 2, 1.0, 2 / 3, 1)
    assert scores.labels["QUESTION"] == Score(1.0, 2 / 3, 0.8, 3)
    assert scores.labels["ANSWER"] == Score(2 / 4, 2 / 4, 1 / 2, 4)
    assert scores.confusion.tolist() == [[2, 0, 0, 0], [0, 2, 1, 0], [0, 0, 5, 0], [1, 0, 0, 1]]
    assert scores.word_accuracy == pytest.approx(10 / 12)


def test_other_and_foreign_labels_are_no_entities() -> None:
    scores = score_labels([["O", "B-ANSWER"]], [["B-OTHER", "B-TOTAL"]])
    assert scores.micro == Score(0.0, 0.0, 0.0, 1)
    assert scores.confusion[3, 3] == 1
    assert scores.confusion[2, 3] == 1


def test_nothing_to_find_and_nothing_found() -> None:
    nothing: tuple[list[list[str]], ...] = ([], [[]], [["O", "O"]])
    for pages in nothing:
        scores = score_labels(pages, pages)
        assert scores.micro == LabelScores().micro
        assert scores.labels == dict.fromkeys(("HEADER", "QUESTION", "ANSWER"), Score())
    with pytest.raises(ValueError, match="shorter"):
        score_labels([["O", "O"]], [["O"]])


def test_links_count_by_label_and_turned_the_right_way(forms: list[Form]) -> None:
    assert gold_links(forms[0], "QUESTION", "ANSWER") == {(1, 2), (1, 3), (4, 5)}
    assert gold_links(forms[1], "QUESTION", "ANSWER") == {(0, 1)}
    predicted = [{(1, 2), (4, 3), (0, 1), (2, 1)}, {(0, 1)}]
    assert score_links(forms, predicted, "QUESTION", "ANSWER") == Score(2 / 3, 2 / 4, 4 / 7, 4)
    assert score_links(forms, predicted, "HEADER", "QUESTION") == Score(1.0, 1 / 2, 2 / 3, 2)
    assert score_links(forms, [set(), set()], "QUESTION", "ANSWER") == Score(0.0, 0.0, 0.0, 4)


def page_of(form: Form, *pairs: tuple[str, str, Box, Box]) -> KeyValuePage:
    found = tuple(KeyValue(k, v, 1.0, box_to_polygon(a), box_to_polygon(b)) for k, v, a, b in pairs)
    return KeyValuePage((), (), found, form.width, form.height, "korean", "gold", "", "")


def test_pairs_need_texts_and_boxes(forms: list[Form]) -> None:
    form = forms[0]
    name, person, _, _ = boxes = [form.entities[i].box for i in (1, 2, 4, 5)]
    aside = (person[0], person[1] + 60, person[2], person[3] + 60)
    right = ("name", "Kim Minsu", boxes[0], boxes[1])

    def score(*pairs: tuple[str, str, Box, Box], similarity: float = 1.0) -> Score:
        return score_pairs([form], [page_of(form, *pairs)], similarity=similarity)

    assert score(right, ("SUM :", "1 00", boxes[2], boxes[3])) == Score(1.0, 2 / 3, 0.8, 3)
    assert score(right, right).precision == 1 / 2
    assert score(("name", "Kim Minsu", name, aside)).f1 == 0.0
    assert score(("name", "Kim Minsv", name, person)).f1 == 0.0
    assert score(("name", "Kim Minsv", name, person), similarity=0.8).precision == 1.0
    assert score(("name", "Kim Minsv", name, person), similarity=0.9).precision == 0.0
    assert score() == Score(0.0, 0.0, 0.0, 3)
    assert score_pairs([], [], similarity=1.0) == Score()


def test_as_many_pairs_are_matched_as_can_be() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    gold = [Pair(("aaaaa", "x"), (box, box)), Pair(("aaaab", "x"), (box, box))]
    # The first guess fits both gold pairs, the second only the first.
    guess = [Pair(("aaaab", "x"), (box, box)), Pair(("aaaac", "x"), (box, box))]
    assert matches(gold, guess, 0.8) == 2
    assert matches(gold, guess[1:] * 3, 0.8) == 2
    assert matches(gold, guess, 1.0) == 1


def test_boxes_agree_by_overlap_or_centre() -> None:
    wide, inside, half = (0.0, 0.0, 100.0, 10.0), (40.0, 0.0, 60.0, 10.0), (80.0, 0.0, 200.0, 10.0)
    for box, count in ((inside, 1), (wide, 1), (half, 0), ((-60.0, 0.0, 40.0, 10.0), 0), ((0, 4.0, 260.0, 9.0), 0)):
        pair = Pair(("a", "b"), (wide, box))
        assert matches([Pair(("a", "b"), (wide, wide))], [pair], 1.0) == count
    # Twice as wide to the right: the centre lies on the edge's far side, the overlap is 0.49.
    pair = Pair(("a", "b"), (wide, (0.0, 0.0, 204.0, 10.0)))
    assert matches([Pair(("a", "b"), (wide, wide))], [pair], 1.0) == 1


def test_normalising() -> None:
    assert normalise(" 총 금액 ： ") == normalise("총금액::") == "총금액"
    assert normalise("ＴＯＴＡＬ:") == "total"
    assert normalise("10:30") == "10:30"


def test_words_are_a_multiset(forms: list[Form]) -> None:
    box = box_to_polygon((0.0, 0.0, 9.0, 9.0))
    words = [Word(text, 1.0, box) for text in ("날짜:", "날짜:", "2024", "x")]
    page = OCRPage((make_line(words, 1.0, box),), 640, 480, "korean", "mock", "")
    assert score_words(forms[1:], [page]) == Score(2 / 4, 1.0, 2 / 3, 2)
    assert score_words(forms[1:], [replace(page, lines=())]) == Score(0.0, 0.0, 0.0, 2)
