"""The store, the documents' parts and fingerprints, who is better, and the commands."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_forms
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.engines.layoutlm import model_source
from ml_server.errors import InvalidRequest
from ml_server.models import documents, promotion, recipe
from ml_server.models.serving import SHIPPED, Serving, ServingFile
from ml_server.models.store import Facts, ModelStore
from ml_server.settings import Settings
from ml_server.training.forms import Form, read_forms


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model as train writes it, but for its weights."""
    made = tmp_path / "model"
    made.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (made / name).write_text("{}")
    (made / "README.md").write_text("---\nlicense: mit\n---\n\n# mine\n\nKnows loans.\n")
    (made / ".checkpoint.pt").write_text("left over")
    return made


@pytest.fixture
def forms(tmp_path: Path) -> list[Form]:
    return read_forms(small_forms.write(tmp_path / "forms"))


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["models", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_a_version_keeps_what_is_known_of_it(home: Path, folder: Path) -> None:
    store = ModelStore("key-values")
    facts = Facts("shipped", "loans", 30, "ab12cd34", "ef", 8, {"SER F1": 0.7}, "shipped", {"SER F1": 0.6})
    added = store.add(folder, facts)
    assert added.version.endswith("-ab12cd")
    assert [each.version for each in store.list()] == [SHIPPED, added.version]
    for name in (added.version, added.reference, "latest"):
        found = store.get(name)
        assert (found.facts, found.created != "") == (facts, True)
    assert not (found.path / ".checkpoint.pt").exists()
    # The engine finds it as it finds any model in BentoML's store, and calls it by its version.
    source = model_source.resolve(added.reference)
    assert (source.path, source.version, source.licence) == (found.path, added.version, "mit")


@pytest.mark.parametrize(("name", "fault"), [("Bad Name", "no name"), ("shipped", "no name"), ("v1", "already")])
def test_names_that_cannot_be(home: Path, folder: Path, name: str, fault: str) -> None:
    store = ModelStore("key-values")
    store.add(folder, Facts(), "v1")
    with pytest.raises(InvalidRequest, match=fault):
        store.add(folder, Facts(), name)
    with pytest.raises(InvalidRequest, match="there are: shipped, v1"):
        store.get("v9")
    with pytest.raises(InvalidRequest, match=r"no config\.json"):
        store.add(home, Facts())
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InvalidRequest, match=r"no tokenizer\.json, vocab\.txt"):
        store.add(folder, Facts())
    (folder / "vocab.txt").write_text("[PAD]\n")  # as a stranger's model comes
    assert store.add(folder, Facts()).version in {each.version for each in store.list()}


def test_a_document_stays_in_its_part(forms: list[Form]) -> None:
    kept, judged = documents.split_by_content(forms, 0.4)
    assert len(kept) + len(judged) == len(forms)
    assert judged
    for count in range(3, len(forms)):
        fewer_kept, fewer_judged = documents.split_by_content(forms[:count], 0.4)
        assert set(fewer_kept) <= set(kept) or not set(fewer_judged) & set(judged), "unless a part would be empty"
    corrected = [
        replace(form, name="renamed", entities=tuple(replace(entity, label="OTHER") for entity in form.entities))
        for form in reversed(forms)
    ]
    again = documents.split_by_content(corrected, 0.4)[1]
    assert {documents.content_key(form) for form in again} == {documents.content_key(form) for form in judged}
    assert documents.split_by_content(forms[:1], 0.4) == (forms[:1], [])
    assert documents.split_by_content(forms, 0.0) == (forms, [])
    assert documents.split_by_content([forms[0], forms[0]], 0.9)[1] == [], "one document, twice"


def test_fingerprints_tell_documents_and_labels_apart(forms: list[Form], tmp_path: Path) -> None:
    seen = documents.fingerprint(forms)
    assert documents.fingerprint([replace(form, name="x") for form in reversed(forms)]) == seen
    other = replace(forms[0], links=())
    assert documents.fingerprint([other, *forms[1:]]) != seen
    read = read_forms(documents.write_jsonl(forms, tmp_path / "all.jsonl"))
    assert documents.fingerprint(read) == seen
    assert [form.name for form in read] == [f"{n:05d}-{form.name}" for n, form in enumerate(forms, start=1)]


def test_equal_is_not_worse_and_pairs_count_where_there_are_any() -> None:
    assert not promotion.loses({"SER F1": 0.5}, {"SER F1": 0.5})
    assert promotion.loses({"SER F1": 0.6, "pairs F1": 0.2}, {"SER F1": 0.5, "pairs F1": 0.4})
    assert promotion.score({"SER F1": 0.6, "RE F1": 1.0, "pairs F1": 0.2}) == 0.4


