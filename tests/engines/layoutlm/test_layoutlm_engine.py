"""The shipped model on pages of every shape: sound answers, never an exception."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ml_server.document import Line, OCRPage, Word
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.layoutlm.engine import LayoutLMExtractor
from ml_server.engines.layoutlm.upright import quarter_turns
from ml_server.engines.layoutlm.words import PageWords, TokenizedPage, Window
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.errors import EngineUnavailable
from ml_server.geometry import box_to_polygon, unrotate


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


ADDRESS = ("14", "Weaver", "Street", "Upper", "Northmoor", "England")
BLIND = 40
"""Pieces from a window's edge within which ``short_sighted`` sees nothing."""


def short_sighted(
    batch: Sequence[tuple[PageWords, TokenizedPage, Window]], labels: list[str], width: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """In place of the network: knows the words of ADDRESS, but not near a window's edge."""
    longest = max(window.stop - window.start for _, _, window in batch) + 2
    found = np.zeros((len(batch), longest, len(labels)), np.float32)
    found[..., labels.index("O")] = 1
    for row, (seen, cut, window) in enumerate(batch):
        for place in range(window.start, window.stop):
            text = seen.texts[cut.words[place]]
            cut_off = (window.start > 0 and place - window.start < BLIND) or (
                window.stop < len(cut.pieces) and window.stop - place <= BLIND
            )
            if text in ADDRESS and not cut_off:
                tag = "B-ANSWER" if text == ADDRESS[0] else "I-ANSWER"
                found[row, place - window.start + 1] = np.eye(len(labels))[labels.index(tag)]
    return found, np.zeros((len(batch), longest, width), np.float32)


def test_an_entity_at_a_window_seam_is_whole(engine: LayoutLMExtractor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands on the page: the first window ends at 510, the next begins at 382."""
    predictor = engine._predictor
    width = predictor.model.encoder.config.hidden_size
    monkeypatch.setattr(predictor, "_run", lambda batch: short_sighted(batch, predictor.labels, width))
    pages, begins = [], range(370, 516, 3)
    for before in begins:
        texts = ["a"] * before + list(ADDRESS) + ["a"] * (700 - before)
        row, column = np.divmod(np.arange(len(texts)) - before, 10)
        # Bricks two line heights apart, the address in one row: nothing joins or parts it for its place.
        left, top = 100 * column + 50 * (row % 2), 20 * (row + 52)
        pages.append((texts, np.stack([left, top, left + 80, top + 10], 1).astype(np.float64), (1050, 1800)))
    for before, tags in zip(begins, engine.label_words(pages), strict=True):
        answer = [(place, tag) for place, tag in enumerate(tags) if tag != "O"]
        assert [place for place, _ in answer] == list(range(before, before + len(ADDRESS))), before
        assert [tag for _, tag in answer] == ["B-ANSWER"] + ["I-ANSWER"] * 5, before


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_gives_the_pairs_of_the_upright_one(engine: LayoutLMExtractor, turns: int) -> None:
    """Polygons as engines give them: in the frame of the picture as it was sent, from its top-left corner on."""
    width, height = (FORM.height, FORM.width) if turns % 2 else (FORM.width, FORM.height)

    def turned(word: Word) -> Word:
        return Word(word.text, word.confidence, unrotate(word.bbox, turns, width, height))

    sent = page(*[[turned(w) for w in line.words] for line in FORM.lines], width=width, height=height)
    upright, found = engine.extract([FORM])[0], engine.extract([sent])[0]
    sound(sent, found)
    assert (found.width, found.height) == (width, height)
    assert len(upright.key_values) >= 4
    assert [(pair.key, pair.value) for pair in found.key_values] == [(p.key, p.value) for p in upright.key_values]
    boxes = [unrotate(entity.bbox, turns, width, height) for entity in upright.entities]
    assert [entity.bbox for entity in found.entities] == boxes


def test_lines_of_one_word_say_nothing_of_how_a_page_is_turned() -> None:
    assert quarter_turns(page([word("Total:", 60, 20)], [word("42", 60, 40)])) == 0
    assert quarter_turns(page()) == 0
    same = page([word("x", 60, 20), word("x", 60, 20)])
    assert quarter_turns(same) == 0
    mixed = page([word("a", 60, 20), word("b", 90, 20), word("c", 120, 20)], [word("d", 60, 90), word("e", 60, 60)])
    assert quarter_turns(mixed) == 0  # a stamp beside the text


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
