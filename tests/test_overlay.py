"""The drawing that people look at: boxes where the lines are, letters where there is text, or a warning."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFont

from ml_server import fonts
from ml_server.document import Block, Line, OCRPage, Page, Polygon, Word
from ml_server.geometry import box_to_polygon, order_corners
from ml_server.overlay import BANDS, LAYOUT, draw

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
GREEN, AMBER, RED = (colour for _, colour, _ in BANDS)

needs_hangul = pytest.mark.skipif(fonts.hangul_font() is None, reason=f"no Korean font here: {fonts.INSTALL}")


def line(text: str, confidence: float, bbox: Polygon, *words: Polygon) -> Line:
    parts = tuple(Word(text, confidence, polygon) for polygon in words or (bbox,))
    return Line(text, confidence, bbox, parts)


def result(*lines: Line, width: int = 400, height: int = 300) -> OCRPage:
    return OCRPage(lines, width, height, "korean", "mock", "mock 1")


def blank(width: int = 400, height: int = 300) -> Page:
    return Page(np.full((height, width, 3), 255, dtype=np.uint8))


def pixels(image: Image.Image) -> npt.NDArray[np.int16]:
    return np.asarray(image).astype(np.int16)


def halves(image: Image.Image, page: Page) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """The page's part of the drawing and the text's, both cut to the page's size."""
    drawn = pixels(image)
    bar, gap = image.height - page.height, image.width - 2 * page.width
    return drawn[bar:, : page.width], drawn[bar:, page.width + gap :]


