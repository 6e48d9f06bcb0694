"""Pages that benchmarks make, and how the answers to them are told apart."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image

from benchmarks.corpus import numbered, pdf, scan
from benchmarks.summary import Answer
from ml_server import languages
from ml_server.decode import DecodeLimits, decode_pages
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.mock_engine import MockEngine
from ml_server.settings import Settings

ENGLISH = languages.parse("english")


def mock_text(data: bytes) -> str:
    page = decode_pages(data, 0, 1, DecodeLimits.from_settings(Settings()))
    return MockEngine(EngineConfig(ENGLISH)).read(page, ReadOptions(ENGLISH))[0].text


def test_the_mock_engine_s_answer_to_a_numbered_page_is_known_and_no_other_page_s() -> None:
    first, second = numbered(1, "mock"), numbered(2, "mock")
    answer = Answer("200", ok=True, text=mock_text(first.data))

    assert first.judged(answer).right is True
    assert second.judged(answer).right is False


@pytest.mark.parametrize(("text", "right"), [("PAGE 000042", True), ("PAGE OOO042", True), ("PAGE 000043", False)])
def test_a_real_engine_must_read_the_number(text: str, right: bool) -> None:
    assert numbered(42, "tesseract").judged(Answer("200", ok=True, text=text)).right is right


def test_a_refusal_is_neither_right_nor_wrong() -> None:
    assert numbered(1, "mock").judged(Answer("429", ok=False)).right is None


def test_the_scan_has_the_size_asked_for() -> None:
    data = scan(2**20)

    assert len(data) == pytest.approx(2**20, rel=0.1)
    with Image.open(io.BytesIO(data)) as page:
        assert page.size == (1654, 2339)


def test_a_document_has_every_page() -> None:
    document = pypdfium2.PdfDocument(pdf([numbered(number, "mock").data for number in range(5)]))

    assert len(document) == 5
    document.close()
