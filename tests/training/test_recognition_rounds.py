"""The recipe of the shipped recogniser: what it needs, and how one round begins where the other ended."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
import yaml
from rich.console import Console
from typer.testing import CliRunner

from ml_server.engines import paddle_weights
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.training.recognition import alphabet, card, drawn_back, make, materials, shipped
from ml_server.training.recognition.export import write
from ml_server.training.recognition.fit import Knobs, Recogniser, Score
from ml_server.training.recognition.make import begin
from ml_server.training.recognition.network import read_body, read_head
from ml_server.training.recognition.recall import Recall, Share
from ml_server.training.recognition.rounds import ROUNDS, SHIPPED_ROUNDS
from ml_server.training.recognition.typefaces import NoTypefaces, Typeface, typefaces
from ml_server.training.synthetic import values_words


def test_fonts_and_words_that_are_not_here_are_named_as_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_words, "korean_entries", lambda: ())
    monkeypatch.setattr(
        materials, "typefaces", lambda: tuple(face for face in _all() if "Un" not in Path(face.path).name)
    )
    absent = materials.missing()
    assert {"fonts-unfonts-core", "hunspell-ko"} <= set(absent)
    with pytest.raises(EngineUnavailable, match=r"apt-get install .*fonts-unfonts-core.* hunspell-ko"):
        materials.check_materials()


def _all() -> tuple[Typeface, ...]:
    try:
        return typefaces()
    except NoTypefaces:
        return ()


def test_the_command_stops_before_any_work_where_something_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fonts() -> None:
        raise NoTypefaces("none")

    monkeypatch.setattr(materials, "typefaces", no_fonts)
    app = typer.Typer()
    app.command()(shipped.main)
    done = CliRunner().invoke(app, [str(tmp_path / "work"), "--steps", "1"])
    assert done.exit_code == 2
    assert "fonts-nanum" in done.output
    assert not (tmp_path / "work").exists()


def test_a_round_begins_with_every_row_of_the_one_before(released: Path) -> None:
    start = paddle_weights.SHIPPED / "inference.onnx"
    weight, bias, known = read_head(start)
    model = begin(start, released)
    rows, codes = model.head.rows().detach().numpy(), alphabet.codes()
    for at, mark in enumerate([*known, " "], 1):
        if at % 97 == 0 or mark in "각힣①大 ":
            np.testing.assert_allclose(rows[codes[mark]], weight[at], atol=1e-6)
            assert model.head.bias[codes[mark]].item() == pytest.approx(float(bias[at]))
    np.testing.assert_allclose(rows[0], weight[0], atol=1e-6)
    theirs, _, names = read_head(released)
    at_theirs = {mark: at for at, mark in enumerate(names, 1)}
    for mark in set(alphabet.characters()[:-1]) - set(known):
        expected = theirs[at_theirs[mark]] if mark in at_theirs else np.zeros(120)
        np.testing.assert_allclose(rows[codes[mark]], expected, atol=1e-6)


def test_weights_are_drawn_back_towards_the_first_round_but_not_rows_that_it_lacks(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = paddle_weights.SHIPPED / "inference.onnx"
    was = begin(first, released)
    weight, bias, known = read_head(first)
    lacking = known.index("⑭")
    fewer = np.delete(weight, lacking + 1, 0), np.delete(bias, lacking + 1), known[:lacking] + known[lacking + 1 :]
    monkeypatch.setattr(drawn_back, "read_head", lambda onnx_file: fewer)
    old, unseen = alphabet.codes()["각"], alphabet.codes()["⑭"]
    model = begin(first, released)
    with torch.no_grad():
        for value in model.body.parameters():
            value.add_(0.5)
        model.head.letters.add_(0.25)  # of syllables' rows, through all their letters
        model.head.own[unseen].add_(1)
        model.head.bias.add_(2)
    moved = model.head.rows().detach()[old].clone()
    drawn_back.draw_back(model, first, 0.75)
    rows = model.head.rows().detach()
    torch.testing.assert_close(rows[old], moved - 0.75 * (moved - was.head.rows().detach()[old]))
    torch.testing.assert_close(rows[unseen], was.head.own.detach()[unseen] + 1)
    assert model.head.bias[old].item() == pytest.approx(was.head.bias[old].item() + 0.5)
    assert model.head.bias[unseen].item() == pytest.approx(was.head.bias[unseen].item() + 2)
    for value, before in zip(model.body.parameters(), was.body.parameters(), strict=True):
        torch.testing.assert_close(value, before + 0.125)


def test_an_export_holds_what_was_read_from_one(released: Path, tmp_path: Path) -> None:
    start = paddle_weights.SHIPPED / "inference.onnx"
    write(begin(start, released), released, tmp_path)
    again, before = read_body(tmp_path / "inference.onnx"), read_body(start)
    for name, kept in before.state_dict().items():
        assert np.array_equal(again.state_dict()[name].numpy(), kept.numpy()), name
    assert read_head(tmp_path / "inference.onnx")[2] == list(alphabet.characters()[:-1])


def test_the_last_round_makes_the_version_that_is_shipped() -> None:
    header = yaml.safe_load((paddle_weights.SHIPPED / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert header["version"] == ROUNDS[SHIPPED_ROUNDS - 1].version == paddle_weights.SHIPPED_VERSION


def test_the_card_tells_rounds_times_and_what_is_read(tmp_path: Path) -> None:
    found = Recall({"①": Share(9, 10), "※": Share(10, 10)}, Share(1, 1), Share(3, 4), Share(1, 2), Share(1, 8))
    rounds = [replace(each, knobs=replace(each.knobs, steps=1000)) for each in ROUNDS]
    seconds = {each.name: 600.0 * number for number, each in enumerate(rounds, 1)}
    card.write_card(tmp_path, rounds, seconds, Score(0.96, 0.7), {"lines seen": 1234}, found, 400)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(text.split("---\n")[1])["version"] == ROUNDS[-1].version
    assert "round1 1,000 steps in 10 minutes, round2 1,000 steps in 20 minutes, round3" in text
    for told in ("12.5% of the 8,822", "75.0% of the Hanja", "95.0% of the marks", "1,234 lines", "96.00%"):
        assert told in " ".join(text.split())
    assert json.dumps(rounds[-1].blend.marks) in text


def test_rounds_follow_each_other_and_a_finished_one_is_not_trained_again(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without lines and with a training that only moves one row."""
    began: list[float] = []

    def fit(model: Recogniser, lines: object, held_out: object, out: Path, knobs: Knobs, progress: object) -> Score:
        row = model.head.own[alphabet.codes()["①"]]
        began.append(float(row[0].detach()))
        with torch.no_grad():
            row[0] = 7.0 * len(began)
        out.mkdir(parents=True)
        entry = {"step": knobs.steps, "lines seen": 5, "seconds": 60, "loss": 1.0, "characters": 0.9, "lines": 0.5}
        (out / "curve.json").write_text(json.dumps([entry]))
        return Score(0.9, 0.5)

    nothing = Share(0, 0)
    monkeypatch.setattr(make, "fit", fit)
    monkeypatch.setattr(make, "ROUNDS", (*ROUNDS[:2], replace(ROUNDS[2], drawn_back=0.5)))
    monkeypatch.setattr(make, "check_materials", lambda: None)
    monkeypatch.setattr(make, "HELD_OUT", 0)
    monkeypatch.setattr(make, "recall", lambda folder: Recall({}, nothing, nothing, nothing, nothing))
    console = Console(file=(said := StringIO()), width=120)
    make.make(tmp_path, console, number=3, steps=3)
    assert began[1:] == [7.0, 10.5]  # half-way from 14 back to the first round's 7
    assert "round1: 3 steps in 1 min" in said.getvalue()
    last = tmp_path / ROUNDS[2].name / "model"
    weight, _, known = read_head(last / "inference.onnx")
    assert weight[known.index("①") + 1, 0] == 21.0
    told = (last / "README.md").read_text(encoding="utf-8")
    assert f"version: {ROUNDS[2].version}" in told
    assert "round1 3 steps in 1 minutes, round2 3 steps" in told
    shutil.rmtree(last.parent)
    make.make(tmp_path, console, number=3, steps=3)
    assert began[3:] == [10.5]
    with pytest.raises(InvalidRequest, match=r"0\.9000 of the characters are right"):
        make.make(tmp_path, console, number=3, steps=3, install=True)
    assert len(began) == 4
