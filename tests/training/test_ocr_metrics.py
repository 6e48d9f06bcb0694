"""What counts as read, by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from ml_server.training.metrics import Score
from ml_server.training.ocr_metrics import (
    LineScores,
    character_error_rate,
    characters,
    score_characters,
    score_lines,
    score_words,
    tidy,
    words,
)


def test_words_are_runs_of_letters_and_digits_without_case_and_width() -> None:
    assert words("No.: 12-34 Ｎｏ 합계:₩5,000") == Counter({"no": 2, "12": 1, "34": 1, "합계": 1, "5": 1, "000": 1})
    assert words(" .,") == Counter()


def test_decomposed_hangul_is_the_same_word() -> None:
    assert words("\u1112\u1161\u11ab\u1100\u1173\u11af") == Counter({"한글": 1})


def test_characters_keep_case_and_punctuation_but_no_space() -> None:
    assert characters("aA b\u3000：") == Counter("aAb:")
    assert tidy(" 합계 :\t ①\n ") == "합계 : 1"


def test_strictly_compatible_forms_differ() -> None:
    page = [("제⑲조 84.97㎡", "제19조 84.97m2")]
    assert score_words(page).f1 == score_characters(page).f1 == 1.0
    assert character_error_rate(page) == 0.0
    assert score_words(page, strict=True) == Score(1 / 3, 1 / 3, 1 / 3, 3)
    # Read: 제 1 9 조 8 4 . 9 7 m 2; of the truth's nine all but ⑲ and ㎡.
    assert score_characters(page, strict=True) == Score(7 / 11, 7 / 9, 14 / 20, 9)
    assert character_error_rate(page, strict=True) == pytest.approx(4 / 10)
    assert (score_lines(page).accuracy, score_lines(page, strict=True).accuracy) == (1.0, 0.0)
    assert tidy("\u1112\u1161\u11ab", strict=True) == "한"


def test_words_count_as_often_as_they_stand_there_in_any_order() -> None:
    # Right: a once (twice read), b. Missed: c. The second page is empty and read as one word.
    assert score_words([("a b c", "B a a"), ("", "d")]) == Score(2 / 4, 2 / 3, 4 / 7, 3)
    assert score_words([("a b", "")]) == Score(0.0, 0.0, 0.0, 2)
    assert score_words([]) == Score()


def test_characters_are_summed_over_pages_before_they_are_divided() -> None:
    score = score_characters([("합계 100", "계합100"), ("x", "y")])
    assert score == Score(5 / 6, 5 / 6, 10 / 12, 6)


def test_error_rate_counts_edits_spaces_and_order() -> None:
    assert character_error_rate([("합계  금액", "합계 금액"), ("abcde", "abxd")]) == pytest.approx(2 / 10)
    assert character_error_rate([("합계금액 1", "합계 금액1")]) == pytest.approx(2 / 6)
    assert character_error_rate([("ab", "xyzxyz")]) == 3.0
    assert character_error_rate([("", "more")]) == 0.0


def test_lines_that_lack_only_spaces_show_as_a_figure_of_their_own() -> None:
    found = score_lines([("등록 번호", "등록번호"), ("Total", " Total\n"), ("100", "1OO"), ("끝", "")])
    assert found == LineScores(1 / 4, 2 / 4, (1 + 2 + 1) / (5 + 5 + 3 + 1), 4)
    assert score_lines([]) == LineScores(0.0, 0.0, 0.0, 0)
