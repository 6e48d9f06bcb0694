"""The tokenizer of a model's folder: ``tokenizer.json``, or what older folders have instead, turned into the same."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from tokenizers import Tokenizer

from ml_server.errors import EngineUnavailable

FILE = "tokenizer.json"
_ADVICE = f"save the model's fast tokenizer as {FILE} beside it"


def is_in(folder: Path) -> bool:
    """Whether a folder has files that a tokenizer can be made of."""
    known = (FILE, "vocab.txt", "vocab.json")
    return any((folder / name).is_file() for name in known) or any(folder.glob("*.model"))


def load_tokenizer(folder: Path) -> Tokenizer:
    """Of ``tokenizer.json``; where there is none, of ``vocab.txt``, ``vocab.json`` or ``*.model`` by transformers.

    Raises:
        EngineUnavailable: there is none of these, it is damaged, or it needs a library that is not installed.
    """
    try:
        if (folder / FILE).is_file():
            return Tokenizer.from_file(str(folder / FILE))
        return _convert(folder)
    except EngineUnavailable:
        raise
    except Exception as error:  # tokenizers raises bare Exceptions, transformers whatever its readers do
        raise EngineUnavailable(f"{folder}: its tokenizer cannot be loaded: {error}") from error


def _convert(folder: Path) -> Tokenizer:
    models = sorted(folder.glob("*.model"))
    if not is_in(folder):  # transformers does not fail then: it makes a tokenizer that knows nothing
        raise EngineUnavailable(f"{folder}: no {FILE}, vocab.txt, vocab.json or *.model; {_ADVICE}")
    if models and importlib.util.find_spec("sentencepiece") is None:
        raise EngineUnavailable(f"{models[0]} needs sentencepiece; pip install sentencepiece, or {_ADVICE}")
    from ml_server.engines.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer = getattr(found, "backend_tokenizer", None)
    if not isinstance(tokenizer, Tokenizer):
        raise EngineUnavailable(f"{folder}: transformers has no fast tokenizer for it; {_ADVICE}")
    pieces, rows = tokenizer.get_vocab_size(), json.loads((folder / "config.json").read_text()).get("vocab_size", 0)
    if pieces < rows / 2:  # as when the files are of another kind than the class that transformers takes
        raise EngineUnavailable(
            f"{folder}: only {pieces} pieces in its tokenizer's files, {rows} in the model; {_ADVICE}"
        )
    return tokenizer
