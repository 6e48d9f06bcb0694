"""What stands in the folder of a model in training: never half a model, never one that another run lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_forms import write_folder
from tiny_model import QUICK, pages_of, silent, write_model
from typer.testing import CliRunner, Result

from ml_server.cli import app
from ml_server.engines.layoutlm.model import KeyValueModel, load
from ml_server.errors import InvalidRequest
from ml_server.training.examples import LabelledPage
from ml_server.training.run import Plan, run
from ml_server.training.train import Progress, train

KNOBS = replace(QUICK, epochs=2)
MODEL = ("config.json", "ml_server.json", "ml_server.safetensors", "model.safetensors", "tokenizer.json")


class Killed(Exception):
    """Like a kill."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forms")


def kill_at(place: int) -> Progress:
    def stop(step: int, steps: int, line: str) -> None:
        if step == place:
            raise Killed

    return stop


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, arguments), "--epochs", "1", "--held-out", "0.5"])


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_finished_model_is_not_lost_to_a_command_given_again(base: Path, forms: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    given = (forms, "--model", base, "--out", out)
    assert command(*given, "--version", "1").exit_code == 0
    before = files(out)
    again = command(*given, "--version", "1")
    assert again.exit_code == 2
    assert "holds a finished model" in again.output
    assert "--overwrite" in again.output
    assert files(out) == before
    done = command(*given, "--version", "2", "--overwrite")
    assert done.exit_code == 0, done.output
    assert json.loads((out / "ml_server.json").read_text())["version"] == "2"
    assert "version: '2'" in (out / "README.md").read_text()
    assert "excludes" in command(forms, "--add-to-store", "--overwrite").output


def test_a_run_that_is_stopped_before_its_first_checkpoint_goes_on(base: Path, forms: Path, tmp_path: Path) -> None:
    plan = Plan((forms,), tmp_path / "out", str(base), knobs=KNOBS)
    with pytest.raises(Killed):
        run(plan, kill_at(2))
    assert (tmp_path / "out" / "config.json").is_file(), "the first epoch's model"
    run(plan, silent)
    assert (tmp_path / "out" / "README.md").is_file()
    assert not (tmp_path / "out" / ".checkpoint.pt").exists()


def test_a_save_that_is_killed_leaves_the_model_before_it_whole(
    base: Path, forms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, pages = tmp_path / "out", pages_of(forms)
    train(pages, [], base, out, KNOBS, "1", silent)
    before = files(out)
    whole = KeyValueModel.save

    def half(self: KeyValueModel, folder: Path) -> None:
        whole(self, folder)
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
        raise Killed

    monkeypatch.setattr(KeyValueModel, "save", half)
    with pytest.raises(Killed):
        train(pages, [], base, out, KNOBS, "2", silent)
    assert {name: (out / name).read_bytes() for name in MODEL} == {name: before[name] for name in MODEL}
    load(out)
    monkeypatch.undo()
    train(pages, [], base, out, KNOBS, "2", silent)
    assert json.loads((out / "ml_server.json").read_text())["version"] == "2"
    assert sorted(files(out)) == sorted(before)


@pytest.mark.parametrize("corrected", ["label", "link", "text", "held out"])
def test_corrected_pages_do_not_go_on_with_a_run_on_the_old_ones(
    base: Path, forms: Path, tmp_path: Path, corrected: str
) -> None:
    def go_on(pages: Sequence[LabelledPage], held_out: Sequence[LabelledPage]) -> None:
        train(pages, held_out, base, tmp_path / "out", KNOBS, "1", silent)

    pages = pages_of(forms)
    with pytest.raises(Killed):
        train(pages, pages[:1], base, tmp_path / "out", KNOBS, "1", kill_at(1))
    first = pages[0]
    (label, words), *others = first.entities
    assert label == "HEADER"
    texts = (first.page.texts[0] + "s", *first.page.texts[1:])
    changed = {
        "label": replace(first, entities=(("ANSWER", words), *others)),
        "link": replace(first, heads=tuple(() for _ in first.heads)),
        "text": replace(first, page=replace(first.page, texts=texts)),
        "held out": first,
    }[corrected]
    other = "held-out pages" if corrected == "held out" else "pages"
    with pytest.raises(InvalidRequest, match=f"other {other};.*--overwrite"):
        go_on([changed, *pages[1:]], pages[1:] if corrected == "held out" else pages[:1])
    go_on(pages, pages[:1])


def test_a_run_that_began_before_there_were_fingerprints_goes_on(base: Path, forms: Path, tmp_path: Path) -> None:
    pages, stopped = pages_of(forms), tmp_path / "out" / ".checkpoint.pt"
    with pytest.raises(Killed):
        train(pages, pages, base, tmp_path / "out", replace(KNOBS, checkpoint_every_s=0), "1", kill_at(2))
    held = torch.load(stopped, weights_only=True)
    assert held["state"]["step"] == 1
    for name in ("pages", "held-out pages"):
        del held["of"][name]
    torch.save(held, stopped)
    steps: list[int] = []
    knobs = replace(KNOBS, checkpoint_every_s=0)
    train(pages, pages, base, tmp_path / "out", knobs, "1", lambda step, total, line: steps.append(step))
    assert steps[0] == 2


def test_overwriting_begins_anew_over_another_run_that_stopped(base: Path, forms: Path, tmp_path: Path) -> None:
    plan = Plan((forms,), tmp_path / "out", str(base), knobs=KNOBS)
    with pytest.raises(Killed):
        run(plan, kill_at(1))
    with pytest.raises(InvalidRequest, match="other knobs"):
        run(replace(plan, knobs=replace(KNOBS, seed=9)), silent)
    run(replace(plan, knobs=replace(KNOBS, seed=9), overwrite=True), silent)


def test_it_starts_from_what_the_command_says(
    base: Path, forms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Plan] = []

    def note(plan: Plan, *_: object) -> str:
        started.append(plan)
        return "done"

    monkeypatch.setenv("ML_SERVER_KEY_VALUE_MODEL", str(tmp_path / "learnt_these_pages"))
    said = command(forms, "--model", base, "--out", tmp_path / "out")
    assert f"starts from {base.name}, on 1 pages; 1 held out" in said.stderr
    monkeypatch.setattr("ml_server.training.run.run", note)
    assert command(forms, "--out", tmp_path / "other").exit_code == 0
    assert [plan.start for plan in started] == [""], "the shipped one, as --help says"


def test_labels_alone_say_what_becomes_of_the_links(base: Path, forms: Path, tmp_path: Path) -> None:
    first, said = tmp_path / "joint", list[str]()
    run(Plan((forms,), first, str(base), knobs=KNOBS), silent, said.append)
    run(Plan((forms,), tmp_path / "ser", str(first), knobs=replace(KNOBS, task="ser")), silent, said.append)
    starts, again, warning = said
    assert starts.startswith("starts from base")
    assert again.startswith("starts from")
    assert "links may get worse" in warning
