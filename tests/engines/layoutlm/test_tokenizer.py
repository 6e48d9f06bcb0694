"""Tokenizers of folders that transformers wrote before there was a ``tokenizer.json``."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.layoutlm.engine import LayoutLMExtractor
from ml_server.engines.layoutlm.tokenizer import load_tokenizer
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.errors import EngineUnavailable

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "name", ":", "kim", "##su")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A LayoutLM of toy size as the first ones were saved: vocab.txt and nothing else."""
    import torch

    declare_missing_operators()
    from transformers import LayoutLMConfig, LayoutLMForTokenClassification

    tags = ["O", "B-QUESTION", "I-QUESTION", "B-ANSWER", "I-ANSWER"]
    torch.manual_seed(1)
    config = LayoutLMConfig(
        vocab_size=len(PIECES), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        id2label=dict(enumerate(tags)), label2id={tag: i for i, tag in enumerate(tags)},
    )  # fmt: skip
    LayoutLMForTokenClassification(config).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return tmp_path


def test_a_folder_with_only_vocab_txt_serves(folder: Path) -> None:
    assert load_tokenizer(folder).encode("Name: Kimsu", add_special_tokens=False).tokens == ["name", ":", "kim", "##su"]
    engine = LayoutLMExtractor(ExtractorConfig(model=str(folder)))
    boxes = np.array([[10, 10, 60, 20], [80, 10, 99, 20]], np.float64)
    (tags,) = engine.label_words([(["Name:", "Kimsu"], boxes, (200, 100))])
    assert len(tags) == 2


def test_a_model_trained_from_it_brings_tokenizer_json(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    from ml_server.engines.layoutlm.words import page_words
    from ml_server.training.examples import LabelledPage
    from ml_server.training.knobs import Knobs
    from ml_server.training.train import train

    out = tmp_path_factory.mktemp("out")
    page = page_words(["Name:", "Kimsu"], [[10, 10, 60, 20], [80, 10, 99, 20]], 200, 100)
    truth = LabelledPage(page, (("QUESTION", (0,)), ("ANSWER", (1,))), ((), (0,)))
    train([truth], [], folder, out, Knobs(epochs=1), "1", lambda step, steps, line: None)
    assert (out / "tokenizer.json").is_file()
    assert load_tokenizer(out).get_vocab() == load_tokenizer(folder).get_vocab()
    LayoutLMExtractor(ExtractorConfig(model=str(out))).extract([])


def test_what_is_no_tokenizer_is_said(folder: Path) -> None:
    (folder / "vocab.txt").unlink()
    with pytest.raises(EngineUnavailable, match=r"no tokenizer\.json, vocab\.txt"):
        LayoutLMExtractor(ExtractorConfig(model=str(folder)))
    (folder / "vocab.txt").write_text("[UNK]\n")
    (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace('"vocab_size": 9', '"vocab_size": 99')
    )
    with pytest.raises(EngineUnavailable, match="pieces in its tokenizer's files, 99 in the model"):
        load_tokenizer(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        load_tokenizer(folder)


def test_sentencepiece_is_asked_for_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "vocab.txt").unlink()
    (folder / "sentencepiece.bpe.model").write_bytes(b"\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="pip install sentencepiece, or save"):
        load_tokenizer(folder)
