"""What a model writes, good and bad → blocks, and blocks → lines."""

from __future__ import annotations

import json
import random

import pytest

from ml_server.document import Block
from ml_server.engines.vlm.answers import read_answer
from ml_server.engines.vlm.lines import lines_of
from ml_server.engines.vlm.pictures import fitting_size
from ml_server.engines.vlm.prompts import DOTS, GENERIC, PADDLE, Family, family_of
from ml_server.engines.vlm.reading import Frame, Reading
from ml_server.engines.vlm.repair import without_loop
from ml_server.engines.vlm.tables import html_rows, otsl_to_html
from ml_server.errors import EngineUnavailable
from ml_server.geometry import box_to_polygon

FRAME = Frame(500, 1000, 1000, 2000)
CELLS = [
    {"bbox": [10, 10, 100, 50], "category": "Title", "text": "# 영수증"},
    {"bbox": [10, 60, 100, 150], "category": "Text", "text": "합계 12,000"},
    {"bbox": [10, 160, 100, 250], "category": "Formula", "text": "\\frac{1}{2}"},
]
GOOD = json.dumps(CELLS, ensure_ascii=False)


def read(text: str, *, cut_off: bool = False) -> Reading:
    return read_answer(text, "cells", FRAME, cut_off=cut_off)


def texts(found: Reading) -> list[str]:
    return [block.text for block in found.blocks]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is the layout:\n{GOOD}",
        f"```json\n{GOOD}\n```\nI have left out the stamp.",
        json.dumps({"layout": CELLS}),
        GOOD.replace("bbox", "bbox_2d").replace("category", "label").replace("text", "content"),
    ],
)
def test_sound_answers_in_all_wrappings(text: str) -> None:
    found = read(text)
    assert texts(found) == ["# 영수증", "합계 12,000", "\\frac{1}{2}"]
    assert [block.format for block in found.blocks] == ["markdown", "markdown", "latex"]
    assert list(found.blocks[0].bbox) == [(20, 20), (200, 20), (200, 100), (20, 100)]
    assert (found.warnings, found.spoilt) == ((), False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("합계 12,000", '합계 "12,000"'), ["# 영수증", '합계 "12,000"', "\\frac{1}{2}"]),
        (GOOD.replace("},", "}"), ["# 영수증", "합계 12,000", "\\frac{1}{2}"]),
        ("\n".join(json.dumps(cell) for cell in CELLS), ["# 영수증", "합계 12,000", "\\frac{1}{2}"]),
        (GOOD.replace("\\\\frac", "\\frac").replace("},", "},,"), ["# 영수증", "합계 12,000", "\\frac{1}{2}"]),
    ],
)
def test_malformed_json_is_mended_and_said(text: str, expected: list[str]) -> None:
    found = read(text)
    assert texts(found) == expected
    assert found.spoilt
    assert "mended" in found.warnings[0]


def test_an_answer_cut_off_anywhere_keeps_every_whole_block() -> None:
    ends = [GOOD.index("}") + 1, GOOD.index("}", GOOD.index("}") + 1) + 1]
    for end in range(1, len(GOOD)):
        found = read(GOOD[:end], cut_off=True)
        whole = sum(end >= each for each in ends)
        assert texts(found)[:whole] == ["# 영수증", "합계 12,000"][:whole]
        assert "cut off" in found.warnings[0]
        assert not (whole and found.spoilt)  # another try would end at the same place


def test_no_answer_raises_or_leaves_the_page() -> None:
    rng = random.Random(7)
    for _ in range(400):
        damaged = "".join(rng.choice('[]{}",:0x') if rng.random() < 0.05 else char for char in GOOD)
        for block in read(damaged, cut_off=rng.random() < 0.5).blocks:
            assert all(0 <= x <= 1000 and 0 <= y <= 2000 for x, y in block.bbox)
        for line in lines_of(read(damaged).blocks):
            assert line.words
            assert all(0 <= x <= 1000 and 0 <= y <= 2000 for word in line.words for x, y in word.bbox)


