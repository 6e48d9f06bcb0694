"""The drawing of entities and relations: colours where the entities are, arrows between them, a legend that counts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ml_server import arrows
from ml_server.document import Entity, Page, Relation, Word
from ml_server.geometry import Box, box_to_polygon
from ml_server.key_value import KeyValuePage
from ml_server.key_value_overlay import ANSWERS, COLOURS, SPARE, colours, draw
from ml_server.overlay import Colour

WIDTH, HEIGHT = 1200, 1600
HEADER: Box = (400, 60, 800, 120)
QUESTION: Box = (100, 300, 300, 340)
ANSWER: Box = (700, 300, 1000, 340)


def entity(label: str, box: Box) -> Entity:
    return Entity(label, label.lower(), 0.9, box_to_polygon(box), (Word(label.lower(), 0.9, box_to_polygon(box)),))


def result(*entities: Entity, relations: tuple[Relation, ...] = ()) -> KeyValuePage:
    return KeyValuePage(entities, relations, (), WIDTH, HEIGHT, "korean", "mock", "mock 1", "mock 1")


def blank(width: int = WIDTH, height: int = HEIGHT) -> Page:
    return Page(np.full((height, width, 3), 255, dtype=np.uint8))


def page_part(image: Image.Image) -> npt.NDArray[np.int16]:
    """The drawing below the legend."""
    return np.asarray(image).astype(np.int16)[image.height - HEIGHT :]


def near(area: npt.NDArray[np.int16], colour: Colour) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(area - np.array(colour)) < 40).all(axis=2))


FORM = (entity("HEADER", HEADER), entity("QUESTION", QUESTION), entity("ANSWER", ANSWER))


@pytest.mark.parametrize("index", range(3))
def test_an_entity_is_outlined_in_the_colour_of_its_label(index: int) -> None:
    drawn = page_part(draw(blank(), result(*FORM)))
    left, top, right, bottom = (int(value) for value in (HEADER, QUESTION, ANSWER)[index])
    where = np.argwhere(near(drawn, COLOURS[FORM[index].label]))
    assert where.min(axis=0).tolist() == pytest.approx([top, left], abs=8)
    assert where.max(axis=0).tolist() == pytest.approx([bottom, right], abs=8)
    assert where.min(axis=0).tolist() < [top, left], "it lies around the letters, not on them"
    inside = drawn[top + 10 : bottom - 10, left + 10 : right - 10]
    assert inside.min() > 150, "what is written there stays readable"
    assert (inside != 255).any(), "and the box is tinted"


def test_an_arrow_runs_from_the_question_to_its_answer() -> None:
    without = page_part(draw(blank(), result(*FORM)))
    linked = page_part(draw(blank(), result(*FORM, relations=(Relation(1, 2, 0.9),))))
    assert not near(without, ANSWERS).any()
    red = near(linked, ANSWERS)
    ys, xs = np.nonzero(red)
    assert xs.min() == pytest.approx(QUESTION[2], abs=12)
    assert xs.max() == pytest.approx(ANSWER[0], abs=10)
    assert ys.min() > 290
    assert ys.max() < 350
    thickness = red.sum(axis=0)
    # The head is thicker than the line and lies at the answer.
    assert thickness[int(ANSWER[0]) - 25 : int(ANSWER[0])].max() > 1.8 * np.median(thickness[350:650])
    assert thickness[350:650].min() > 0


def test_a_headers_arrow_is_there_and_fainter() -> None:
    plain = page_part(draw(blank(), result(*FORM)))
    between = (slice(130, 290), slice(0, WIDTH))

    def changed(link: Relation) -> float:
        found = page_part(draw(blank(), result(*FORM, relations=(link,))))
        return float(np.abs(found - plain)[between].sum())

    header = changed(Relation(0, 1, 0.9))
    swapped = result(entity("QUESTION", HEADER), *FORM[1:], relations=(Relation(0, 1, 0.9),))
    question = float(
        np.abs(page_part(draw(blank(), swapped)) - page_part(draw(blank(), result(*swapped.entities))))[between].sum()
    )
    assert 0 < header < question / 2


def test_a_question_with_many_answers_lets_the_page_show_through() -> None:
    column = [entity("ANSWER", (700, 300 + 100 * row, 800, 340 + 100 * row)) for row in range(5)]
    links = tuple(Relation(0, 1 + row, 0.9) for row in range(5))
    few = page_part(draw(blank(), result(FORM[1], *column, relations=links[:2])))
    many = page_part(draw(blank(), result(FORM[1], *column, relations=links)))
    assert near(few, ANSWERS)[:, 350:650].sum() > 500
    assert near(many, ANSWERS)[:, 350:650].sum() < 50


def test_an_arrow_that_would_hide_text_lets_it_show_through() -> None:
    between = entity("OTHER", (450, 290, 550, 350))
    near_by = entity("ANSWER", (306, 300, 500, 340))
    clear = result(FORM[1], FORM[2], relations=(Relation(0, 1, 0.9),))
    assert near(page_part(draw(blank(), clear)), ANSWERS).sum() > 1000
    for form in ((FORM[1], FORM[2], between), (FORM[1], near_by)):
        drawn = page_part(draw(blank(), result(*form, relations=(Relation(0, 1, 0.9),))))
        assert not near(drawn, ANSWERS).any()
        plain = page_part(draw(blank(), result(*form)))
        assert (drawn != plain).any(), "it is there, fainter"


def test_the_legend_grows_with_what_there_is_to_say() -> None:
    full = draw(blank(), result(*FORM, entity("OTHER", (10, 900, 90, 940)), relations=(Relation(1, 2, 0.9),)))
    empty = draw(blank(), result())
    assert full.size[0] == empty.size[0] == WIDTH
    assert full.height > empty.height > HEIGHT, "a page without text has a line that says so"
    legend = np.asarray(full).astype(np.int16)[: full.height - HEIGHT]
    for colour in (*(COLOURS[label] for label in ("HEADER", "QUESTION", "ANSWER", "OTHER")), ANSWERS):
        assert near(legend, colour).sum() > 20


def test_labels_of_another_model_have_colours_of_their_own() -> None:
    found = colours(result(entity("TOTAL", ANSWER), entity("DATE", QUESTION), FORM[0]))
    assert list(found) == ["HEADER", "DATE", "TOTAL"]
    assert (found["DATE"], found["TOTAL"]) == SPARE[:2]
    drawn = page_part(draw(blank(), result(entity("TOTAL", ANSWER))))
    assert near(drawn, SPARE[0]).any()


@pytest.mark.parametrize(("size", "largest"), [((4000, 3000), 2400), ((300, 200), 600), ((1, 1), 2)])
def test_large_pages_are_drawn_smaller_and_small_ones_larger(size: tuple[int, int], largest: int) -> None:
    box = entity("ANSWER", (0, 0, size[0], size[1]))
    image = draw(blank(*size), result(box, box, relations=(Relation(0, 1, 0.5),)))
    assert image.mode == "RGB"
    assert image.width == largest


def test_boxes_outside_the_page_or_without_area_do_not_break_it() -> None:
    boxes: tuple[Box, ...] = ((-500, -10, -400, 5), (50, 50, 50, 50), (0, 0, 9e3, 9e3))
    odd = [entity("QUESTION", box) for box in boxes]
    links = tuple(Relation(a, b, 0.5) for a in range(3) for b in range(3))
    assert draw(blank(), result(*odd, relations=links)).width == WIDTH


@pytest.mark.parametrize(
    ("start", "end", "tail", "tip"),
    [
        ((0, 0, 10, 10), (100, 0, 110, 10), (10, 5), (100, 5)),
        ((100, 0, 110, 10), (0, 0, 10, 10), (100, 5), (10, 5)),
        ((0, 0, 10, 10), (0, 80, 10, 90), (5, 10), (5, 80)),
    ],
)
def test_arrows_join_the_nearest_sides(
    start: Box, end: Box, tail: tuple[float, float], tip: tuple[float, float]
) -> None:
    assert arrows.ends(start, end, 20) == (tail, tip)


@pytest.mark.parametrize("end", [(52, 0, 150, 20), (30, 0, 150, 20), (0, 0, 50, 20), (0, 20, 50, 40)])
def test_an_arrow_between_boxes_that_touch_is_long_enough_to_see(end: Box) -> None:
    tail, tip = arrows.ends((0, 0, 50, 20), end, 16)
    assert math.dist(tail, tip) >= 8
