"""The folder that holds the best model of a run: written beside and moved in, so that no file in it is ever half."""

from __future__ import annotations

import shutil
from pathlib import Path

from tokenizers import Tokenizer

from ml_server.engines.layoutlm.model import OURS, KeyValueModel
from ml_server.engines.layoutlm.tokenizer import FILE

CARD = "README.md"
CHECKPOINT = ".checkpoint.pt"
_BESIDE = ".part"


def is_finished(out: Path) -> bool:
    """Whether a folder holds a model that no stopped run is to go on with."""
    return (out / "config.json").is_file() and not (out / CHECKPOINT).is_file()


def keep(model: KeyValueModel, tokenizer: Tokenizer, start: Path, out: Path) -> None:
    """Put a model into its folder, over the one that is there, whose card goes.

    A folder inside ``out`` and not beside it: that is surely on the same file system, and may be written to.

    Args:
        model: to save.
        tokenizer: of it.
        start: folder it started from; its ``tokenizer.json`` is taken as it is, where there is one.
        out: the model's folder.
    """
    beside = out / _BESIDE
    shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed here
    model.save(beside)
    if (start / FILE).is_file():
        shutil.copyfile(start / FILE, beside / FILE)
    else:
        tokenizer.save(str(beside / FILE))
    (out / CARD).unlink(missing_ok=True)
    if not (beside / f"{OURS}.safetensors").is_file():
        (out / f"{OURS}.safetensors").unlink(missing_ok=True)
    for file in sorted(beside.iterdir()):
        file.replace(out / file.name)
    beside.rmdir()
