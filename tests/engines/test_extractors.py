"""Which extractors there are, and the one for protocol tests."""

from __future__ import annotations

import pytest

from ml_server.document import OCRPage, Word
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import KIND, ExtractorFactory
from ml_server.engines.factory import OCREngineFactory
from ml_server.errors import UnknownEngine
from ml_server.geometry import box_to_polygon, make_line


def page(*texts: str, confidence: float = 0.5) -> OCRPage:
    """A line for each text; words are 10 pixels wide, lines 10 pixels high."""
    lines = []
    for row, text in enumerate(texts):
        words = [
            Word(part, 0.9, box_to_polygon((10 * column, 10 * row, 10 * column + 10, 10 * row + 10)))
            for column, part in enumerate(text.split())
        ]
        lines.append(make_line(words, confidence, box_to_polygon((0, 10 * row, 10 * len(words), 10 * row + 10))))
    return OCRPage(tuple(lines), 300, 200, "korean", "some engine", "some engine 3", number=4)


def test_colons_part_questions_from_answers() -> None:
    sent = page("세금 계산서", "공급 가액: 12,000 원", "free text at 10:30", "비고:")
    (found,) = ExtractorFactory.create("mock", ExtractorConfig()).extract([sent])
    assert [(entity.label, entity.text) for entity in found.entities] == [
        ("HEADER", "세금 계산서"),
        ("QUESTION", "공급 가액:"),
        ("ANSWER", "12,000 원"),
        ("OTHER", "free text at 10:30"),
        ("QUESTION", "비고:"),
    ]
    assert [(link.head, link.tail) for link in found.relations] == [(1, 2), (0, 1), (0, 4)]
    (pair,) = found.key_values
    assert (pair.key, pair.value, pair.confidence) == ("공급 가액:", "12,000 원", 0.5**3)
    assert pair.key_bbox == found.entities[1].bbox == box_to_polygon((0, 10, 20, 20))
    assert pair.value_bbox == found.entities[2].bbox == box_to_polygon((20, 10, 40, 20))
    assert [word for entity in found.entities for word in entity.words] == [
        word for line in sent.lines for word in line.words
    ]
    assert (found.number, found.width, found.height, found.language) == (4, 300, 200, "korean")
    assert (found.ocr_engine, found.ocr_model_version, found.model_version) == (
        "some engine",
        "some engine 3",
        "mock 1",
    )


def test_a_blank_page_has_nothing_and_each_page_its_own_result() -> None:
    blank, other = ExtractorFactory.create("mock", ExtractorConfig()).extract([page(), page("a: b")])
    assert (blank.entities, blank.relations, blank.key_values) == ((), (), ())
    assert [pair.value for pair in other.key_values] == ["b"]


def test_the_mock_says_what_it_is_for() -> None:
    info = ExtractorFactory.describe("mock", ExtractorConfig())
    assert (info.name, info.available, info.kind) == ("mock", True, KIND)
    assert "protocol tests only" in info.weights


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownEngine, match="known: layoutlm, mock"):
        ExtractorFactory.create("magic", ExtractorConfig())


def test_an_extractor_is_no_ocr_engine() -> None:
    with pytest.raises(UnknownEngine, match=r"layoutlm is no OCR engine: .*extract_key_values.*auto, paddle") as caught:
        OCREngineFactory.engine_class("layoutlm")
    assert caught.value.field == "engine"
    assert OCREngineFactory.engine_class("mock").name == "mock"
