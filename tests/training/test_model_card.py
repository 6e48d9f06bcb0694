"""The model card: what it says, and that loading a model reads the same."""

from __future__ import annotations

from pathlib import Path

import yaml

from ml_server.engines.layoutlm.licence import read_card
from ml_server.training.model_card import ModelCard, TrainingData


def card(licence: str = "apache-2.0", version: str = "1.0") -> ModelCard:
    return ModelCard(
        name="forms-ko-en",
        version=version,
        licence=licence,
        base_model="intfloat/multilingual-e5-small",
        languages=("ko", "en"),
        labels=("HEADER", "QUESTION", "ANSWER", "OTHER"),
        data=(TrainingData("our generator | 문서", 4000, "apache-2.0"), TrainingData("mine", 12)),
        metrics={"SER F1": 0.612345, "loss": 0.5},
        measured_on="100 held-out pages",
        training={"seed": 7, "epochs": 3},
        description="Finds keys and values.",
    )


def test_front_matter_and_text(tmp_path: Path) -> None:
    text = card().write(tmp_path).read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert (fields["license"], fields["language"], fields["base_model"]) == (
        "apache-2.0", ["ko", "en"], "intfloat/multilingual-e5-small",
    )  # fmt: skip
    assert fields["datasets"] == ["our generator | 문서", "mine"]
    (result,) = fields["model-index"][0]["results"]
    assert [(metric["type"], metric["value"]) for metric in result["metrics"]] == [("f1", 0.6123), ("other", 0.5)]
    for line in (
        "| our generator \\| 문서 | 4000 | apache-2.0 |",
        "| mine | 12 | — |",
        "| SER F1 | 0.6123 |",
        "| seed | 7 |",
    ):
        assert line in body
    assert "## Limits" not in body


def test_loading_reads_what_was_written(tmp_path: Path) -> None:
    card().write(tmp_path)
    read = read_card(tmp_path)
    assert (read.licence, read.version, read.name) == ("apache-2.0", "1.0", "forms-ko-en")
    assert read.languages == ("korean", "english")
    card(licence="", version="2").write(tmp_path)
    assert (read_card(tmp_path).licence, read_card(tmp_path).version) == ("", "2")