@pytest.mark.parametrize(
    "box",
    [
        None,
        [1, 2, 3],
        [5, 5, 5, 9],
        [501, 10, 600, 20],
        "around there",
        [1, 2, 3, float("inf")],
        {"x": 1},
        [[1, 2], [3, 4]],
    ],
)
def test_text_without_a_valid_box_is_kept(box: object) -> None:
    found = read(json.dumps([{"bbox": box, "category": "Text", "text": "kept"}]))
    assert texts(found) == ["kept"]
    assert list(found.blocks[0].bbox) == [(0, 0), (1000, 0), (1000, 2000), (0, 2000)]
    assert "without a valid box" in found.warnings[0]


def test_boxes_may_be_text_and_those_that_leave_the_page_are_cut_and_said() -> None:
    (block,) = read(json.dumps([{"bbox": "[10.5, 10, 100.5, 50]", "category": "Text", "text": "kept"}])).blocks
    assert list(block.bbox) == [(21, 20), (201, 20), (201, 100), (21, 100)]
    assert read(json.dumps([{"bbox": [0, 0, 500, 1000], "text": "as large as the page"}])).warnings == ()
    pixels = read(json.dumps([{"bbox": [10, 10, 505, 1010], "text": "a"}, {"bbox": [10, 10, 900, 50], "text": "b"}]))
    assert list(pixels.blocks[1].bbox) == [(20, 20), (1000, 20), (1000, 100), (20, 100)]
    (said,) = pixels.warnings
    assert "beyond the page, which were cut at its edge: 1;" in said


@pytest.mark.parametrize("text", ["[" * 1500, "[" * 1500 + "]" * 1500, '{"a":' * 1500, "[{" * 900])
def test_brackets_without_end_are_text(text: str) -> None:
    for cut_off in (False, True):
        found = read(text, cut_off=cut_off)
        assert len(found.blocks) == 1
        assert "no layout in it" in found.warnings[-1]


@pytest.mark.parametrize(
    "text",
    [
        "합계 12,000 " * 100 + "가나 " * 6000 + "끝",
        "-" * 1900 + "x",
        "```\n" + "\n" * 30_000 + "x ``` y",
        "| -- " * 9000 + "x",
    ],
)
def test_long_answers_take_no_longer_than_they_are_long(text: str) -> None:
    for kind in ("markdown", "text", "cells", "spots"):
        for line in lines_of(read_answer(text, kind, FRAME, cut_off=False).blocks):
            assert line.words


def test_prose_instead_of_json_is_kept_as_a_block_of_the_page() -> None:
    found = read("I see a receipt: 합계 12,000")
    assert texts(found) == ["I see a receipt: 합계 12,000"]
    assert found.spoilt
    for nothing in ("", " \n", "[]", "{}"):
        assert read(nothing) == Reading(())


def test_loops_are_cut_and_said() -> None:
    dots = read(GOOD[:-2].replace("\\frac{1}{2}", "x") + "." * 3000, cut_off=True)
    assert len(texts(dots)[-1]) < 20
    assert "repeated itself" in dots.warnings[0]
    assert dots.spoilt
    closed = read(json.dumps([CELLS[0], {**CELLS[1], "text": "합계 " + ". " * 2000}]))
    assert texts(closed)[1].startswith("합계 .")
    assert len(texts(closed)[1]) < 20
    cells = read(json.dumps([CELLS[0], *({**CELLS[1], "bbox": [1, 1, 9, y]} for y in range(2, 90))]))
    assert texts(cells) == ["# 영수증", "합계 12,000"]
    assert "87" in cells.warnings[0]


@pytest.mark.parametrize("text", ["합계 ........................ 12,000", "<td></td>" * 40, "abc" * 100, "가나다라"])
def test_what_repeats_on_real_pages_is_no_loop(text: str) -> None:
    assert without_loop(text, cut_off=False) == text


