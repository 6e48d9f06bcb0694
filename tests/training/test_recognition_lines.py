"""Lines for training a recogniser: repeatable, legible, and saying exactly what is drawn."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ml_server.training.recognition import __main__ as command
from ml_server.training.recognition import alphabet, print_marks
from ml_server.training.recognition.lines import HEIGHT, STRIDE, Lines, steps
from ml_server.training.recognition.render import Setting, random_setting, set_line
from ml_server.training.recognition.surroundings import cut_out
from ml_server.training.recognition.texts import LONGEST, Blend, text
from ml_server.training.recognition.typefaces import NoTypefaces, Typeface, choose, typefaces
from ml_server.training.recognition.wear import Look, legible, random_look, worn


@pytest.fixture
def faces() -> tuple[Typeface, ...]:
    try:
        return typefaces()
    except NoTypefaces as error:
        pytest.skip(str(error))


def plain(face: Typeface, size: int = 40, tracking: float = 0.0, space: float = 1.0) -> Setting:
    return Setting(face, None, frozenset(), size, tracking, space, columns=0.0, bold=False)


def test_alphabet_has_all_syllables_and_every_mark_of_korean_documents_once() -> None:
    known = alphabet.characters()
    assert len(set(known)) == len(known)
    assert known[-1] == " "
    assert sum("가" <= mark <= "힣" for mark in known) == 11172
    assert set(known) >= set(".,()[]·※₩%①⑳㎡㎏℃±×÷→←↑↓■□▲△●○◎★☆◆◇♣♥♠「」『』〈〉《》【】…–—‘’“”ㄱㅣⅠⅫαΩ年月日金")
    assert len(alphabet.common_syllables()) == 2350


def test_no_look_alike_is_itself_a_character_of_the_alphabet() -> None:
    drawn = [other for mark in alphabet.characters() for other in alphabet.look_alikes(mark)]
    assert len(drawn) > 20
    assert not alphabet.known() & set(drawn)
    assert alphabet.known().issuperset(alphabet.folded("".join(drawn)))


@pytest.mark.parametrize(
    ("drawn", "read"), [("가ㆍ나", "가·나"), (" ３～４\u3000원 ", "3~4 원"), ("\u1112\u1161\u11ab", "한"), ("₩", "₩")]
)
def test_folding_writes_what_a_reader_would(drawn: str, read: str) -> None:
    assert alphabet.folded(drawn) == read


def test_texts_stay_inside_alphabet_and_length_and_follow_the_seed() -> None:
    made = [text(random.Random(seed), Blend()) for seed in range(1500)]
    assert made == [text(random.Random(seed), Blend()) for seed in range(1500)]
    for drawn in made:
        assert 1 <= len(drawn) <= LONGEST
        assert alphabet.known().issuperset(alphabet.folded(drawn))
        assert drawn == drawn.strip()
        assert "  " not in drawn
    assert len(set(made)) > 1200


def test_blend_rules_how_much_is_english() -> None:
    def latin(blend: Blend) -> float:
        made = [text(random.Random(seed), blend) for seed in range(600)]
        return sum(not any(mark > "\u2e80" for mark in drawn) for drawn in made) / len(made)

    assert latin(Blend(english=1, mixed=0)) > 0.97
    assert 0.35 < latin(Blend(english=0.35, mixed=0.1)) < 0.6
    assert latin(Blend(english=0, mixed=0)) < 0.25


def test_rare_syllables_are_as_likely_as_one_another() -> None:
    seen = {mark for seed in range(12000) for mark in text(random.Random(seed), Blend()) if "가" <= mark <= "힣"}
    rare = seen - set(alphabet.common_syllables())
    # Of 8,822 that few dictionaries have, in 12,000 lines.
    assert len(rare) > 2000
    assert max(rare) > "힐"
    assert min(rare) < "갛"


def test_a_chosen_face_has_every_glyph(faces: tuple[Typeface, ...]) -> None:
    rng = random.Random(1)
    partial = [face for face in faces if face.writes("가나다") and not face.writes("뷁쀍")]
    for _ in range(40):
        face = choose(rng, "뷁쀍 ①㎡", korean=True)
        assert face is not None
        assert face.writes("뷁쀍 ①㎡")
        assert face not in partial
    assert choose(rng, "ꙮ\U0001f600", korean=True) is None


def test_a_space_is_wider_than_any_gap_between_letters(faces: tuple[Typeface, ...]) -> None:
    face = choose(random.Random(0), "문서번호", korean=True)
    assert face is not None
    for tracking, space in ((-0.08, 0.6), (0.0, 0.6), (0.2, 1.0)):
        mask = set_line(random.Random(0), "문서 번호", plain(face, 40, tracking, space)).mask
        inked = np.flatnonzero(np.asarray(mask).max(axis=0) > 60)
        gaps = np.diff(inked)
        at = int(gaps.argmax())
        # It is the one in the middle, and no other is nearly as wide.
        assert 0.3 < at / len(gaps) < 0.7
        assert gaps[at] > np.sort(gaps)[-2] + 3


def test_symbols_that_a_font_lacks_come_from_another(faces: tuple[Typeface, ...]) -> None:
    settings = [random_setting(random.Random(seed), "뷁 ▪㎖") for seed in range(60)]
    two = [setting for setting in settings if setting is not None and setting.others]
    assert len(two) > 3
    for setting in two:
        assert setting.other is not None
        assert setting.other.writes("".join(setting.others))
        assert setting.face.writes("".join(mark for mark in "뷁 ▪㎖" if mark not in setting.others))


def test_lines_depend_on_seed_and_index_alone(faces: tuple[Typeface, ...]) -> None:
    forward = list(islice(Lines(5).stream(), 6))
    for index in (5, 0, 3):
        again = Lines(5)[index]
        assert again.text == forward[index].text
        assert np.array_equal(again.pixels, forward[index].pixels)
    shared = list(islice(Lines(5).stream(1, 2), 3))
    assert [line.text for line in shared] == [forward[at].text for at in (1, 3, 5)]
    assert [line.text for line in islice(Lines(6).stream(), 6)] != [line.text for line in forward]
    with pytest.raises(IndexError):
        Lines(5)[-1]


def test_lines_are_as_the_recogniser_takes_them(faces: tuple[Typeface, ...]) -> None:
    for line in islice(Lines(2, widest=640).stream(), 120):
        height, width, channels = line.pixels.shape
        assert (height, channels) == (HEIGHT, 3)
        assert line.pixels.dtype == np.uint8
        assert STRIDE * steps(line.text) <= width <= 640
        assert alphabet.folded(line.text) == line.text
        assert int(line.pixels.max()) - int(line.pixels.min()) > 20


@pytest.mark.parametrize(("said", "looks"), [("", 0), ("가", 1), ("가나", 2), ("11", 3), ("aab11", 7)])
def test_equal_neighbours_take_one_look_more(said: str, looks: int) -> None:
    assert steps(said) == looks


def test_unworn_lines_are_dark_on_white(faces: tuple[Typeface, ...]) -> None:
    for line in islice(Lines(3, worn=0).stream(), 20):
        assert line.pixels.max() >= 250
        assert np.array_equal(line.pixels[..., 0], line.pixels[..., 2])


def test_a_cut_holds_the_whole_line(faces: tuple[Typeface, ...]) -> None:
    rng = random.Random(4)
    for _ in range(60):
        drawn = text(rng, Blend())
        setting = random_setting(rng, drawn)
        if setting is None:
            continue
        ink = set_line(rng, drawn, setting)
        all_ink = float(np.asarray(ink.mask, np.float32).sum()) / (ink.box[2] - ink.box[0])
        cut = np.asarray(cut_out(rng, ink, setting), np.float32)
        assert cut.sum() / (ink.box[2] - ink.box[0]) > 0.7 * all_ink


@pytest.mark.parametrize("marks", ["full", "dots", "thermal", "rough"])
def test_every_way_of_printing_leaves_the_line_legible(faces: tuple[Typeface, ...], marks: str) -> None:
    face = choose(random.Random(0), "신청서 ABC 123", korean=True)
    assert face is not None
    setting = plain(face)
    mask = cut_out(random.Random(0), set_line(random.Random(0), "신청서 ABC 123", setting), setting)
    picture = worn(mask, Look((0, 0, 0), (255, 255, 255), marks), np.random.default_rng(0))
    assert picture.size == mask.size
    assert legible(mask, picture)
    assert not legible(mask, Image.new("L", mask.size, 200))


def test_unknown_way_of_printing_is_refused() -> None:
    with pytest.raises(ValueError, match="woodcut"):
        print_marks.printed(Image.new("L", (8, 8)), "woodcut", np.random.default_rng(0))


def test_looks_vary_in_colour_and_in_wear() -> None:
    looks = [random_look(random.Random(seed), 40) for seed in range(300)]
    assert {look.marks for look in looks} == {"full", "dots", "thermal", "rough"}
    inverse = sum(sum(look.ink) > sum(look.paper) for look in looks)
    assert 10 < inverse < 90
    assert sum(look.jpeg > 0 for look in looks) > 100
    assert sum(len(set(look.paper)) > 1 for look in looks) > 30


def test_command_writes_lines_and_a_sheet(faces: tuple[Typeface, ...], tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command.main)
    done = CliRunner().invoke(app, [str(tmp_path / "out"), "--number", "7", "--seed", "9"])
    assert done.exit_code == 0, done.output
    listed = [json.loads(row) for row in (tmp_path / "out" / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in listed] == [line.text for line in islice(Lines(9).stream(), 7)]
    with Image.open(tmp_path / "out" / listed[6]["image"]) as last, Image.open(tmp_path / "out" / "sheet.png") as sheet:
        assert last.height == HEIGHT
        assert sheet.width > 1000
