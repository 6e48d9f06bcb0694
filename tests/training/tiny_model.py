"""A network of toy size that the tests train, and the settings that make it quick."""

from __future__ import annotations

from pathlib import Path

import torch

from ml_server.engines.layoutlm import model_source
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.training.augment import Noise
from ml_server.training.examples import LabelledPage, labelled
from ml_server.training.forms import read_folder
from ml_server.training.knobs import Knobs

QUICK = Knobs(epochs=40, learning_rate=3e-3, head_learning_rate=3e-3, batch_pieces=64, unknown=0, dropout=0,
              noise=Noise(lines=0, split=0, affine=0, upper=0, confused_pages=0))  # fmt: skip


def write_model(folder: Path) -> Path:
    """An untrained LayoutLM of one narrow layer with the shipped tokenizer."""
    from tokenizers import Tokenizer

    declare_missing_operators()
    from transformers import LayoutLMConfig, LayoutLMForTokenClassification

    torch.manual_seed(1)
    tokenizer = model_source.SHIPPED / "tokenizer.json"
    rows = Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    config = LayoutLMConfig(
        vocab_size=rows, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        type_vocab_size=6, pad_token_id=1,
    )  # fmt: skip
    LayoutLMForTokenClassification(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    return folder


def pages_of(folder: Path) -> list[LabelledPage]:
    return [labelled(form) for form in read_folder(folder)]


def silent(step: int, steps: int, line: str) -> None:
    """No bar."""
