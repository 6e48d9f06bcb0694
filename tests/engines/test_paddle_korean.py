"""The Korean recogniser that comes with the package, alone and with PP-OCRv6's beside it, on real weights."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from drawn_lines import drawn, korean_font
from PIL import Image
from rapidfuzz.distance import Levenshtein

from ml_server.document import OCRPage, Page
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.paddle_engine import PaddleEngine
from ml_server.engines.paddle_models import known
from ml_server.engines.paddle_reads import Read
from ml_server.engines.paddle_second import settle
from ml_server.geometry import polygon_to_box
from ml_server.languages import parse
from ml_server.training.ocr_metrics import score_words
from ml_server.training.ocr_truth import read_truth
from ml_server.training.recognition import alphabet

KOREAN = parse("korean")
LINES = (
    "대한민국 서울특별시 중구",
    "사업자등록번호 123-45-67890",
    "합계 1,250,000원 (VAT 포함)",
    "Invoice No. 2026-0417",
)
MARKED = (
    "3 / 4", "25 ~ 30", "₩ 55,000", "₩ 1,200 / ₩ 3,400", "□ Yes ■ No", "○ PDF", "⑪ 25 kg", "※ A4 210×297",
    "02-123-4567 / 010-1234-5678", "2024. 1. 15. ~ 2024. 12. 31.", "A / B / C", "25℃ ~ 30℃",
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> PaddleEngine:
    return PaddleEngine(EngineConfig(KOREAN, threads=2))


def read(engine: PaddleEngine, page: Page) -> OCRPage:
    (result,) = engine.read([page], ReadOptions(parse("korean+english")))
    return result


def test_korean_is_read_by_the_recogniser_that_comes_with_the_package(engine: PaddleEngine) -> None:
    result = read(engine, drawn(LINES, korean_font(36)))
    assert tuple(line.text for line in result.lines) == LINES
    assert result.model_version.startswith("korean_PP-OCRv6_small_rec 1.")
    assert [word.text for word in result.lines[0].words] == LINES[0].split()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_korean_pages_read_right_where_the_ink_is(engine: PaddleEngine, turns: int) -> None:
    upright = drawn(LINES, korean_font(36))
    turned = Page(np.ascontiguousarray(np.rot90(upright.pixels, turns)))
    result = read(engine, turned)
    assert tuple(line.text for line in result.lines) == LINES
    for line in result.lines:
        left, top, right, bottom = (int(value) for value in polygon_to_box(line.bbox))
        assert (turned.pixels[top:bottom, left:right] < 128).any()


def test_a_korean_line_that_is_upside_down_among_upright_ones_is_turned(engine: PaddleEngine) -> None:
    pixels = drawn(LINES, korean_font(36)).pixels.copy()
    pixels[165:230] = pixels[165:230][::-1, ::-1]
    assert tuple(line.text for line in read(engine, Page(pixels)).lines) == LINES


def test_syllables_that_are_printed_are_read(engine: PaddleEngine) -> None:
    common = alphabet.common_syllables()[::8]
    lines = tuple("".join(common[at : at + 14]) for at in range(0, len(common), 14))
    found = read(engine, drawn(lines, korean_font(36))).lines
    assert len(found) == len(lines)
    wrong = sum(Levenshtein.distance(line, other.text) for line, other in zip(lines, found, strict=True))
    assert wrong <= 0.03 * len(common)


def test_hanja_is_read(engine: PaddleEngine) -> None:
    lines = ("大韓民國", "印鑑證明書", "國立中央圖書館")
    assert tuple(line.text for line in read(engine, drawn(lines, korean_font(36))).lines) == lines


def test_the_second_reading_takes_no_mark_and_no_space_away(engine: PaddleEngine) -> None:
    model, first = engine._recogniser(KOREAN)
    second = engine._second_opinion(model)
    page = drawn(MARKED, korean_font(36))
    crops = engine._detect(np.ascontiguousarray(page.pixels[:, :, ::-1]))
    others = engine._recognise(crops, second)
    lost = 0
    for ours, other in zip(engine._recognise(crops, first), others, strict=True):
        joined = settle(ours, other, known(second))
        assert not marks(ours) - marks(joined), f"{''.join(ours.characters)} became {''.join(joined.characters)}"
        lost += (marks(ours) - marks(other)).total()
    assert lost, "nothing was at stake"


def marks(read: Read) -> Counter[str]:
    """Spaces and what is neither letter nor digit."""
    return Counter(character for character in read.characters if not character.isalpha() and not character.isdecimal())


@pytest.mark.parametrize(("folder", "least"), [("korean_pages", 0.93), ("sroie", 0.85)])
def test_real_pages(engine: PaddleEngine, data: Path, folder: str, least: float) -> None:
    page = min(read_truth(data / folder)[:8], key=lambda page: len(page.words))
    with Image.open(page.image) as image:
        result = read(engine, Page(np.asarray(image.convert("RGB"))))
    text = "\n".join(line.text for line in result.lines if line.confidence >= 0.5)
    assert score_words([(" ".join(page.words), text)]).f1 >= least