def dark(area: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Where letters are: darker than the outlines."""
    return np.asarray(area.max(axis=2) < 120)


@pytest.mark.parametrize(("confidence", "colour"), [(0.95, GREEN), (0.9, GREEN), (0.75, AMBER), (0.2, RED), (0.0, RED)])
def test_outline_runs_around_the_polygon_in_the_colour_of_its_confidence(
    confidence: float, colour: tuple[int, int, int]
) -> None:
    page = blank()
    left, _ = halves(draw(page, result(line("abc", confidence, box_to_polygon((50, 40, 200, 80))))), page)
    painted = np.argwhere((left == colour).all(axis=2))
    assert painted.min(axis=0).tolist() == [39, 49]
    assert painted.max(axis=0).tolist() == [81, 201]
    assert (left[40:81, 50:201] == 255).all(), "the letters stay as they are, to the box's own sides"


def test_text_is_set_at_its_place_and_as_long_as_on_the_page() -> None:
    page = blank()
    _, right = halves(draw(page, result(line("Invoice 4417", 0.9, box_to_polygon((60, 100, 300, 150))))), page)
    where = np.argwhere(dark(right))
    top, start = where.min(axis=0)
    bottom, end = where.max(axis=0)
    assert 60 <= start <= 80
    assert 270 <= end <= 300
    assert 95 <= top < bottom <= 155


def test_parts_of_a_line_with_much_white_between_them_are_set_where_they_stand() -> None:
    page = blank()
    words = (box_to_polygon((20, 100, 80, 120)), box_to_polygon((300, 100, 360, 120)))
    both = Line("Total 12.50", 0.9, box_to_polygon((20, 100, 360, 120)), (
        Word("Total", 0.9, words[0]), Word("12.50", 0.9, words[1]),
    ))  # fmt: skip
    _, right = halves(draw(page, result(both)), page)
    across = np.flatnonzero(dark(right).any(axis=0))
    assert not ((across > 90) & (across < 295)).any()
    assert (across < 90).sum() > 20
    assert (across > 295).sum() > 20


@pytest.mark.parametrize(
    ("first", "last"), [((0, 40, 40, 100), (0, 200, 40, 260)), ((0, 200, 40, 260), (0, 40, 40, 100))]
)
def test_tall_text_is_turned_the_way_its_words_run(
    first: tuple[float, float, float, float], last: tuple[float, float, float, float]
) -> None:
    page = blank()
    polygon = box_to_polygon((0, 40, 40, 260))
    tall = line("HHHHHHHHHHHI.....", 0.9, polygon, box_to_polygon(first), box_to_polygon(last))
    _, right = halves(draw(page, result(tall)), page)
    ink = dark(right)
    assert not ink[:, 60:].any()
    upper, lower = ink[40:150].sum(), ink[150:260].sum()
    # The capitals hold more ink than the full stops, so ink shows where the text starts.
    assert (upper > lower) == (first[1] < last[1])


@needs_hangul
def test_korean_is_written_with_its_own_letters() -> None:
    page = blank()
    polygon = box_to_polygon((50, 100, 250, 150))
    drawn = [halves(draw(page, result(line(text, 0.9, polygon))), page)[1] for text in ("가나다라", "거너더러")]
    assert dark(drawn[0]).any()
    assert (drawn[0] != drawn[1]).any(), "two words drawn alike are boxes for letters the font lacks"


@needs_hangul
def test_every_line_of_the_korean_sample_leaves_ink_in_its_box() -> None:
    truth = json.loads((SAMPLES / "invoice_korean.json").read_text(encoding="utf-8"))
    with Image.open(SAMPLES / truth["image"]) as image:
        page = Page(np.asarray(image.convert("RGB")))
    lines = [line(item["text"], 0.99, order_corners(item["bbox"])) for item in truth["lines"]]
    drawn = draw(page, result(*lines, width=page.width, height=page.height), max_side=10_000)
    _, right = halves(drawn, page)
    for item in truth["lines"]:
        (x0, y0), _, (x1, y1), _ = item["bbox"]
        assert dark(right[y0:y1, x0:x1]).any(), item["text"]


def test_a_font_without_the_letters_is_named_in_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "hangul_font", lambda: None)
    with caplog.at_level(logging.WARNING):
        image = draw(blank(), result(line("합계 Total", 0.9, box_to_polygon((10, 10, 200, 50)))))
    assert image.width > 800
    (record,) = caplog.records
    assert "no Korean font was found" in record.getMessage()
    assert fonts.INSTALL in record.getMessage()


def test_latin_text_needs_no_korean_font(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "hangul_font", lambda: None)
    with caplog.at_level(logging.WARNING):
        draw(blank(), result(line("Total £12", 0.9, box_to_polygon((10, 10, 200, 50)))))
    assert caplog.records == []


def test_large_pages_are_drawn_smaller_and_tiny_ones_do_not_break() -> None:
    polygon = box_to_polygon((0, 0, 3000, 100))
    big = draw(blank(4000, 1000), result(line("x", 0.9, polygon), width=4000, height=1000), max_side=800)
    assert 1600 <= big.width <= 1610
    assert 200 < big.height < 240
    assert draw(blank(1, 1), result(line("가", 0.9, box_to_polygon((0, 0, 1, 1))), width=1, height=1)).mode == "RGB"


def test_page_without_lines_is_drawn_as_it_is() -> None:
    page = Page(np.random.default_rng(7).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    left, right = halves(draw(page, result()), page)
    assert (left == page.pixels).all()
    assert (right == 255).all()


def test_fonts_are_found_by_name_below_the_folders_given(tmp_path: Path) -> None:
    assert fonts.hangul_font(places=(tmp_path,)) is None
    deep = tmp_path / "truetype" / "nanum"
    deep.mkdir(parents=True)
    (deep / "malgun.ttf").touch()
    assert fonts.hangul_font(places=(tmp_path,)) == fonts.FontFile(deep / "malgun.ttf")
    (deep / "NotoSansCJK-Regular.ttc").touch()
    assert fonts.hangul_font(places=(tmp_path,)) == fonts.FontFile(deep / "NotoSansCJK-Regular.ttc", 1)
    assert fonts.hangul_font(bold=True, places=(tmp_path,)) is None


@needs_hangul
def test_font_found_here_has_hangul() -> None:
    file = fonts.hangul_font()
    assert file is not None
    font = fonts.load(file, 24)
    assert isinstance(font, ImageFont.FreeTypeFont)
    assert bytes(font.getmask("한")) != bytes(font.getmask("\U0010ffff"))


def test_blocks_are_outlined_and_named_and_their_estimated_lines_are_not_outlined() -> None:
    box = box_to_polygon((100, 100, 300, 200))
    read = result(line("aaa", 1.0, box))
    blocks = (Block("Table", box, "aaa", "html"),)
    left, _ = halves(draw(blank(), replace(read, blocks=blocks)), blank())
    assert (left[150, 99] == LAYOUT).all()
    assert not (left == GREEN).all(axis=2).any()
    named = (left[80:100, 101:180] == LAYOUT).all(axis=2)
    assert named.sum() > 200  # the tag on its upper edge
    above = result(line("a line above the table", 1.0, box_to_polygon((60, 78, 390, 98))))
    left, _ = halves(draw(blank(), replace(above, blocks=blocks)), blank())
    assert not (left[79:97, 61:389] == LAYOUT).all(axis=2).any(), "the tag hides no text"
    assert (left[98:230] == LAYOUT).all(axis=2).sum() > 200 + 600, "and is there all the same"
    boxes_only = (Block("Table", box_to_polygon((100, 210, 300, 290))),)
    left, _ = halves(draw(blank(), replace(read, blocks=boxes_only)), blank())
    assert (left == GREEN).all(axis=2).any()  # the engine's own lines keep theirs
