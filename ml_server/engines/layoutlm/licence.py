"""Which licences let a model be used for business, and what a model's folder says about its own.

The licence is read from the model card (``license`` in the YAML front matter of README.md, with ``license_name`` where
that is ``other``) or else from ``license`` in config.json. Microsoft's LayoutLMv2, LayoutLMv3 and LayoutXLM are
CC BY-NC-SA 4.0, so these and what was made from them are non-commercial whatever a card says.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from ml_server import languages, logs
from ml_server.errors import EngineUnavailable, UnsupportedLanguage

THEIR_LICENCE = "cc-by-nc-sa-4.0"
"""Of the models that :func:`is_noncommercial_model` knows."""

# All lists in lower case, as SPDX and the Hugging Face hub write them.
_FREE = frozenset(
    {
        "afl-3.0",
        "agpl-3.0*",
        "apache-2.0",
        "artistic-2.0",
        "blueoak-1.0.0",
        "bsd",
        "bsd-*",
        "bsl-1.0",
        "cc0-1.0",
        "cc-by-2.*",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cdla-permissive-*",
        "ecl-2.0",
        "epl-*",
        "eupl-*",
        "gpl-*",
        "isc",
        "lgpl-*",
        "mit",
        "mit-0",
        "mpl-2.0",
        "ms-pl",
        "ncsa",
        "odc-by",
        "pddl",
        "postgresql",
        "unlicense",
        "wtfpl",
        "zlib",
    }
)
_NONCOMMERCIAL = ("*-nc", "*-nc-*", "*noncommercial*", "*non-commercial*", "*research*")
_NONCOMMERCIAL_MODELS = ("microsoft/layoutlmv2*", "microsoft/layoutlmv3*", "microsoft/layoutxlm*")
_NONCOMMERCIAL_TYPES = ("layoutlmv2", "layoutlmv3", "layoutxlm")
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Card:
    """What a model's folder says about the model.

    Attributes:
        licence: lower case, an SPDX name or expression where it is one; empty where none is named.
        languages: canonical names as in :mod:`ml_server.languages`; those it does not know as the card writes them.
        version: empty where the card names none.
        name: empty where the card names none.
    """

    licence: str = ""
    languages: tuple[str, ...] = ()
    version: str = ""
    name: str = ""


def read_card(folder: Path) -> Card:
    """The card of a model's folder; what is not there stays empty, and an unreadable card names no free licence."""
    front, config = _front_matter(folder / "README.md"), _config(folder / "config.json")
    licence = _words(front.get("license")) or _words(config.get("license"))
    if licence == ["other"] and front.get("license_name"):
        licence = _words(front["license_name"])
    bases = [*_words(front.get("base_model")), *_words(config.get("_name_or_path"))]
    if any(map(is_noncommercial_model, bases)) or config.get("model_type") in _NONCOMMERCIAL_TYPES:
        licence = [THEIR_LICENCE]
    return Card(
        licence=" and ".join(licence),
        languages=tuple(dict.fromkeys(map(_language, _words(front.get("language"))))),
        version=str(front.get("version") or ""),
        name=str(front.get("model_name") or ""),
    )


def is_noncommercial_model(name: str) -> bool:
    """Whether these are weights, by their hub name, that are known to be for non-commercial use only."""
    return any(fnmatch(name.lower(), pattern) for pattern in _NONCOMMERCIAL_MODELS)


def check(licence: str, model: str, *, allow_noncommercial: bool, may_lack: bool, warn: bool = True) -> None:
    """Refuse a model whose licence does not allow commercial use.

    Args:
        licence: as in :class:`Card`.
        model: its name, for the message.
        allow_noncommercial: the operator takes the responsibility; nothing is refused.
        may_lack: a model without a licence passes, because its user put it there.
        warn: log a warning where it does.

    Raises:
        EngineUnavailable: the licence is refused; the message names it and the setting that allows it.
    """
    if is_free(licence) or allow_noncommercial:
        return
    if not licence and may_lack:
        if warn:
            log = logs.get_logger("ml_server.layoutlm")
            log.warning("model_without_licence", model=model, advice="name its licence in README.md: 'license: …'")
        return
    if not licence:
        fault = "its model card names no licence"
    elif any(fnmatch(part, pattern) for part in _parts(licence) for pattern in _NONCOMMERCIAL):
        fault = f"its licence, {licence}, forbids commercial use"
    else:
        fault = f"its licence, {licence}, is not one that is known to allow commercial use"
    raise EngineUnavailable(
        f"the model {model} is refused: {fault}. Set ML_SERVER_ALLOW_NONCOMMERCIAL=true if your use is allowed"
    )


def is_free(licence: str) -> bool:
    """Whether a licence, or SPDX expression of ``and`` and ``or``, is known to allow commercial use."""
    if not licence.strip("() "):
        return False
    if "(" in licence:  # whatever the brackets mean, nothing in them forbids
        return all(_known(part) for part in _parts(licence))
    choices = re.split(r"\s+or\s+", licence.lower())
    return any(all(_known(part) for part in _parts(choice)) for choice in choices)


def _parts(licence: str) -> list[str]:
    """The single licences of an expression, without brackets and without SPDX exceptions (``with …-exception``).

    An exception permits more than its licence; any other addition, such as the Commons Clause, permits less and stays.
    """
    parts = re.split(r"\s+(?:and|or)\s+", licence.lower())
    return [re.sub(r"\s+with\s+\S+-exception(-[\d.]+)?$", "", part.strip("() ")) for part in parts]


def _known(part: str) -> bool:
    return any(fnmatch(part, pattern) for pattern in _FREE)


def _front_matter(path: Path) -> dict[str, Any]:
    try:
        found = _FRONT_MATTER.match(path.read_text(encoding="utf-8"))
        value = yaml.safe_load(found.group(1)) if found else None
    except OSError:
        return {}
    except (ValueError, yaml.YAMLError):
        return {"license": "unreadable"}  # it may well name one that forbids
    return value if isinstance(value, dict) else {}


def _config(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _words(value: object) -> list[str]:
    """A YAML value that may be one word or a list of them, in lower case."""
    values = value if isinstance(value, list) else [value]
    return [str(item).strip().lower() for item in values if item is not None and str(item).strip()]


def _language(name: str) -> str:
    try:
        return languages.parse(name)[0].name
    except UnsupportedLanguage:
        return name
