"""With a real Label Studio: connect, predict from its own API, look, correct, export, train, serve, predict again.

Not part of the default run, because Label Studio takes minutes to install: ``make test ARGS="-m label_studio"``.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import browser
import pytest
from real_label_studio import LabelStudio
from running_server import RunningServer, running

from ml_server.training.forms import read_forms
from ml_server.training.synthetic.render import chromium

pytestmark = [
    pytest.mark.label_studio,
    pytest.mark.label_studio_core,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium"),
]

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"HEADER": "#8e44ad", "QUESTION": "#2980b9", "ANSWER": "#27ae60", "OTHER": "#7f8c8d"}
LABELS = "".join(f'<Label value="{name}" background="{colour}"/>' for name, colour in COLOURS.items())
CONFIG = f"""<View><Image name="image" value="$image" zoom="true"/>
<RectangleLabels name="label" toName="image" strokeWidth="2">{LABELS}</RectangleLabels>
<TextArea name="text" toName="image" perRegion="true" editable="true" displayMode="region-list"/></View>"""
READING = {"engine": "tesseract", "lang": "korean+english", "preload": "", "replicas": "1"}
LAYOUTLM = {"ML_SERVER_ENGINE": "tesseract", "ML_SERVER_LANG": "korean+english", "OMP_NUM_THREADS": "1"}


@contextmanager
def serving(folder: Path, studio: LabelStudio, **settings: str) -> Iterator[RunningServer]:
    """Our server, which knows the Label Studio."""
    folder.mkdir()
    known = {"label_studio_url": studio.url, "label_studio_api_key": studio.personal_token}
    with running(folder, None, **READING, **known, **settings) as server:
        yield server


def command(studio: LabelStudio, home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``ml-server …`` with the user's personal token and folders of its own."""
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.personal_token}
    variables |= {"XDG_STATE_HOME": str(home / "state"), "BENTOML_HOME": str(home / "bentoml"), **LAYOUTLM}
    program = str(Path(sys.executable).with_name("ml-server"))
    return subprocess.run(
        [program, *arguments], env=os.environ | variables | environment, capture_output=True, text=True, check=False
    )


def connect(studio: LabelStudio, project: int, url: str) -> None:
    """Add an ML backend to the project, as Settings, Model does."""
    studio.post("/api/ml/", {"project": project, "url": url, "title": "ml_server"})


def retrieve(studio: LabelStudio, project: int) -> Any:
    """The Data Manager's "Retrieve predictions" for all tasks."""
    everything = {"all": True, "excluded": []}
    return studio.post(
        f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}",
        {"project": str(project), "selectedItems": everything, "ordering": [], "filters": None},
    )


def test_from_a_prediction_to_a_corrected_and_retrained_model(studio: LabelStudio, tmp_path: Path) -> None:
    project = studio.project("loop", CONFIG)
    invoices = [ROOT / "samples" / f"invoice_{language}.png" for language in ("english", "korean")]
    tasks = studio.upload(project, invoices)

    # Connected as an ML backend, asked by the UI.
    with serving(tmp_path / "first", studio) as server:
        connect(studio, project, f"{server.http}/label-studio")
        retrieve(studio, project)
    shown = {task: studio.predictions(task) for task in tasks}
    assert all(len(found) == 1 for found in shown.values()), server.log.read_text()[-3000:]
    (before,) = {found[0]["model_version"] for found in shown.values()}
    texts = [item["value"]["text"][0] for item in shown[tasks[0]][0]["result"] if item["type"] == "textarea"]
    assert any("NP-2026-00831" in text for text in texts)
    assert any(item["type"] == "relation" for item in shown[tasks[0]][0]["result"])

    # Seen on the page, where the words are.
    screenshot = Path(os.environ.get("ML_SERVER_TEST_SCREENSHOTS") or tmp_path) / "prediction.png"
    result = [item for item in shown[tasks[0]][0]["result"] if item["type"] != "relation"]
    studio.session.patch(f"/api/predictions/{shown[tasks[0]][0]['id']}/", json={"result": result}).raise_for_status()
    with browser.browser(studio) as page:
        browser.open_task(page, studio, project, tasks[0])
        drawn = browser.edges_drawn(page, result, COLOURS, screenshot)
        assert "NP-2026-00831" in page.content()
    assert len(drawn) > 60
    assert sum(share > 0.8 for share in drawn) > 0.9 * len(drawn), sorted(drawn)[:10]

    # Corrected: the number's region becomes a header, with another text.
    for task in tasks:
        corrected = copy.deepcopy(studio.predictions(task)[0]["result"])
        region = next(item["id"] for item in corrected if item["type"] == "textarea")
        for item in corrected:
            if item.get("id") == region:
                changes = {"rectanglelabels": ["HEADER"]} if item["type"] == "rectanglelabels" else {"text": ["고침"]}
                item["value"].update(changes)
        studio.annotate(task, corrected)

    # Exported, trained, and serving: the same tasks get a prediction of the new version.
    exported = command(
        studio, tmp_path, "label-studio", "export", "-p", str(project), str(tmp_path / "forms"), "--json"
    )
    assert exported.returncode == 0, exported.stderr
    assert json.loads(exported.stdout)["written"] == len(tasks)
    forms = read_forms(tmp_path / "forms")
    assert [next((each.label for each in form.entities if each.text == "고침"), "") for form in forms] == ["HEADER"] * 2
    out = tmp_path / "model"
    trained = command(
        studio, tmp_path, "train", str(tmp_path / "forms"), "--out", str(out), "--epochs", "1", "--held-out", "0",
        "--name", "corrected", "--version", "2.0.0", "--licence", "Apache-2.0",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr[-3000:]
    added = command(studio, tmp_path, "models", "add", str(out), "--version", "2.0.0")
    assert added.returncode == 0, added.stderr
    promoted = command(studio, tmp_path, "models", "promote", "2.0.0", "--force")
    assert promoted.returncode == 0, promoted.stderr
    again = command(studio, tmp_path, "label-studio", "predict", "-p", str(project), "--replicas", "1", "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (told["done"], told["model_version"] != before) == (len(tasks), True)
    for task in tasks:
        assert sorted(each["model_version"] for each in studio.predictions(task)) == sorted(
            [before, told["model_version"]]
        )
    assert all(len(task["annotations"]) == 1 for task in studio.tasks(project)), "corrections stay"