def test_otsl_becomes_html_with_its_spans() -> None:
    found = otsl_to_html("<fcel>A<lcel><fcel>C<nl><fcel>1<fcel>2<ecel><nl><ucel><fcel>a & b<nl>")
    assert found == (
        '<table><tr><td colspan="2">A</td><td>C</td></tr>'
        '<tr><td rowspan="2">1</td><td>2</td><td></td></tr>'
        "<tr><td>a &amp; b</td><td></td></tr></table>"
    )
    assert html_rows(found) == [["A", "", "C"], ["1", "2", ""], ["", "a & b", ""]]
    assert otsl_to_html("no table") == "no table"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ('<tr><td rowspan="3">A</td><td>1</td></tr><tr><td>2</td></tr><tr><td>3', [["A", "1"], ["", "2"], ["", "3"]]),
        ("<tr><td>A<td rowspan=2>B<td>C</tr><tr><td>1<td>2</tr>", [["A", "B", "C"], ["1", "", "2"]]),
        ('<tr><td colspan="2" rowspan="2">A</td><td>1</td></tr><tr><td>2</td></tr>', [["A", "", "1"], ["", "", "2"]]),
        ('<tr><td colspan="999999999999">A</td><td colspan="x" rowspan="0">B</td></tr>', [["A", "B"]]),
        ("<thead><tr><th>A</th></tr></thead><tbody><tr><td>1<br/>2", [["A"], ["1 2"]]),
    ],
)
def test_columns_keep_their_place_under_cells_that_span(table: str, rows: list[list[str]]) -> None:
    assert html_rows(f"<table>{table}") == rows


def test_blocks_become_lines_from_top_to_bottom() -> None:
    box = box_to_polygon((100, 100, 300, 200))
    blocks = [
        Block("Text", box, "## **Total**\n\n| a | b |\n|:--|--:|\n| 1 | 2 |", "markdown"),
        Block("Table", box, "<table><tr><th>x</th><th>y<br>z</th></tr></table>after", "html"),
        Block("Picture", box),
        Block("Text", box, "one\ntwo", "text", 0.25),
    ]
    lines = lines_of(blocks)
    assert [line.text for line in lines] == ["Total", "a b", "1 2", "x y z", "after", "one", "two"]
    assert [line.confidence for line in lines] == [1.0] * 5 + [0.25] * 2
    assert [line.bbox[0][1] for line in lines[5:]] == [100, 150]
    assert [word.bbox[0][0] for word in lines[1].words] == [100, 200]


@pytest.mark.parametrize("size", [(1, 1), (10, 1000), (2480, 3508), (9000, 7000), (27, 29), (199, 1), (40, 8000)])
@pytest.mark.parametrize("family", [DOTS, PADDLE, GENERIC])
def test_pictures_keep_to_what_the_model_works_with(size: tuple[int, int], family: Family) -> None:
    width, height = fitting_size(*size, family, family.max_pixels)
    assert width % family.factor == height % family.factor == 0
    assert family.min_pixels <= width * height <= family.max_pixels
    assert max(width, height) <= 200 * min(width, height)
    # What is sent is left as it is by the model's own preprocessing, which does the same once more.
    assert fitting_size(width, height, family, family.max_pixels) == (width, height)


def test_families_are_told_by_name() -> None:
    for name in ("rednote-hilab/dots.ocr", "/models/DotsOCR", "dots.mocr"):
        assert family_of("auto", name) is DOTS
    assert family_of("auto", "model", "PaddlePaddle/PaddleOCR-VL-1.5") is PADDLE
    assert family_of("auto", "Qwen/Qwen3-VL-8B") is GENERIC
    assert family_of("dots.ocr", "model") is DOTS
    with pytest.raises(EngineUnavailable, match=r"known: auto, dots\.ocr, paddleocr-vl, generic"):
        family_of("dot")
