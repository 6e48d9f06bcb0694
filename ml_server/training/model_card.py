"""The model card: what a model is, what it was made from and how good it is. ``serve`` reads its licence from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One source of training pages.

    Attributes:
        name: of the data set, or the folder's name.
        pages: how many pages were trained on.
        licence: SPDX name; empty where nobody said.
    """

    name: str
    pages: int
    licence: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything the card says.

    Attributes:
        name: of the model.
        version: for example ``1.0.0``; ``/engines`` and every result carry it.
        licence: SPDX name of the weights' licence; empty writes none, and loading the model then warns.
        base_model: what the training started from.
        languages: ISO 639-1 codes.
        labels: the entities it knows.
        data: what it was trained on.
        metrics: name → value, for example ``{"SER F1": 0.61}``; ratios 0..1.
        measured_on: what the metrics were measured on.
        training: name → value of what repeats the training: seed, epochs, learning rate.
        description: a paragraph or more, Markdown.
        limits: where it fails, Markdown; empty for no such section.
    """

    name: str
    version: str
    licence: str
    base_model: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    data: tuple[TrainingData, ...]
    metrics: Mapping[str, float]
    measured_on: str
    training: Mapping[str, object] = field(default_factory=dict)
    description: str = ""
    limits: str = ""

    def write(self, folder: Path) -> Path:
        """Write README.md into a model's folder, over one that is there, and return its path.

        Raises:
            OSError: it cannot be written.
        """
        path = folder / "README.md"
        path.write_text(self.markdown(), encoding="utf-8")
        return path

    def markdown(self) -> str:
        """YAML front matter as the Hugging Face hub defines it, with our ``version``, and then text for people."""
        front = yaml.safe_dump(self._front_matter(), allow_unicode=True, sort_keys=False, width=120)
        licence = self.licence or "none named"
        sections = [
            f"---\n{front}---",
            f"# {self.name} {self.version}",
            self.description,
            f"Labels: {', '.join(self.labels)}. Licence of the weights: {licence}. Started from: {self.base_model}.",
            "## Training data",
            _table(("data", "pages", "licence"), [(item.name, item.pages, item.licence or "—") for item in self.data]),
            "## Results",
            f"Measured on {self.measured_on}.",
            _table(("metric", "value"), [(name, f"{value:.4f}") for name, value in self.metrics.items()]),
        ]
        if self.training:
            sections += ["## Training", _table(("setting", "value"), list(self.training.items()))]
        if self.limits:
            sections += ["## Limits", self.limits]
        return "\n\n".join(section.strip() for section in sections if section.strip()) + "\n"

    def _front_matter(self) -> dict[str, Any]:
        results = {
            "task": {"type": "token-classification", "name": "key–value extraction"},
            "dataset": {"type": "private", "name": self.measured_on},
            "metrics": [
                {"type": "f1" if name.lower().endswith("f1") else "other", "name": name, "value": round(value, 4)}
                for name, value in self.metrics.items()
            ],
        }
        fields: dict[str, Any] = {
            "license": self.licence,
            "language": list(self.languages),
            "base_model": self.base_model,
            "datasets": [item.name for item in self.data],
            "metrics": ["precision", "recall", "f1"],
            "pipeline_tag": "token-classification",
            "model_name": self.name,
            "version": self.version,
            "model-index": [{"name": self.name, "results": [results]}] if self.metrics else None,
        }
        return {name: value for name, value in fields.items() if value}


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())
