"""Boxes, turns and reading order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ml_server.document import Polygon
from ml_server.geometry import (
    along,
    box_to_polygon,
    clamp,
    make_line,
    order_corners,
    polygon_to_box,
    reading_order,
    unrotate,
)

BOX: Polygon = ((10.0, 20.0), (50.0, 20.0), (50.0, 30.0), (10.0, 30.0))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_corners_come_clockwise_from_the_top_left_however_they_go_in(order: tuple[int, ...]) -> None:
    assert order_corners(BOX[i] for i in order) == BOX


def test_a_tilted_quad_keeps_its_shape() -> None:
    tilted = ((10.0, 12.0), (90.0, 2.0), (92.0, 20.0), (12.0, 30.0))
    assert order_corners(reversed(tilted)) == tilted
    with pytest.raises(ValueError, match="4 corners"):
        order_corners(tilted[:3])


@pytest.mark.parametrize("turns", range(-1, 6))
def test_unrotate_undoes_rot90(turns: int) -> None:
    page = np.zeros((100, 160), dtype=np.uint8)
    page[20:30, 10:50] = 1
    turned = np.rot90(page, turns)
    ys, xs = np.nonzero(turned)
    found = box_to_polygon((float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)))
    assert unrotate(found, turns, 160, 100) == BOX


def test_boxes_and_polygons() -> None:
    assert polygon_to_box(BOX) == (10, 20, 50, 30)
    assert box_to_polygon((10, 20, 50, 30)) == BOX
    assert clamp(((-5.0, 1.26), (70.0, 0.0), (70.0, 44.0), (0.0, 40.0)), 60, 40) == (
        (0.0, 1.3),
        (60.0, 0.0),
        (60.0, 40.0),
        (0.0, 40.0),
    )


def test_along_follows_the_text_not_the_page() -> None:
    assert polygon_to_box(along(BOX, 0.25, 0.5)) == (20, 20, 30, 30)
    upside_down = (BOX[2], BOX[3], BOX[0], BOX[1])
    assert polygon_to_box(along(upside_down, 0.25, 0.5)) == (30, 20, 40, 30)


def test_rows_are_read_across() -> None:
    boxes = {
        "total": (300, 102, 400, 120),
        "label": (10, 100, 90, 121),
        "title": (10, 10, 200, 40),
        "next": (10, 130, 90, 150),
    }
    assert reading_order(list(boxes), [tuple(map(float, box)) for box in boxes.values()]) == [  # type: ignore[misc]
        "title",
        "label",
        "total",
        "next",
    ]


def test_columns_are_read_down_where_no_band_divides_them() -> None:
    left = [(10.0, 10.0 + 40 * i, 90.0, 45.0 + 40 * i) for i in range(4)]
    right = [(200.0, 30.0 + 40 * i, 290.0, 65.0 + 40 * i) for i in range(4)]
    boxes = [box for pair in zip(left, right, strict=True) for box in pair]
    assert reading_order(boxes, boxes) == left + right


def test_a_line_has_words() -> None:
    with pytest.raises(ValueError, match="at least one word"):
        make_line([], 1.0, BOX)
