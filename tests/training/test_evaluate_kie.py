"""``ml-server evaluate kie`` on a small folder with a stand-in for the extractor."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tiny_forms import write_folder
from typer.testing import CliRunner, Result

from ml_server.cli import app
from ml_server.document import OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.engines.extractor import ExtractorConfig, KeyValueExtractor
from ml_server.engines.extractors import ExtractorFactory
from ml_server.errors import EngineUnavailable
from ml_server.key_value import KeyValue, KeyValuePage
from ml_server.training.forms import read_forms
from ml_server.training.gold_pages import entities_of, gold_page, words_of

Words = tuple[Sequence[str], npt.NDArray[np.float64], tuple[int, int]]


class StandIn(KeyValueExtractor):
    """Whatever ends in a colon is a question; the rest of its line, or the next line, is the answer."""

    name = "stand-in"
    install = ""

    def __init__(self, config: ExtractorConfig) -> None:
        self.config = config
        sys.stdout.write("a framework's chatter\n")

    @classmethod
    def describe(cls, config: ExtractorConfig) -> EngineInfo:
        return EngineInfo(cls.name, True)

    def extract(self, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        return [self._page(page) for page in pages]

    def _page(self, page: OCRPage) -> KeyValuePage:
        pairs = tuple(
            KeyValue(key.text, value.text, 1.0, key.bbox, value.bbox)
            for key, value in zip(page.lines, page.lines[1:], strict=False)
            if key.text.endswith(":")
        )
        model = f"stand-in {self.config.model or 'shipped'}"
        return KeyValuePage(
            (), (), pairs, page.width, page.height, page.language, page.engine, page.model_version, model
        )

    def label_words(self, pages: Sequence[Words]) -> list[list[str]]:
        for texts, boxes, (width, height) in pages:
            assert boxes.shape == (len(texts), 4)
            assert min(width, height) > 100
        return [["B-QUESTION" if text.endswith(":") else "B-ANSWER" for text in texts] for texts, _, _ in pages]

    def link_entities(
        self, pages: Sequence[tuple[*Words, Sequence[tuple[str, tuple[int, ...]]]]]
    ) -> list[list[tuple[int, int, float]]]:
        found = []
        for texts, _, _, entities in pages:
            assert [index for _, words in entities for index in words] == list(range(len(texts)))
            labels = [label for label, _ in entities]
            found.append([(i, i + 1, 1.0) for i, label in enumerate(labels[:-1]) if label == "QUESTION"])
        return found


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExtractorFactory, "create", lambda name, config: StandIn(config))
    monkeypatch.setattr("ml_server.logs.configure", lambda level, style: None)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forms")


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "kie", *map(str, arguments)])


def scores(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_json(folder: Path) -> None:
    found = scores(evaluate(folder, "--json"))
    # Gold: 1 header, 3 questions, 4 answers. Found: 3 questions and 9 answers, three of them right.
    assert found["ser"]["labels"]["QUESTION"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 3}
    assert (found["ser"]["precision"], found["ser"]["recall"]) == (0.5, 0.75)
    assert (found["ser"]["f1"], found["ser"]["word_accuracy"]) == (0.6, 0.6667)
    # The second answer to "Name:" is found by nobody.
    assert found["re_gold"] == {
        "precision": 1.0, "recall": 0.75, "f1": 0.8571, "support": 4,
        "header_question": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 2},
    }  # fmt: skip
    assert found["pairs"] == {"precision": 1.0, "recall": 0.75, "f1": 0.8571, "support": 4}
    assert (found["ocr"], found["model"], found["pages"]) == ("gold", "stand-in shipped", 2)
    assert found["ocr_words"] is None
    assert found["seconds"] >= 0


def test_options(folder: Path, tmp_path: Path) -> None:
    found = scores(evaluate(folder, "--json", "--limit", 1, "--model", "mine:1"))
    assert (found["pages"], found["model"]) == (1, "stand-in mine:1")
    lines = tmp_path / "forms.jsonl"
    line = json.loads((folder / "annotations" / "b.json").read_text(encoding="utf-8"))
    lines.write_text(json.dumps(line), encoding="utf-8")
    assert scores(evaluate(lines, "--json"))["pairs"]["f1"] == 1.0


def test_tables_and_picture(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "confusion.png"
    result = evaluate(folder, "--confusion", picture)
    assert result.exit_code == 0, result.stderr
    for text in ("QUESTION", "RE, gold entities", "end to end", "85.7", "words by label: 66.7% right"):
        assert text in result.stdout
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 500
        assert len(drawn.convert("RGB").getcolors(2**16) or ()) > 10


def test_the_table_says_whose_words_were_measured(folder: Path, tmp_path: Path) -> None:
    result = evaluate(folder, "--ocr", "mock", "--lang", "ko", "--confusion", tmp_path / "confusion.png")
    assert result.exit_code == 0, result.stderr
    for text in ("entities (SER, gold words)", "RE, gold entities", "words as read", "end to end (mock words)"):
        assert text in result.stdout
    assert (tmp_path / "confusion.png").is_file()


def test_an_engine_reads_the_images(folder: Path) -> None:
    found = scores(evaluate(folder, "--json", "--ocr", "mock", "--lang", "ko"))
    given = scores(evaluate(folder, "--json"))
    assert (found["ser"], found["re_gold"]) == (given["ser"], given["re_gold"]), "of the annotations' words, as ever"
    assert (found["ocr"], list(found)) == ("mock", list(given))
    assert found["pairs"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 4}
    assert found["ocr_words"]["support"] == 12


def test_what_cannot_be_done_is_said_plainly(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        (evaluate(tmp_path), 1, "annotations/"),
        (evaluate(tmp_path / "absent"), 2, "does not exist"),
        (evaluate(folder, "--ocr", "magic"), 3, "magic"),
        (evaluate(folder, "--confusion", tmp_path / "absent" / "x.png"), 1, "absent"),
        (evaluate(folder, "--confusion", tmp_path / "x.xyz"), 1, "xyz"),
    ]
    (folder / "images" / "b.png").unlink()
    cases.append((evaluate(folder, "--ocr", "mock"), 1, "the first is b"))
    (folder / "annotations" / "b.json").write_text("{")
    cases.append((evaluate(folder, "--json"), 1, "b.json: damaged"))

    def refuse(name: str, config: ExtractorConfig) -> KeyValueExtractor:
        raise EngineUnavailable("its licence is refused")

    (folder / "annotations" / "b.json").unlink()
    monkeypatch.setattr(ExtractorFactory, "create", refuse)
    cases.append((evaluate(folder, "--json"), 3, "its licence is refused"))
    for result, code, text in cases:
        assert (result.exit_code, result.stdout) == (code, ""), result.stderr
        assert text in result.stderr
        assert "Traceback" not in result.stderr


def test_gold_pages_hold_every_word_once_in_rows(folder: Path) -> None:
    form = read_forms(folder)[0]
    page = gold_page(form, "korean")
    texts, boxes = words_of(form)
    assert [word.text for line in page.lines for word in line.words] == texts
    assert boxes.shape == (len(texts), 4)
    assert [line.text for line in page.lines][:4] == ["Loan Form", "Name:", "Kim Minsu", "Director"]
    assert page.lines[2].bbox == ((80.0, 30.0), (190.0, 30.0), (190.0, 42.0), (80.0, 42.0))
    assert entities_of(form)[:3] == [("HEADER", (0, 1)), ("QUESTION", (2,)), ("ANSWER", (3, 4))]


def test_gold_lines_end_with_the_row_and_words_have_no_spaces(tmp_path: Path) -> None:
    words = [
        {"text": "두 줄", "box": [10, 10, 40, 20]},
        {"text": "여기", "box": [50, 11, 70, 21]},
        {"text": "아래", "box": [10, 25, 30, 35]},
        {"text": "왼쪽", "box": [0, 25, 9, 35]},
    ]
    file = tmp_path / "f.jsonl"
    entity = {"id": 0, "label": "answer", "words": words}
    file.write_text(json.dumps({"form": [entity], "width": 100, "height": 50}), encoding="utf-8")
    page = gold_page(read_forms(file)[0], "korean")
    assert [line.text for line in page.lines] == ["두 줄 여기", "아래", "왼쪽"]
    assert [word.bbox[0] for word in page.lines[0].words] == [(10.0, 10.0), (30.0, 10.0), (50.0, 11.0)]
