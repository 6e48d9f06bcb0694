"""The shipped model on pages of every shape: sound answers, never an exception."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml_server.document import Line, OCRPage, Word
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.layoutlm.engine import LayoutLMExtractor
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.errors import EngineUnavailable
from ml_server.geometry import box_to_polygon


@pytest.fixture(scope="module")
def engine() -> LayoutLMExtractor:
    return LayoutLMExtractor(ExtractorConfig(threads=2))


def word(text: str, left: float, top: float, width: float = 0, height: float = 14) -> Word:
    return Word(text, 0.9, box_to_polygon((left, top, left + (width or 8 * len(text)), top + height)))


def page(*lines: list[Word], width: int = 800, height: int = 1100) -> OCRPage:
    made = tuple(Line(" ".join(w.text for w in words), 0.9, words[0].bbox, tuple(words)) for words in lines)
    return OCRPage(made, width, height, "korean+english", "mock", "mock")


FORM = page(
    [word("INVOICE", 300, 40, 160, 30)],
    [word("Invoice", 60, 120), word("No:", 120, 120), word("KR-2026-0117", 240, 120)],
    [word("Date:", 60, 150), word("2026-11-21", 240, 150)],
    [word("Customer:", 60, 180), word("Hansung", 240, 180), word("Trading", 310, 180)],
    [word("담당자:", 60, 210), word("김민수", 240, 210)],
    [word("합계:", 60, 240), word("1,250,000원", 240, 240)],
)


def test_a_plain_form_gives_its_pairs(engine: LayoutLMExtractor) -> None:
    found = engine.extract([FORM])[0]
    pairs = {pair.key.rstrip(":"): pair.value for pair in found.key_values}
    right = {
        "Invoice No": "KR-2026-0117",
        "Date": "2026-11-21",
        "Customer": "Hansung Trading",
        "담당자": "김민수",
        "합계": "1,250,000원",
    }
    assert len(right.items() & pairs.items()) >= 4, pairs
    assert found.model_version
    assert found.ocr_engine == "mock"
    for pair in found.key_values:
        assert 0 < pair.confidence <= 1


def sound(given: OCRPage, found: object) -> None:
    """Every word is in exactly one entity, boxes lie on the page, relations point at entities."""
    from ml_server.key_value import KeyValuePage

    assert isinstance(found, KeyValuePage)
    words = [w for line in given.lines for w in line.words]
    assert sorted(id(w) for e in found.entities for w in e.words) == sorted(id(w) for w in words)
    for entity in found.entities:
        assert 0 <= entity.confidence <= 1
        assert entity.text
        for x, y in entity.bbox:
            assert 0 <= x <= given.width
            assert 0 <= y <= given.height
    for relation in found.relations:
        assert 0 <= relation.head < len(found.entities)
        assert 0 <= relation.tail < len(found.entities)
    tails = [relation.tail for relation in found.relations]
    assert len(tails) == len(set(tails))  # one head at most


def test_pages_of_every_shape(engine: LayoutLMExtractor) -> None:
    rng = np.random.default_rng(1)
    many = page(*[[word(f"w{i}", *rng.uniform(0, 780, 2)) for i in range(row, row + 5)] for row in range(0, 5000, 5)])
    sideways = page(*[[word(t, 40 + 20 * i, 900, 14, 80)] for i, t in enumerate(["Name:", "Kim", "Date:", "2026"])])
    outside = page([word("Total:", -500, -20), word("42", 90000, 1e6)])
    degenerate = page([Word("x", 0.0, ((5, 5), (5, 5), (5, 5), (5, 5))), Word("성명" * 400, 1.0, ((0, 0),) * 4)])
    shapes = [page(), page([word("Hello", 10, 10)]), many, sideways, outside, degenerate,
              page([word("a", 0, 0)], width=1, height=1)]  # fmt: skip
    found = engine.extract(shapes)
    for given, result in zip(shapes, found, strict=True):
        sound(given, result)
    assert found[0].entities == ()
    assert found[0].key_values == ()
    assert len(found[1].entities) == 1


def test_pages_do_not_depend_on_their_neighbours(engine: LayoutLMExtractor, monkeypatch: pytest.MonkeyPatch) -> None:
    # In half precision a batch's size decides which kernel rounds how; in single precision only a leak would show.
    monkeypatch.setattr(engine._predictor, "_dtype", None)
    alone = engine.extract([FORM])[0]
    others = page(*[[word(f"line{i}", 50, 10 * i) for _ in range(4)] for i in range(100)])
    together = engine.extract([others, FORM, page()])[1]
    assert [(e.label, e.text) for e in together.entities] == [(e.label, e.text) for e in alone.entities]
    assert [(r.head, r.tail) for r in together.relations] == [(r.head, r.tail) for r in alone.relations]
    assert [e.confidence for e in together.entities] == pytest.approx([e.confidence for e in alone.entities], abs=1e-3)


def test_an_entity_at_a_window_seam_is_whole(engine: LayoutLMExtractor) -> None:
    filler = [[word("Remarks:", 60, 10 + 2 * i, height=2), word(f"{i}", 300, 10 + 2 * i, height=2)] for i in range(300)]
    whole = page(*filler, height=700)
    tagged = engine.label_words(
        [([w.text for line in whole.lines for w in line.words],
          np.array([[*w.bbox[0], *w.bbox[2]] for line in whole.lines for w in line.words]), (800, 700))]
    )[0]  # fmt: skip
    assert len(tagged) == 600
    sound(whole, engine.extract([whole])[0])


def test_a_strangers_model_brings_its_own_labels_and_is_linked_by_geometry(tmp_path: Path) -> None:
    """A folder as transformers writes it, without anything of ours: BIOES invoice fields, word pieces of BERT."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    declare_missing_operators()
    from transformers import LayoutLMConfig, LayoutLMForTokenClassification

    torch.manual_seed(3)
    tags = ["O", "S-QUESTION", "S-ANSWER", "B-total", "E-total"]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "date", ":", "total", "4", "##2"]
    config = LayoutLMConfig(
        vocab_size=len(pieces), hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
        id2label=dict(enumerate(tags)), label2id={tag: i for i, tag in enumerate(tags)},
    )  # fmt: skip
    LayoutLMForTokenClassification(config).save_pretrained(tmp_path)
    tokenizer = Tokenizer(models.WordPiece(dict(zip(pieces, range(len(pieces)), strict=True)), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "README.md").write_text("---\nlicense: mit\nversion: '7'\n---\n# invoices\n")

    engine = LayoutLMExtractor(ExtractorConfig(model=str(tmp_path)))
    found = engine.extract([FORM])[0]
    sound(FORM, found)
    assert found.model_version == "7"
    assert {entity.label for entity in found.entities} <= {"OTHER", "QUESTION", "ANSWER", "total"}
    links = engine.link_entities(
        [(["Date:", "42"], np.array([[10, 10, 60, 20], [80, 10, 99, 20]]), (200, 100),
          [("QUESTION", (0,)), ("ANSWER", (1,))])]
    )  # fmt: skip
    assert [(head, tail) for head, tail, _ in links[0]] == [(0, 1)]


def test_what_is_no_model_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"config\.json"):
        LayoutLMExtractor(ExtractorConfig(model=str(tmp_path)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "layoutlm", "license": "mit"}))
    with pytest.raises(EngineUnavailable, match=r"tokenizer\.json"):
        LayoutLMExtractor(ExtractorConfig(model=str(tmp_path)))


def test_the_shipped_model_is_described_without_loading_it() -> None:
    info = LayoutLMExtractor.describe(ExtractorConfig())
    assert info.available, info.reason
    assert info.license == "apache-2.0"
    assert info.version
    assert set(info.languages) == {"korean", "english"}


def test_the_shipped_weights_are_small_and_standard() -> None:
    from ml_server.engines.layoutlm.model_source import SHIPPED

    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 40e6
    assert json.loads((SHIPPED / "config.json").read_text())["architectures"] == ["LayoutLMForTokenClassification"]
