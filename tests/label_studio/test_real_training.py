"""A real Label Studio tells of corrections, and a training job makes a version of them that serves: nobody else acts.

Not part of the default run, as tests/label_studio/test_real_loop.py is not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pages import png
from real_label_studio import LabelStudio
from running_server import free_port
from test_real_loop import CONFIG, connect, retrieve

from ml_server.models.job_files import Job, JobFiles
from ml_server.models.serving import SHIPPED, ServingFile, state_folder
from ml_server.models.store import ModelStore
from ml_server.settings import Settings

pytestmark = [pytest.mark.label_studio, pytest.mark.timeout(1200)]

ROWS = (("HEADER", "Loan Form", 10), ("QUESTION", "Name:", 40), ("ANSWER", "Kim Minsu", 40))


def corrected(number: int) -> list[dict[str, Any]]:
    """What an annotator submits: a title, and a question with its answer."""
    found: list[dict[str, Any]] = []
    for label, text, top in ROWS:
        box = {"x": 60 if label == "ANSWER" else 5, "y": top, "width": 30, "height": 15, "rotation": 0}
        about = {"id": label, "to_name": "image", "original_width": 300 + number, "original_height": 90}
        found.append(
            about | {"from_name": "label", "type": "rectanglelabels", "value": box | {"rectanglelabels": [label]}}
        )
        found.append(about | {"from_name": "text", "type": "textarea", "value": box | {"text": [f"{text} {number}"]}})
    return [*found, {"type": "relation", "from_id": "QUESTION", "to_id": "ANSWER", "direction": "right"}]


@contextmanager
def backend(studio: LabelStudio, log: Path, **environment: str) -> Iterator[str]:
    """``ml-server label-studio backend`` that knows where Label Studio is by its command line alone."""
    port = free_port()
    variables = {name: value for name, value in os.environ.items() if "LABEL_STUDIO" not in name} | environment
    tool = str(Path(sys.executable).with_name("ml-server"))
    with log.open("w") as output:
        process = subprocess.Popen(
            [tool, "label-studio", "backend", "--port", str(port), "--url", studio.url],
            env=variables | {"LABEL_STUDIO_API_KEY": studio.personal_token}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 300
            while not _answers(f"{url}/versions"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).is_success
    except httpx.TransportError:
        return False


def over(jobs: JobFiles, count: int) -> Job:
    """The last of so many jobs, when it is over."""
    deadline = time.monotonic() + 600
    while len(found := jobs.all()) < count or not found[-1].over:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found[-1]


def test_corrections_retrain_the_model_that_serves(studio: LabelStudio, home: Path, tmp_path: Path) -> None:
    project = studio.project("training", CONFIG)
    pictures = []
    for number in range(6):
        pictures.append(tmp_path / f"{number}.png")
        pictures[-1].write_bytes(png(300 + number, 90))
    tasks = studio.upload(project, pictures)
    settings = {
        "ML_SERVER_ENGINE": "mock", "ML_SERVER_PRELOAD": "", "ML_SERVER_TRAIN_EPOCHS": "0.1",
        "ML_SERVER_TRAIN_THREADS": "1", "ML_SERVER_TRAIN_HELD_OUT": "0.3", "ML_SERVER_LABEL_STUDIO_TRAIN_AFTER": "4",
        "ML_SERVER_HTTP_HOST": "127.0.0.1",
    }  # fmt: skip
    jobs = JobFiles(state_folder(Settings()) / "jobs")
    with backend(studio, tmp_path / "backend.log", **settings) as url:
        connect(studio, project, url)
        actions = ["ANNOTATION_CREATED", "ANNOTATION_UPDATED"]
        webhook = {"project": project, "url": f"{url}/webhook", "actions": actions, "send_for_all_actions": False}
        studio.post("/api/webhooks/", webhook)
        for number, task in enumerate(tasks[:4]):
            studio.annotate(task, corrected(number))
        first = over(jobs, 1)
        assert (first.state, first.why) == ("done", "4 new annotations"), first
        version = ModelStore("key-values").list()[-1]
        assert (first.version, version.facts.parent) == (version.version, SHIPPED)
        assert version.facts.documents + version.facts.held_out_documents == 4
        serves = ServingFile.of(Settings()).read().version
        assert serves == (version.version if first.promoted else SHIPPED)

        if first.promoted:
            deadline = time.monotonic() + 120
            while not httpx.get(f"{url}/versions").json()["versions"][0].startswith(f"{version.version} + mock"):
                assert time.monotonic() < deadline, (tmp_path / "backend.log").read_text()
                time.sleep(0.5)
        retrieve(studio, project)
        (answered,) = {each["model_version"] for task in tasks for each in studio.predictions(task)}
        assert answered.startswith(version.version if first.promoted else "1.")

        # The button; the export of before is gone on with.
        studio.annotate(tasks[4], corrected(4))
        (connected,) = studio.get("/api/ml", project=project)
        studio.post(f"/api/ml/{connected['id']}/train", {})
        second = over(jobs, 2)
        assert second.state == "done", second
        assert (
            "1 written, 4 unchanged" in Path(second.log).read_text() or '"unchanged": 4' in Path(second.log).read_text()
        )
    assert studio.personal_token not in (tmp_path / "backend.log").read_text() + Path(second.log).read_text()
    assert all(len(task["annotations"]) == (task["id"] != tasks[5]) for task in studio.tasks(project))
