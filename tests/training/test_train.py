"""Training on a handful of pages with a network of toy size: it learns, stops, goes on, and writes what serve loads."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tiny_forms import write_folder
from tiny_model import QUICK, pages_of, silent, write_model
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.document import Line, OCRPage, Word
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.layoutlm.engine import LayoutLMExtractor
from ml_server.errors import InvalidRequest
from ml_server.geometry import box_to_polygon
from ml_server.training.augment import Noise, augment, line_order
from ml_server.training.examples import TAGS, LabelledPage, example
from ml_server.training.forms import read_folder
from ml_server.training.ocr_noise import relabel
from ml_server.training.run import Plan, run
from ml_server.training.train import train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forms")


def test_it_learns_the_pages_and_serve_loads_the_result(base: Path, forms: Path, tmp_path: Path) -> None:
    pages = pages_of(forms)
    scores = train(pages, pages, base, tmp_path / "out", QUICK, "t1", silent)
    assert scores.ser_f1 == 1.0
    assert scores.re_f1 == 1.0
    assert not (tmp_path / "out" / ".checkpoint.pt").exists()
    curve = json.loads((tmp_path / "out" / "curve.json").read_text())
    assert curve[0]["ser"] > curve[-1]["ser"]
    engine = LayoutLMExtractor(ExtractorConfig(model=str(tmp_path / "out")))
    assert engine.model_version == "t1"
    truth = pages[0]
    tags = engine.label_words([(truth.page.texts, truth.page.boxes, (1000, 1000))])[0]
    assert [tag for tag in tags if tag.endswith("QUESTION")]
    assert (tmp_path / "out" / "model.safetensors").stat().st_mode & 0o444 == 0o444


def test_a_stopped_run_goes_on_to_the_same_end(base: Path, forms: Path, tmp_path: Path) -> None:
    knobs = replace(QUICK, epochs=6, checkpoint_every_s=0, patience=99)
    pages = pages_of(forms)

    class Stop(Exception):
        """Like a kill."""

    def stop_late(step: int, steps: int, line: str) -> None:
        if step == steps // 2 + 1:
            raise Stop

    whole = train(pages, pages, base, tmp_path / "whole", knobs, "1", silent)
    with pytest.raises(Stop):
        train(pages, pages, base, tmp_path / "parts", knobs, "1", stop_late)
    assert (tmp_path / "parts" / ".checkpoint.pt").is_file()
    with pytest.raises(InvalidRequest, match="other knobs"):
        train(pages, pages, base, tmp_path / "parts", replace(knobs, seed=8), "1", silent)
    assert train(pages, pages, base, tmp_path / "parts", knobs, "1", silent) == whole
    one, other = ((tmp_path / name / "curve.json").read_text() for name in ("whole", "parts"))
    losses = [[(look["step"], round(look["ser"], 4)) for look in json.loads(text)] for text in (one, other)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("task", ["ser", "re"])
def test_one_task_alone(base: Path, forms: Path, tmp_path: Path, task: Literal["ser", "re"]) -> None:
    pages = pages_of(forms)
    train(pages, [], base, tmp_path / "out", replace(QUICK, epochs=2, task=task), "1", silent)
    stated = json.loads((tmp_path / "out" / "ml_server.json").read_text())
    assert stated["relation_head"] is (task == "re")
    LayoutLMExtractor(ExtractorConfig(model=str(tmp_path / "out"))).extract([])


def test_the_command_writes_a_card_and_says_what_is_wrong(base: Path, forms: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    command = ["train", str(forms), "--model", str(base), "--out", str(out), "--epochs", "1", "--held-out", "0.5"]
    done = CliRunner().invoke(app, [*command, "--licence", "mit", "--version", "3"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out)
    card = (out / "README.md").read_text()
    assert "license: mit" in card
    assert "version: '3'" in card
    (tmp_path / "empty").mkdir()
    wrong = CliRunner().invoke(app, ["train", str(tmp_path / "empty"), "--out", str(out), "--model", str(base)])
    assert wrong.exit_code == 2
    assert "annotations" in wrong.output


def test_weights_that_are_not_free_stay_under_their_licence(base: Path, forms: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    for file in base.iterdir():
        (closed / file.name).write_bytes(file.read_bytes())
    (closed / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    plan = Plan((forms,), tmp_path / "out", str(closed), allow_noncommercial=True, licence="mit",
                knobs=replace(QUICK, epochs=1))  # fmt: skip
    with pytest.raises(InvalidRequest, match="cc-by-nc"):
        run(plan, silent)
    run(replace(plan, licence=""), silent)
    assert "license: cc-by-nc-4.0" in (tmp_path / "out" / "README.md").read_text()


def test_every_variation_keeps_the_truth_true(forms: Path) -> None:
    noise = Noise(lines=0.5, split=0.5, affine=1, upper=0.5, characters=0.2, confused_pages=0.5, lost=0.3)
    for seed in range(200):
        for truth in pages_of(forms):
            varied = augment(truth, noise, random.Random(seed))
            words = sorted(word for _, own in varied.entities for word in own)
            assert words == list(range(len(varied.page.texts)))
            assert all(varied.page.texts)
            assert varied.page.boxes.min() >= 0
            assert varied.page.boxes.max() <= 1000
            for tail, heads in enumerate(varied.heads):
                for head in heads:
                    assert (varied.entities[head][0], varied.entities[tail][0]) in {
                        ("QUESTION", "ANSWER"),
                        ("HEADER", "QUESTION"),
                    }


def test_words_of_two_columns_come_line_by_line() -> None:
    boxes = np.array([[0, 0, 100, 10], [0, 15, 100, 25], [110, 0, 200, 10], [110, 15, 200, 25]], float)
    assert line_order(boxes) == [0, 2, 1, 3]


def test_an_example_of_a_long_page_is_a_part_of_it(base: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    words = [f"word{i}" for i in range(600)]
    from ml_server.engines.layoutlm.words import page_words

    page = page_words(words, [[0, i, 50, i + 1] for i in range(600)], 100, 600)
    entities = tuple(("QUESTION" if i % 2 == 0 else "ANSWER", (2 * i, 2 * i + 1)) for i in range(300))
    truth = LabelledPage(page, entities, tuple((i - 1,) if i % 2 else () for i in range(300)))
    part = example(truth, tokenizer, 128, random.Random(4))
    assert len(part.pieces) <= 128
    assert len(part.tags) == len(part.starts)
    assert {TAGS[tag] for tag in part.tags} == {"B-QUESTION", "I-QUESTION", "B-ANSWER", "I-ANSWER"}
    assert (part.gold.sum(1) == 1).all()


def test_words_as_an_engine_read_them_get_the_truth_below_them(forms: Path) -> None:
    form = read_folder(forms)[0]
    joined = Word("Name:Kim", 0.9, box_to_polygon((12, 31, 112, 41)))  # lies over 'Name:' more than over 'Kim'
    header = Word("L0an", 0.8, box_to_polygon((10, 5, 50, 17)))
    noise = Word("~", 0.4, box_to_polygon((250, 100, 260, 110)))
    lines = tuple(Line(word.text, 0.9, word.bbox, (word,)) for word in (header, joined, noise))
    page = OCRPage(lines, form.width, form.height, "english", "x", "x")
    found = relabel(form, page)["form"]
    assert [(entity["label"], entity["text"]) for entity in found] == [
        ("header", "L0an"),
        ("question", "Name:Kim"),
        ("other", "~"),
    ]
    assert found[0]["linking"] == found[1]["linking"] == [[0, 1]]
