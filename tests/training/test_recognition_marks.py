"""Marks and Hanja of Korean documents: in the dictionary, in the lines of the second round, and read when printed."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from ml_server.engines import paddle_weights
from ml_server.training.recognition import alphabet, recall
from ml_server.training.recognition.hanja import balanced_hanja
from ml_server.training.recognition.marks import marks
from ml_server.training.recognition.rounds import ROUNDS
from ml_server.training.recognition.texts import text
from ml_server.training.recognition.typefaces import NoTypefaces, Typeface
from ml_server.training.synthetic.values_source import Source

NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
LETTERS = "㉠㉡㉢㉣㉤㉥㉦㉧㉨㉩㉪㉫㉬㉭"
IN_BRACKETS = "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂"
# What Korean forms, statutes, receipts and labels are full of.
ASKED = f"※·㎡☑☐☒✔₩「」『』→○□■●㈜㎉㎘㎏㎥±℃〈〉《》【】△▲◎★☆▶{NUMBERS}{LETTERS}{IN_BRACKETS}"


# Of these, what the weights in the package do not tell from their like: □ < > V.
CONFUSED = "☐〈〉✔"


def drawn(count: int = 2000) -> list[str]:
    return [marks(Source(random.Random(seed), "korean")) for seed in range(count)]


@pytest.mark.parametrize(
    "mark", ["、", "。", "〃", "ⓐ", "ⓩ", "㈎", "㈔", "㏊", "㎸", "㎃", "㎛", "⊙", "❶", "❿", *ASKED]
)
def test_the_mark_is_in_the_dictionary_and_nothing_else_is_written_for_it(mark: str) -> None:
    assert mark in alphabet.symbols()
    assert alphabet.folded(mark) == mark


@pytest.mark.parametrize(("printed", "read"), [("►", "▶"), ("➔", "→"), ("✗", "✘"), ("￡", "£"), ("１２", "12")])
def test_what_no_reader_tells_apart_is_one_character(printed: str, read: str) -> None:
    assert alphabet.folded(printed) == read


def test_marks_that_documents_are_full_of_come_up_often_and_all_others_too() -> None:
    seen = Counter("".join(drawn()))
    least = min(seen[mark] for mark in NUMBERS + LETTERS + IN_BRACKETS + "☐☑☒✔㎡㎉㎘㈜₩")
    # The second round draws some 4,500 of these lines.
    assert least >= 15
    assert sum(seen[mark] > 0 for mark in alphabet.symbols()) > 0.97 * len(alphabet.symbols())


def test_marks_stand_where_documents_have_them_and_mostly_beside_a_space() -> None:
    made = drawn(4000)
    places = [at for line in made for at in pairwise(f" {line}") if at[1] in NUMBERS]
    assert sum(before == " " for before, _ in places) > 0.6 * len(places)
    after = [at for line in made for at in pairwise(f"{line} ") if at[0] in NUMBERS]
    assert 0.4 < sum(behind == " " for _, behind in after) / len(after) < 0.9
    assert any("☑ 동의함 ☒ 동의하지 않음" in line for line in made)
    assert any(f"「{word}기본법」" in line for line in made for word in [line.split("「")[-1].split("기본법")[0]])


def test_every_hanja_is_replayed_beside_words_that_there_are() -> None:
    made = [balanced_hanja(Source(random.Random(seed), "korean")) for seed in range(3000)]
    seen = Counter(mark for line in made for mark in line if mark in set(alphabet.hanja()))
    assert sum(mark in seen for mark in alphabet.hanja()) > 0.97 * len(alphabet.hanja())
    assert max(Counter(mark for mark in seen.elements()).values()) < 0.05 * seen.total()
    for word in ("大韓民國", "株式會社", "代表理事"):
        assert any(word in line for line in made)
    assert any(re.search(r"[가-힣]\([一-龥]+\)", line) for line in made)
    assert all(alphabet.known().issuperset(alphabet.folded(line)) for line in made)


def test_the_second_round_adds_marks_and_hanja_and_keeps_the_rest() -> None:
    first, second = ([text(random.Random(seed), each.blend) for seed in range(1500)] for each in ROUNDS[:2])

    def share(lines: list[str], some: str) -> float:
        return sum(any(mark in some for mark in line) for line in lines) / len(lines)

    hanja = "".join(alphabet.hanja())
    assert (
        share(second, NUMBERS + LETTERS + IN_BRACKETS) > 0.08 > 3 * share(first, LETTERS + IN_BRACKETS + NUMBERS[12:])
    )
    assert share(second, hanja) > 0.08 > 0.04 > share(first, hanja)
    assert sum(line.isascii() for line in second) > 0.15 * len(second)


@pytest.fixture(scope="module")
def faces() -> dict[str, Typeface]:
    try:
        return {Path(face.path).stem: face for face in recall.faces()}
    except NoTypefaces as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["NanumGothic", "UnBatang"])
def test_the_shipped_weights_read_these_marks_when_they_are_printed(faces: dict[str, Typeface], name: str) -> None:
    if name not in faces:
        pytest.skip(f"no {name} on this machine")
    shares, whole = recall.marks_read(
        recall.Reader(paddle_weights.SHIPPED), [mark for mark in ASKED if mark not in CONFUSED], [faces[name]]
    )
    assert not [mark for mark, share in shares.items() if share.right == 0]
    assert sum(share.right for share in shares.values()) >= 0.95 * sum(share.count for share in shares.values())
    assert whole.right > 0.75 * whole.count
