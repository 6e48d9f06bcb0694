"""The recipe of the shipped model: its rounds, versions and card, on pages of toy size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tiny_forms import write_folder
from tiny_model import QUICK, write_model

from ml_server.training import card, ocr_noise, shipped
from ml_server.training.synthetic import generate


def test_the_card_of_both_rounds_tells_version_pages_and_time() -> None:
    made = card.shipped_card("1.3.0", 17600, 480, QUICK, {"SER F1": 0.9}, {"round1": 3513, "round2": 5400}).markdown()
    assert yaml.safe_load(made.split("---\n")[1])["version"] == "1.3.0"
    assert "Training took 2 h 29 min on CPU (round1 59 min, round2 1 h 30 min)." in made
    assert "| ml_server.training.synthetic | 17600 |" in made
    assert shipped.ROUNDS[-1].version == "1.3.0"


def test_rounds_follow_each_other_and_a_finished_one_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_pages(run: generate.Run) -> None:
        if not run.out.exists():
            write_folder(run.out)

    def read(pictures: Path, out: Path) -> None:
        form = json.loads((pictures / "annotations" / "b.json").read_text(encoding="utf-8"))
        out.write_text(json.dumps(form), encoding="utf-8")

    monkeypatch.setattr(generate, "generate", write_pages)
    monkeypatch.setattr(ocr_noise, "read_pictures", read)
    monkeypatch.setattr(shipped, "HELD_OUT", 1)
    quick = [replace(each, knobs=replace(QUICK, epochs=2)) for each in shipped.ROUNDS]
    monkeypatch.setattr(shipped, "ROUNDS", quick)
    write_model(tmp_path / "base")
    shipped.main(tmp_path)
    one, two = (tmp_path / each.name / "model" for each in quick)
    assert [json.loads((model / "ml_server.json").read_text())["version"] for model in (one, two)] == ["1.2.0", "1.3.0"]
    text = (two / "README.md").read_text()
    assert "version: 1.3.0" in text
    assert "Training took 0 min on CPU (round1 0 min, round2 0 min)" in text
    assert "| ml_server.training.synthetic | 2 |" in text
    weights = (two / "model.safetensors").stat().st_mtime_ns
    (two / "README.md").unlink()
    shipped.main(tmp_path)
    assert (two / "README.md").read_text() == text
    assert (two / "model.safetensors").stat().st_mtime_ns == weights