def test_versions_are_promoted_shared_and_rolled_back_by_command(home: Path, folder: Path) -> None:
    file = ServingFile.of(Settings())
    run("add", str(folder), "--version", "v1", "--data", "loans")
    worse = Facts("v1", compared=SHIPPED, metrics={"SER F1": 0.4}, compared_metrics={"SER F1": 0.5})
    ModelStore("key-values").add(folder, worse, "worse")
    better = replace(worse, metrics={"SER F1": 0.6})
    ModelStore("key-values").add(folder, better, "better")

    assert "--on DIR, or --force" in run("promote", "v1", code=1).stderr, "nothing to compare it on"
    assert "it loses on" in run("promote", "worse", code=1).stderr
    assert file.read() == Serving()
    assert "better serves, instead of shipped (not worse" in run("promote", "better").stdout
    assert "v1 serves, instead of better (by hand" in run("promote", "v1", "--force").stdout
    assert "better gets 10 % of the requests, v1 the others" in run("promote", "better", "--share", "10").stdout
    assert "share traffic with another one" in run("promote", "v1", "--share", "10", code=2).stderr
    assert (file.read().version, file.read().shared, file.read().share) == ("v1", "better", 10)
    shown = json.loads(run("list", "--json").stdout)
    assert shown["serving"]["version"] == "v1"
    assert [version["version"] for version in shown["versions"]] == [SHIPPED, "v1", "worse", "better"]
    table = run("list").stdout
    assert "90 %" in table
    assert "10 %" in table
    assert "v1 serves, better gets no share any more" in run("rollback").stdout
    assert "better serves, instead of v1" in run("rollback").stdout
    assert "shipped serves, instead of better" in run("rollback").stdout
    assert "nothing served before shipped" in run("rollback", code=2).stderr
    assert "there are: shipped, v1, worse, better" in run("promote", "v9", code=2).stderr


def test_a_version_is_shown_with_its_card(home: Path, folder: Path) -> None:
    run("add", str(folder), "--version", "v1", "--data", "loans")
    assert "Knows loans." in run("show", "v1").stdout
    assert json.loads(run("show", "v1", "--json").stdout)["data"] == "loans"
    assert json.loads(run("jobs", "--json").stdout) == []


def test_a_bound_server_is_pointed_out(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("add", str(folder), "--version", "v1")
    monkeypatch.setenv("ML_SERVER_KEY_VALUE_MODEL", "mine:v9")
    assert "stay with that model" in run("promote", "v1", "--force").stderr


@pytest.mark.parametrize("share", [50, 0])
def test_traffic_that_is_shared_stays_so_whatever_a_training_makes(
    home: Path, forms: list[Form], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    file = ServingFile.of(Settings())
    file.write(shared := Serving().sharing("v1", share, "by hand"))

    told = list[str]()

    def trained(plan: Any, progress: Any, say: Any) -> None:
        say("warning: as training says it")
        shutil.copytree(folder, plan.out, dirs_exist_ok=True)

    monkeypatch.setattr("ml_server.training.run.run", trained)
    monkeypatch.setattr(recipe, "_judged", lambda *asked: {"SER F1": 0.5})  # both alike: a reason to promote
    wanted = recipe.Recipe((tmp_path / "forms",), tmp_path / "work", "loans", held_out=0.3, version="v2")
    made = recipe.fine_tune(wanted, Settings(), lambda *_: None, told.append)
    assert told == ["warning: as training says it"]
    assert made.message.startswith("kept, not promoted: traffic is shared with v1. ")
    assert (made.promoted, file.read()) == (False, shared)
    assert [each.version for each in ModelStore("key-values").list()] == [SHIPPED, "v2"]
    file.write(shared.rolled_back("by hand"))
    assert recipe.fine_tune(replace(wanted, version="v3"), Settings(), lambda *_: None, told.append).promoted


def test_train_asks_for_a_place(forms: list[Form], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(tmp_path / "forms")])
    assert (done.exit_code, "--add-to-store" in done.stderr) == (2, True)
    done = CliRunner().invoke(app, ["train", str(tmp_path / "forms"), "--out", str(tmp_path / "out"), "--promote"])
    assert (done.exit_code, "need --add-to-store" in done.stderr) == (2, True)
    done = CliRunner().invoke(app, ["train", str(tmp_path / "forms"), "--add-to-store", "--model", "mine"])
    assert (done.exit_code, "--from-version" in done.stderr) == (2, True)


def test_train_passes_on_all_that_shapes_a_version(
    home: Path, forms: list[Form], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[recipe.Recipe] = []

    def not_now(wanted: recipe.Recipe, settings: Settings, *tell: object) -> recipe.Made:
        asked.append(wanted)
        raise InvalidRequest("not now")

    monkeypatch.setattr(recipe, "fine_tune", not_now)
    options = {
        "--held-out": "0.3", "--epochs": "3", "--task": "ser", "--learning-rate": "0.001", "--patience": "4",
        "--seed": "5", "--threads": "2", "--name": "loans", "--version": "v7", "--licence": "MIT",
        "--from-version": "v6", "--out": str(tmp_path / "out"),
    }  # fmt: skip
    flat = [part for option in options.items() for part in option]
    done = CliRunner().invoke(app, ["train", str(tmp_path / "forms"), "--add-to-store", "--promote", *flat])
    assert (done.exit_code, "not now" in done.stderr) == (2, True)
    assert asked == [
        recipe.Recipe(
            folders=(tmp_path / "forms",), work=tmp_path / "out", data="loans", start="v6", held_out=0.3, epochs=3.0,
            task="ser", learning_rate=0.001, patience=4, seed=5, threads=2, version="v7", promote=True, licence="MIT",
        )
    ]  # fmt: skip
