"""Where a model is: the folder shipped with us, a folder of the user's, BentoML's model store, or the hub.

A reference is looked up in that order. The licence is checked before anything of a hub model but its card is fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ml_server.engines.layoutlm import licence
from ml_server.errors import EngineUnavailable

SHIPPED = Path(__file__).parent / "weights"

_TAG = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:[a-z0-9]([a-z0-9._-]*[a-z0-9])?)?")
_HUB_NAME = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*")
_CARD_FILES = ["README.md", "config.json"]
_MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "README.md"]
_OLD_WEIGHTS = ["pytorch_model*.bin"]


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this machine whose licence is accepted.

    Attributes:
        path: a folder with at least config.json.
        name: for people: the card's, the tag's or the hub's name, or the folder's.
        version: the card's, the tag's or the hub's commit; empty where nothing tells.
        licence: lower case, as its card names it; empty where it names none.
        languages: canonical names; empty where the card names none.
    """

    path: Path
    name: str
    version: str
    licence: str
    languages: tuple[str, ...] = ()


def resolve(reference: str, *, allow_noncommercial: bool = False, download: bool = True) -> ModelFolder:
    """Find a model and check its licence.

    Args:
        reference: empty for the shipped model; a folder; a BentoML tag (``name:version`` or ``name``); a hub name.
        allow_noncommercial: accept any licence and none.
        download: ask the hub for what is not here yet, and warn of a model without a licence; else this is a look at
            what is here.

    Raises:
        EngineUnavailable: it is not here and cannot be fetched, it is no model, or its licence is refused.
    """
    if not reference:
        return _local(SHIPPED, "", "", allow_noncommercial, warn=download)
    folder = Path(reference).expanduser()
    if folder.is_dir():
        return _local(folder, "", "", allow_noncommercial, warn=download)
    found = _bento(reference)
    if found is not None:
        path, name, version = found
        return _local(path, name, version, allow_noncommercial, warn=download)
    if not _HUB_NAME.fullmatch(reference):
        raise EngineUnavailable(f"no model {reference!r}: there is no such folder, and it is no tag and no hub name")
    return _hub(reference, allow_noncommercial=allow_noncommercial, download=download)


def _local(folder: Path, name: str, version: str, allow_noncommercial: bool, *, warn: bool) -> ModelFolder:
    if not (folder / "config.json").is_file():
        if folder == SHIPPED:
            raise EngineUnavailable("the shipped model is not in this installation of ml_server; install it again")
        raise EngineUnavailable(f"{folder}: no config.json in it; this is no model folder")
    card = licence.read_card(folder)
    name = name or card.name or folder.resolve().name
    licence.check(card.licence, name, allow_noncommercial=allow_noncommercial, may_lack=True, warn=warn)
    return ModelFolder(folder, name, version or card.version, card.licence, card.languages)


def _bento(reference: str) -> tuple[Path, str, str] | None:
    """Folder, name and version of a model in BentoML's store; None where it is not there."""
    if not _TAG.fullmatch(reference):
        return None
    import bentoml
    from bentoml.exceptions import BentoMLException, NotFound

    try:
        model = bentoml.models.get(reference)
    except NotFound as error:
        if ":" not in reference:
            return None  # names without an owner exist on the hub too
        raise EngineUnavailable(f"no model {reference} in BentoML's store; 'bentoml models list' shows them") from error
    except (BentoMLException, ValueError, OSError) as error:
        raise EngineUnavailable(f"BentoML's store cannot give the model {reference}: {error}") from error
    return Path(model.path), str(model.tag.name), str(model.tag.version or "")


def _hub(name: str, *, allow_noncommercial: bool, download: bool) -> ModelFolder:
    # Before asking: that a known model is refused shall not need a network.
    if licence.is_noncommercial_model(name):
        licence.check(licence.THEIR_LICENCE, name, allow_noncommercial=allow_noncommercial, may_lack=False)
    card = licence.read_card(_fetch(name, _CARD_FILES, download=download))
    terms = licence.THEIR_LICENCE if licence.is_noncommercial_model(name) else card.licence
    licence.check(terms, name, allow_noncommercial=allow_noncommercial, may_lack=False)
    folder = _fetch(name, _MODEL_FILES, download=download)
    if not any(folder.glob("*.safetensors")):
        folder = _fetch(name, _OLD_WEIGHTS, download=download)
    if not (folder / "config.json").is_file() or not any(
        file for pattern in ("*.safetensors", *_OLD_WEIGHTS) for file in folder.glob(pattern)
    ):
        raise EngineUnavailable(f"the hub's {name} has no config.json or no weights here; {_advice(name)}")
    # The cache names a snapshot's folder after its commit; eight digits tell it apart.
    return ModelFolder(folder, name, folder.name[:8], terms, card.languages)


def _fetch(name: str, patterns: list[str], *, download: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise EngineUnavailable(
            'huggingface_hub is not installed; install it with: pip install "ml_server[layoutlm]"'
        ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=not download))
    except Exception as error:  # the hub's client lets its transport's errors through, which share no base
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        fault = f"could not be fetched from the hub ({reason})" if download else "not in the hub's cache"
        raise EngineUnavailable(
            f"the model {name} is no folder here, not in BentoML's store and {fault}; {_advice(name)}"
        ) from error


def _advice(name: str) -> str:
    return (
        f"where the hub can be reached, run 'hf download {name}' and copy the folder it names, "
        "then give that folder as the model"
    )
