"""Two readings of a line made one, by hand."""

from __future__ import annotations

import string

import numpy as np
import pytest

from ml_server.engines.ctc import Crop
from ml_server.engines.paddle_reads import Read
from ml_server.engines.paddle_second import is_doubtful, settle

KNOWN = frozenset(string.printable + "₩※①大韓民國合計")
CROP = Crop(np.zeros((48, 100, 3), np.uint8), ((0, 0), (9, 0), (9, 9), (0, 9)))


def told(text: str, *columns: int, sure: float = 1.0, **scores: float) -> Read:
    """A reading whose characters stand 4 columns apart, or at ``columns``; ``sure`` of all but ``scores``."""
    each = [scores.get(f"at{i}", sure) for i in range(len(text))]
    places = columns or tuple(4 * i for i in range(len(text)))
    return Read(CROP, tuple(text), places, tuple(each), 40.0, sum(each) / len(each))


def settled(ours: Read, other: Read) -> str:
    return "".join(settle(ours, other, KNOWN).characters)


def test_which_lines_are_doubtful() -> None:
    assert is_doubtful(told("Total", sure=0.96))
    assert not is_doubtful(told("Total", sure=0.98))
    assert is_doubtful(told("뻣휴뵍세", sure=0.2))
    assert not is_doubtful(told("합계 100", sure=0.9))
    assert is_doubtful(told("大韓", sure=0.8))


def test_letters_are_the_others_where_it_is_surer() -> None:
    assert settled(told("RN 1O.00", at1=0.3, at4=0.4), told("RM 10.00")) == "RM 10.00"
    assert settled(told("RN 10.00", at1=0.9), told("RM 10.00", sure=0.8)) == "RN 10.00"


@pytest.mark.parametrize(
    ("ours", "other", "columns"),
    [
        ("3 / 4", "3/4", (0, 8, 16)),
        ("25 ~ 30", "25~30", (0, 4, 12, 20, 24)),
        ("₩ 55", "55", (8, 12)),
        ("₩ 55", "W 55", ()),
        ("※ A4", "* A4", ()),
        ("□ Yes ☑ No", "Yes No", (8, 12, 16, 20, 32, 36)),
        ("⑪ 25", "① 25", ()),
        ("㎡", "m", ()),
    ],
)
def test_no_mark_and_no_space_is_lost(ours: str, other: str, columns: tuple[int, ...]) -> None:
    assert settled(told(ours, sure=0.6), told(other, *columns, sure=0.99)) == ours


def test_a_mark_that_ours_hardly_saw_gives_way() -> None:
    assert settled(told("$ale", at0=0.5, sure=0.9), told("Sale")) == "Sale"
    assert settled(told("≤호", 0, 6, sure=0.1), told("大國", 0, 6)) == "大國"


def test_hanja_wins_over_invented_hangul_and_keeps_the_hangul_beside_it() -> None:
    assert settled(told("뻣휴뵍세", 1, 7, 13, 19, sure=0.1), told("大韓民國", 2, 7, 12, 19)) == "大韓民國"
    ours = told("국(k휴뵍케) 법", 0, 4, 8, 14, 20, 26, 30, 33, 38, at2=0.2, at3=0.1, at4=0.1, at5=0.3)
    assert settled(ours, told("(大韓民國)", 4, 8, 14, 20, 26, 30)) == "국(大韓民國) 법"
    assert settled(told("슴하 계", 0, 6, 9, 14, sure=0.2), told("合計", 0, 6)) == "合計 계"


def test_hangul_that_ours_is_sure_of_is_no_ideograph() -> None:
    assert settled(told("남", sure=0.6), told("合", sure=0.99)) == "남"
    assert settled(told("휴", sure=0.2), told("合", sure=0.6)) == "휴"
    assert settled(told("lI", sure=0.2), told("合", 0, sure=0.6)) == "lI"


def test_the_score_is_that_of_the_characters_that_stay() -> None:
    joined = settle(told("₩ 5", at0=0.6, at1=0.9, at2=0.3), told("W 5", sure=0.96), KNOWN)
    assert joined.score == pytest.approx((0.6 + 0.96 + 0.96) / 3)
    assert joined.columns == (0, 4, 8)


def test_the_surer_line_stands_as_it_is() -> None:
    ours = told("A030 78", sure=0.8)
    assert settle(ours, told("A03078", sure=0.7), KNOWN) is ours
