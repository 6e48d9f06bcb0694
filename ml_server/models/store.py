"""Versions of the key–value model in BentoML's model store, each with its card, data, metrics and parent."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_server.engines.layoutlm import model_source
from ml_server.errors import InvalidRequest
from ml_server.models.serving import SHIPPED

_VERSION = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_NOT_THE_MODELS = (".checkpoint.pt",)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept with a version.

    Attributes:
        parent: the version it was trained from, or :data:`SHIPPED`; empty where nobody knows.
        data: where the documents came from, for people.
        documents: trained on.
        fingerprint: of the training documents: the same documents with the same labels give the same one.
        held_out: fingerprint of the documents it was judged on; empty where there were none.
        held_out_documents: how many these are.
        metrics: on these documents, ratios 0..1.
        compared: version it was compared with on the same documents; empty for none.
        compared_metrics: of that version.
    """

    parent: str = ""
    data: str = ""
    documents: int = 0
    fingerprint: str = ""
    held_out: str = ""
    held_out_documents: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    compared: str = ""
    compared_metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version.

    Attributes:
        version: as results carry it; :data:`SHIPPED` for the model that comes with us.
        reference: what :func:`model_source.resolve` takes.
        path: its folder.
        created: ISO 8601, UTC; empty for the shipped one.
        facts: see :class:`Facts`.
    """

    version: str
    reference: str
    path: Path
    created: str
    facts: Facts


class ModelStore:
    """The versions below one name in BentoML's store.

    Args:
        name: of the model there.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def list(self) -> list[ModelVersion]:
        """The shipped model and then every version, the oldest first."""
        import bentoml

        found = [model for model in bentoml.models.list() if model.tag.name == self.name]
        return [shipped(), *map(_version, sorted(found, key=lambda model: model.creation_time))]

    def get(self, version: str) -> ModelVersion:
        """One version, by itself, as ``name:version``, or ``latest``.

        Raises:
            InvalidRequest: it is not there; the message lists those that are.
        """
        wanted = version.removeprefix(f"{self.name}:")
        versions = self.list()
        if wanted == "latest":
            return versions[-1]
        for found in versions:
            if found.version == wanted:
                return found
        there = ", ".join(each.version for each in versions)
        raise InvalidRequest(f"no version {version!r} of {self.name}; there are: {there}", field="model_version")

    @staticmethod
    def new_version(fingerprint: str) -> str:
        """A name for a version: the time, and the beginning of the fingerprint of what it was trained on."""
        return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{fingerprint[:6] or 'added'}"

    def add(self, folder: Path, facts: Facts, version: str = "") -> ModelVersion:
        """Copy a model's folder into the store.

        Args:
            folder: as ``ml-server train`` writes it, or any that is served by its name; stays as it is.
            facts: kept with it.
            version: of lower-case letters, digits, dots and dashes; empty for the time and the documents' fingerprint.

        Raises:
            InvalidRequest: the folder is no model, or the version is taken or no name for one.
        """
        if not (folder / "config.json").is_file():
            raise InvalidRequest(f"{folder}: no config.json in it; this is no model's folder")
        from ml_server.engines.layoutlm import tokenizer

        if not tokenizer.is_in(folder):
            raise InvalidRequest(f"{folder}: no tokenizer.json, vocab.txt, vocab.json or *.model in it")
        version = version or self.new_version(facts.fingerprint)
        self.check_new(version)
        import bentoml

        labels = {"made-by": "ml_server"}
        with bentoml.models.create(f"{self.name}:{version}", labels=labels, metadata=asdict(facts)) as model:
            leave_out = shutil.ignore_patterns(*_NOT_THE_MODELS)
            shutil.copytree(folder, model.path, dirs_exist_ok=True, ignore=leave_out)
        return self.get(version)

    def check_new(self, version: str) -> None:
        """Whether a version may be called so.

        Raises:
            InvalidRequest: it is taken, or no name for one.
        """
        if not _VERSION.fullmatch(version) or version in (SHIPPED, "latest"):
            raise InvalidRequest(
                f"{version!r} is no name for a version: lower-case letters, digits, dots and dashes are"
            )
        if any(version == found.version for found in self.list()):
            raise InvalidRequest(f"there is a version {version} of {self.name} already")


def reference(name: str, version: str) -> str:
    """What :func:`model_source.resolve` takes for a version of a store."""
    return "" if version == SHIPPED else f"{name}:{version}"


def shipped() -> ModelVersion:
    """The model that comes with us."""
    return ModelVersion(SHIPPED, "", model_source.SHIPPED, "", Facts(data="generated documents"))


def _version(model: Any) -> ModelVersion:
    known = set(Facts.__dataclass_fields__)
    metadata = {name: value for name, value in dict(model.info.metadata).items() if name in known}
    created = model.creation_time.astimezone(UTC).isoformat(timespec="seconds")
    return ModelVersion(str(model.tag.version), str(model.tag), Path(model.path), created, Facts(**metadata))
