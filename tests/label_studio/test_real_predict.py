"""``predict`` and ``sync`` with a real Label Studio: killed, left alone for half a minute, stopped, watching."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from pages import png
from real_command import Command, project_of, versions
from real_label_studio import LabelStudio

pytestmark = [pytest.mark.label_studio, pytest.mark.timeout(600)]


@pytest.fixture
def command(studio: LabelStudio, tmp_path: Path) -> Command:
    return Command(studio, tmp_path)


def wait_for_some(studio: LabelStudio, project: int, process: subprocess.Popen[str]) -> None:
    """Until the run has posted a few predictions."""
    deadline = time.monotonic() + 120
    while sum(versions(studio, project).values()) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_killed_twice_every_task_is_predicted_exactly_once(studio: LabelStudio, tmp_path: Path) -> None:
    project, tasks = project_of(studio, tmp_path, 24)
    theirs = studio.post("/api/predictions/", {"task": tasks[0], "result": [], "score": 0.1, "model_version": "theirs"})
    command = Command(studio, tmp_path, delay_s=1.0)
    for _ in range(2):
        process = command.start("predict", "-p", str(project), "--json")
        before = sum(versions(studio, project).values())
        deadline = time.monotonic() + 120
        while sum(versions(studio, project).values()) < before + 4:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    code, out, err = command.run("predict", "-p", str(project), "--json")
    assert code == 0, err
    told = json.loads(out)
    assert 0 < told["done"] < len(tasks)
    assert told["done"] + told["skipped"] == len(tasks)
    found = versions(studio, project)
    assert found == Counter({(task, told["model_version"]): 1 for task in tasks} | {(tasks[0], "theirs"): 1})
    assert any(each["id"] == theirs["id"] for each in studio.predictions(tasks[0]))


def test_label_studio_is_gone_for_half_a_minute_and_the_run_goes_on(studio: LabelStudio, tmp_path: Path) -> None:
    project, tasks = project_of(studio, tmp_path, 16)
    process = Command(studio, tmp_path, delay_s=0.5).start("predict", "-p", str(project), "--json")
    wait_for_some(studio, project, process)
    studio.stop()
    time.sleep(30)
    assert process.poll() is None
    studio.start()
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "does not answer" in err
    assert "is back" in err
    told = json.loads(out)
    assert (told["failed"], told["done"] + told["skipped"]) == (0, len(tasks))
    assert versions(studio, project) == Counter({(task, told["model_version"]): 1 for task in tasks})


def test_stopped_it_ends_cleanly_and_two_runs_do_not_overlap(studio: LabelStudio, tmp_path: Path) -> None:
    project, tasks = project_of(studio, tmp_path, 20)
    command = Command(studio, tmp_path, delay_s=0.5)
    process = command.start("predict", "-p", str(project), "--watch", "1s", "--json")
    wait_for_some(studio, project, process)
    code, _, err = command.run("predict", "-p", str(project))
    assert (code, "another run is at work" in err) == (1, True)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False)
    first = json.loads(out.splitlines()[0])
    assert first["stopped"]
    found = versions(studio, project)
    assert first["done"] == sum(found.values()) < len(tasks), "what was in work is there, and counted"
    assert set(found.values()) == {1}


def test_watching_sees_new_tasks(studio: LabelStudio, tmp_path: Path) -> None:
    project, _ = project_of(studio, tmp_path, 1)
    process = Command(studio, tmp_path).start("predict", "-p", str(project), "--watch", "1s")
    try:
        deadline = time.monotonic() + 120
        while len(versions(studio, project)) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (tmp_path / "late.png").write_bytes(png(99, 40))
        studio.upload(project, [tmp_path / "late.png"])
        while len(versions(studio, project)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_watching_labels_regions_once_somebody_has_drawn_them(
    studio: LabelStudio, command: Command, tmp_path: Path
) -> None:
    project, tasks = project_of(studio, tmp_path, 2)
    command.environment["ML_SERVER_LABEL_STUDIO_PREDICT"] = "key_values"
    code, out, err = command.run("predict", "-p", str(project))
    assert (code, "0 failed, 2 skipped, 2 of them without regions to label" in out) == (0, True), err
    process = command.start("predict", "-p", str(project), "--watch", "1s", "--json")
    try:
        about = {"id": "r", "to_name": "image", "original_width": 60, "original_height": 40}
        where = {"x": 5, "y": 5, "width": 60, "height": 40, "rotation": 0}
        box = about | {
            "type": "rectanglelabels",
            "from_name": "label",
            "value": where | {"rectanglelabels": ["ANSWER"]},
        }
        text = about | {"type": "textarea", "from_name": "text", "value": where | {"text": ["Date:"]}}
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["without_regions"] == 2
        studio.annotate(tasks[0], [box, text])
        deadline = time.monotonic() + 120
        while not versions(studio, project):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert [task for task, _ in versions(studio, project)] == [tasks[0]]


def test_interrupted_twice_it_ends_at_once_and_says_what_was_done(studio: LabelStudio, tmp_path: Path) -> None:
    project, _ = project_of(studio, tmp_path, 12)
    process = Command(studio, tmp_path, delay_s=3.0).start("predict", "-p", str(project), "--json")
    wait_for_some(studio, project, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err, json.loads(out)["stopped"]) == (130, False, True), err


def test_tasks_that_fail_are_listed_and_taken_again(studio: LabelStudio, command: Command, tmp_path: Path) -> None:
    project, tasks = project_of(studio, tmp_path, 2)
    studio.post(f"/api/projects/{project}/import", [{"image": "/data/upload/1/gone.png"}])
    failures = tmp_path / "failures.jsonl"
    code, out, _ = command.run("predict", "-p", str(project), "--failures", str(failures), "--json")
    told = json.loads(out)
    assert (code, told["done"], told["failed"]) == (1, 2, 1)
    (line,) = [json.loads(line) for line in failures.read_text().splitlines()]
    assert "an upload that is not there any more" in line["message"], "of which Label Studio itself says 500"
    missing = line["task"]
    assert missing not in tasks
    data = studio.get(f"/api/tasks/{tasks[0]}/", resolve_uri="false")["data"]
    studio.session.patch(f"/api/tasks/{missing}/", json={"data": data}).raise_for_status()
    code, out, err = command.run("predict", "-p", str(project), "--retry-failed", str(failures), "--json")
    assert (code, json.loads(out)["done"], failures.read_text()) == (0, 1, ""), err


def test_a_storage_is_synced_by_its_title(studio: LabelStudio, command: Command, tmp_path: Path) -> None:
    project, _ = project_of(studio, tmp_path, 0)
    scans = studio.folder / "files" / f"scans{project}"
    scans.mkdir()
    storage = {"project": project, "title": f"scans {project}", "path": str(scans), "use_blob_urls": True}
    studio.post("/api/storages/localfiles/", storage)
    (scans / "one.png").write_bytes(png(70, 50))
    code, out, err = command.run("sync", "--storage", f"scans {project}", "--wait", "--json")
    assert (code, json.loads(out)["status"], json.loads(out)["count"]) == (0, "completed", 1), err
    code, out, err = command.run("predict", "-p", str(project), "--json")
    assert (code, json.loads(out)["done"]) == (0, 1), err
    shutil.rmtree(scans)
    code, _, err = command.run("sync", "--storage", f"scans {project}", "--wait")
    assert code in (1, 2), err
    code, _, err = command.run("sync", "--storage", "no such storage")
    assert (code, f"'scans {project}'" in err) == (2, True)
