"""Export where things go wrong: Label Studio fails, the disk is full, a project has more tags than one image's."""

from __future__ import annotations

from pathlib import Path

import pytest
from exporting import KEY, VALUE, annotation, causes, exported, link, region, run, studio_with

from ml_server.errors import InvalidRequest, NotReady
from ml_server.label_studio import patience
from ml_server.label_studio.export import ExportReport
from ml_server.training.forms import read_forms


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(patience, "_PAUSE_DOWN_S", 0.01)


async def test_a_label_studio_that_is_down_for_a_moment_aborts_nothing(tmp_path: Path) -> None:
    studio = studio_with(*(region("a", KEY, "QUESTION", f"key {number}") for number in (1, 2)))
    asked: list[str] = []

    def break_down(path: str) -> None:
        asked.append(path)
        studio.down = len(asked) < 4

    studio.on_call = break_down
    assert await run(studio, tmp_path, down_s=60) == ExportReport(written=2)
    assert asked[:2] == ["/api/tasks/", "/health"]

    studio.tasks[1]["annotations"] = [annotation(region("a", KEY, "QUESTION", "corrected"), 9)]
    report = await run(studio, tmp_path, away=1, fails=2, attempts=3)
    assert (report.written, report.unchanged, report.failed) == (1, 1, 0), "a picture is asked for again, too"

    studio.on_call = lambda path: None
    studio.down = True
    with pytest.raises(NotReady, match="did not answer for 0 s"):
        await run(studio, tmp_path)

    studio.tasks[1]["annotations"] = [annotation(region("a", KEY, "QUESTION", "newer"), 10)]
    studio.on_call = lambda path: setattr(studio, "down", path != "/api/tasks/")
    with pytest.raises(NotReady, match=r"projects/1/: Label Studio failed \(503\)"):
        await run(studio, tmp_path, away=1)
    assert [form.entities[0].text for form in read_forms(tmp_path)] == ["corrected", "key 2"]


async def test_a_file_that_cannot_be_written_ends_it_with_the_cause(tmp_path: Path) -> None:
    studio = studio_with(*(region("a", KEY, "QUESTION", f"key {number}") for number in (1, 2)))
    (tmp_path / "images" / ".task-1.png.part").mkdir(parents=True)
    with pytest.raises(InvalidRequest, match=r"images/\.task-1\.png\.part: Is a directory") as caught:
        await run(studio, tmp_path)
    assert isinstance(caught.value.__cause__, IsADirectoryError)


async def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    studio = studio_with(region("a", KEY, "QUESTION", "key"))
    with pytest.raises(InvalidRequest, match=f"{tmp_path}: No space left on device"):
        await run(studio, tmp_path)


async def test_only_transcriptions_on_the_tasks_own_image_are_taken(tmp_path: Path) -> None:
    comment = {**region("k", KEY, "QUESTION", "is this right?")[1], "from_name": "comment"}
    back = [{**item, "to_name": "back"} for item in region("b", VALUE, "ANSWER", "of the back")]
    first = [*region("k", KEY, "QUESTION", "Date:"), comment, *back, link("k", "b")]
    report = await run(studio_with(first, back), tmp_path)
    assert [each.text for each in exported(tmp_path).entities] == ["Date:"]
    assert (report.written, report.failed, report.left_out) == (1, 1, 0)
    elsewhere = "it is on 'back'; only what is on 'image' is exported"
    assert sorted(causes(tmp_path)) == sorted(
        [elsewhere, elsewhere, "a relation k → b: b is not on this page or could not be converted"]
    )
    assert await run(studio_with(first, back), tmp_path) == ExportReport(unchanged=1, failed=1, not_converted=3)
