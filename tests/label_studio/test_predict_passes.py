"""Pass after pass: nothing is lost where one ends by an error, and each sees the project as it is then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from predict_stage import Stage, stage
from stand_in import CONFIG

from ml_server.document import DocumentRequest
from ml_server.errors import InvalidImage, InvalidRequest, NotReady
from ml_server.label_studio import failures
from ml_server.label_studio.failures import Failure
from ml_server.label_studio.journal import Journal, JournalError


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    return stage(monkeypatch, tmp_path, tasks=4)


def listed(path: Path) -> list[int]:
    """Tasks in a file of failures."""
    return [json.loads(line)["task"] for line in path.read_text().splitlines()]


def write_failures(path: Path, tasks: list[int]) -> None:
    path.write_text("".join(json.dumps({"task": task, "project": 1}) + "\n" for task in tasks))


def fails(task: int, error: Exception) -> Any:
    def on_page(request: DocumentRequest) -> None:
        if request.request_id == f"task-{task}":
            raise error

    return on_page


async def test_a_file_of_failures_keeps_what_had_no_turn_where_another_version_answers(
    on: Stage, tmp_path: Path
) -> None:
    write_failures(tmp_path / "f", [1, 2, 3])
    on.reader.on_page = fails(2, InvalidRequest("model_version is of no use", field="model_version"))
    with pytest.raises(NotReady, match="The same command goes on"):
        await on.predict(retry=tmp_path / "f", concurrency=1)
    assert {2, 3} <= set(listed(tmp_path / "f"))
    on.reader.on_page = lambda request: None
    report = await on.predict(retry=tmp_path / "f")
    assert (report.done + report.skipped, report.stopped, listed(tmp_path / "f")) == (3, False, [])


async def test_failures_are_kept_where_the_tasks_cannot_be_listed_to_the_end(on: Stage, tmp_path: Path) -> None:
    on.reader.on_page = fails(1, InvalidImage("no picture"))

    def away(path: str) -> None:
        on.studio.down = on.studio.down or on.studio.calls["GET /api/tasks/"] == 2

    on.studio.on_call = away
    with pytest.raises(NotReady, match="did not answer"):
        await on.predict(failed=tmp_path / "f", concurrency=1)
    ((report, _),) = on.passed
    assert ([failure.task for failure in report.failures], report.stopped) == ([1], True)
    assert listed(tmp_path / "f") == [1]


async def test_failures_are_kept_where_the_run_is_cancelled(on: Stage, tmp_path: Path) -> None:
    write_failures(tmp_path / "f", [1, 2, 3, 4])
    working = asyncio.create_task(on.predict(retry=tmp_path / "f", concurrency=1))

    def cancel(request: DocumentRequest) -> None:
        if request.request_id == "task-1":
            raise InvalidImage("no picture")
        working.cancel()

    on.reader.on_page = cancel
    with pytest.raises(asyncio.CancelledError):
        await working
    ((report, _),) = on.passed
    assert ([failure.task for failure in report.failures], report.stopped) == ([1], True)
    lines = [json.loads(line) for line in (tmp_path / "f").read_text().splitlines()]
    assert [(line["task"], line.get("message")) for line in lines] == [(1, "no picture"), (2, ""), (3, ""), (4, "")]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path("/dev/full").open("a", buffering=1) as full:

        def enter(self: Journal) -> Journal:
            self._file = full
            return self

        monkeypatch.setattr(Journal, "__enter__", enter)
        yield


@pytest.mark.usefixtures("full_disk")
async def test_a_full_disk_ends_the_run_with_its_cause(on: Stage) -> None:
    with pytest.raises(JournalError, match=r"cannot keep the journal .*No space left"):
        await on.predict()
    ((report, _),) = on.passed
    assert (report.done, report.stopped, on.studio.predictions) == (0, True, {})


async def test_watching_tries_again_what_may_pass_and_leaves_alone_what_lasts(on: Stage, tmp_path: Path) -> None:
    tries: list[str] = []

    def outage(request: DocumentRequest) -> None:
        tries.append(request.request_id)
        if request.request_id == "task-1" and tries.count("task-1") < 3:
            raise NotReady("the storage is down")
        if request.request_id == "task-2":
            raise InvalidImage("no picture")

    def over() -> None:
        if len(on.passed) == 5:
            on.stop.set()

    on.reader.on_page, on.on_pass = outage, over
    await on.predict(watch_s=0.001, failed=tmp_path / "f")
    assert [len(report.failures) for report, _ in on.passed] == [2, 1, 0, 0, 0], (
        "tried again, then after a pass without"
    )
    assert (tries.count("task-1"), tries.count("task-2")) == (3, 1)
    assert len(on.studio.versions_of(1)) == 1
    assert listed(tmp_path / "f") == [2]


async def test_tasks_without_regions_are_looked_at_again(on: Stage) -> None:
    about = {"id": "r", "to_name": "image", "original_width": 100, "original_height": 80}
    where = {"x": 1, "y": 1, "width": 9, "height": 9}
    box = about | {"type": "rectanglelabels", "from_name": "label", "value": where | {"rectanglelabels": []}}
    text = about | {"type": "textarea", "from_name": "text", "value": where | {"text": ["Date:"]}}

    def drawn() -> None:
        on.studio.tasks[3]["annotations"] = [{"id": 1, "result": [box, text]}]
        if len(on.passed) == 2:
            on.stop.set()

    on.on_pass = drawn
    await on.predict("key_values", watch_s=0.001)
    found = [(report.done, report.skipped, report.without_regions, report.failures) for report, _ in on.passed]
    assert found == [(0, 4, 4, []), (1, 3, 3, [])]
    assert len(on.studio.versions_of(3)) == 1


async def test_watching_sees_what_the_project_is_like_now(on: Stage) -> None:
    def changed() -> None:
        on.studio.config = CONFIG.replace("$image", "$scan")
        on.studio.tasks[9] = {"id": 9, "data": {"scan": on.studio.tasks[1]["data"]["image"]}}
        if len(on.passed) == 2:
            on.stop.set()

    on.on_pass = changed
    await on.predict(watch_s=0.001)
    assert [(report.total, report.done, report.failures) for report, _ in on.passed] == [(4, 4, []), (5, 1, [])]


@pytest.mark.parametrize("whose", ["label studio", "server"])
async def test_watching_outlives_a_hiccup_between_two_passes(on: Stage, whose: str) -> None:
    asked = 0

    def hiccup() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise NotReady("just a moment")

    def on_call(path: str) -> None:
        on.studio.down = len(on.passed) == 1 and not any("looking again" in line for line in on.said)

    def over() -> None:
        if len(on.passed) == 2:
            on.stop.set()

    on.on_pass = over
    if whose == "server":
        on.reader.on_engines = hiccup
    else:
        on.studio.on_call = on_call
    await on.predict(watch_s=0.001, servers=("http://server:3000",))
    assert [report.done + report.skipped for report, _ in on.passed] == [4, 4]
    assert any("looking again in 0.001 s" in line for line in on.said)


async def test_another_model_that_serves_by_now_gets_a_pass_of_its_own(on: Stage) -> None:
    def swapped(request: DocumentRequest) -> None:
        if request.request_id == "task-2" and on.reader.version == "1":
            on.reader.version = "2"
            raise InvalidRequest("model_version is of no use", field="model_version")

    on.reader.on_page = swapped
    report = await on.predict(concurrency=1)
    assert (report.done, report.failures, [version for _, version in on.passed]) == (4, [], ["mock 1", "mock 2"])
    assert on.said == ["mock 1 does not serve any more; the tasks get predictions of the version that does"]


async def test_servers_that_cannot_label_regions_are_refused_at_once(on: Stage) -> None:
    with pytest.raises(InvalidRequest, match=r"key_values.*predict without --server"):
        await on.predict("key_values", servers=("http://server:3000",))
    assert (on.passed, on.studio.calls["GET /api/tasks/"]) == ([], 0)


def test_a_failure_needs_no_more_than_its_task_and_project(tmp_path: Path) -> None:
    write_failures(tmp_path / "f", [7, 7])
    assert failures.read(tmp_path / "f", 1) == [Failure(7, 1, "", "", "")]
