"""From CTC columns to words; cropping."""

from __future__ import annotations

import numpy as np
import pytest

from ml_server.engines.ctc import Crop, cut, words
from ml_server.geometry import polygon_to_box

CROP = Crop(np.zeros((10, 100, 3), dtype=np.uint8), ((0.0, 0.0), (100.0, 0.0), (100.0, 10.0), (0.0, 10.0)))


def test_words_end_where_their_characters_do() -> None:
    found = words(list("ab cd"), [10, 20, 40, 60, 70], 100, CROP, 0.5)
    assert [word.text for word in found] == ["ab", "cd"]
    first, second = (polygon_to_box(word.bbox) for word in found)
    assert first == pytest.approx((0.0, 0.0, 25.5, 10.0))
    assert second == pytest.approx((55.5, 0.0, 100.0, 10.0))


def test_words_never_overlap() -> None:
    found = words(list("a b"), [50, 51, 52], 100, CROP, 0.5)
    first, second = (polygon_to_box(word.bbox) for word in found)
    assert first[2] == second[0]


@pytest.mark.parametrize("text", ["", " ", "   "])
def test_nothing_but_spaces_is_no_word(text: str) -> None:
    assert words(list(text), list(range(len(text))), 10, CROP, 0.5) == []


def test_a_tall_line_is_set_upright_and_keeps_its_place() -> None:
    image = np.zeros((200, 100, 3), dtype=np.uint8)
    image[20:60, 40:60] = 255  # the end of the text, if it is read upwards; its start, if downwards
    crop = cut(image, np.array([[40, 20], [60, 20], [60, 180], [40, 180]], dtype=np.int16))
    assert crop is not None
    height, width = crop.pixels.shape[:2]
    assert width > height
    assert crop.pixels[:, : width // 5].mean() > 200
    assert crop.quad[0] == pytest.approx((60, 20), abs=1)
    assert crop.turned().quad[0] == pytest.approx((40, 180), abs=1)


def test_a_box_without_extent_is_left_out() -> None:
    image = np.zeros((50, 50, 3), dtype=np.uint8)
    assert cut(image, np.array([[5, 5]] * 4, dtype=np.int16)) is None
