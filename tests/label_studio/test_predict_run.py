"""Every task once, whatever happens: against a stand-in, whose answers can be lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from stand_in import StandIn

from ml_server.errors import EngineCrashed, InvalidImage, InvalidRequest, NotReady
from ml_server.label_studio import failures, patience
from ml_server.label_studio.journal import Journal
from ml_server.label_studio.patience import Patience
from ml_server.label_studio.predict import PredictPlan, PredictReport, PredictRun
from ml_server.label_studio.state_folder import only_run, state_folder

VERSION = "model 1"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(patience, "_PAUSE_DOWN_S", 0.01)


async def predictor(task: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"result": [], "score": 0.5, "model_version": VERSION}


async def run(
    studio: StandIn,
    journal: Path,
    *,
    by: Callable[..., Any] = predictor,
    stop: asyncio.Event | None = None,
    say: Callable[[str], None] = lambda line: None,
    down_s: float = 20.0,
    **plan: Any,
) -> PredictReport:
    async with studio.client() as api:
        with Journal(journal) as open_journal:
            return await PredictRun(
                api, by, PredictPlan(1, VERSION, len(studio.tasks), **plan), open_journal,
                Patience(api, 3, down_s, say), lambda done, total: None, stop or asyncio.Event(),
            ).run()  # fmt: skip


async def test_every_task_gets_one_prediction_and_a_second_run_none(tmp_path: Path) -> None:
    studio = StandIn(tasks=250)
    first = await run(studio, tmp_path / "j")
    second = await run(studio, tmp_path / "j")
    assert (first.total, first.done, first.skipped, first.failures) == (250, 250, 0, [])
    assert (second.done, second.skipped) == (0, 250)
    assert all(studio.versions_of(task) == [VERSION] for task in studio.tasks)
    assert studio.calls["GET /api/tasks/"] <= 6, "tasks are found by lists"
    assert "GET /api/predictions/" not in studio.calls


async def test_a_version_whose_name_is_part_of_anothers_is_another(tmp_path: Path) -> None:
    studio = StandIn(tasks=3)
    studio.store({"task": 1, "model_version": "MODEL 10"})
    studio.store({"task": 2, "model_version": VERSION})
    report = await run(studio, tmp_path / "j")
    assert (report.done, report.skipped) == (2, 1)
    assert studio.versions_of(1) == ["MODEL 10", VERSION]
    assert studio.versions_of(2) == [VERSION]


async def test_a_lost_answer_is_asked_for_before_it_is_sent_again(tmp_path: Path) -> None:
    studio = StandIn(tasks=4)
    studio.lose = 3
    report = await run(studio, tmp_path / "j")
    assert report.failures == []
    assert report.done + report.skipped == 4
    assert all(studio.versions_of(task) == [VERSION] for task in studio.tasks)


async def test_what_a_killed_run_had_sent_is_not_there_twice(tmp_path: Path) -> None:
    """Its post arrives only when this run has looked, found nothing, and sent its own."""
    studio = StandIn(tasks=2)
    (tmp_path / "j").write_text("? 1\n= 1\n? 2\n? 2")  # the last line was cut off
    studio.late = [{"task": 2, "model_version": VERSION, "result": [], "score": 0.5}]
    report = await run(studio, tmp_path / "j", concurrency=1)
    assert report.done == 2
    assert all(studio.versions_of(task) == [VERSION] for task in studio.tasks)


async def test_label_studio_is_waited_for_while_it_is_down(tmp_path: Path) -> None:
    studio = StandIn(tasks=5)
    said: list[str] = []

    def some_time(path: str) -> None:
        studio.down = 3 < studio.calls.total() < 9 or (studio.down and studio.calls["GET /health"] < 3)

    studio.on_call = some_time
    report = await run(studio, tmp_path / "j", say=said.append)
    assert (report.done, report.failures) == (5, [])
    assert [line.split(";")[0] for line in said] == ["Label Studio does not answer", "Label Studio is back"]


async def test_it_gives_up_on_a_label_studio_that_stays_away(tmp_path: Path) -> None:
    studio = StandIn(tasks=1)
    studio.down = True
    said: list[str] = []
    with pytest.raises(NotReady, match="did not answer"):
        await run(studio, tmp_path / "j", down_s=0.0, say=said.append)
    assert len(said) == 1, "it is waited for once, not for every attempt"


async def test_a_task_is_tried_three_times_and_one_that_cannot_be_read_once(tmp_path: Path) -> None:
    tries: list[int] = []

    async def fails(task: Mapping[str, Any]) -> Mapping[str, Any]:
        tries.append(task["id"])
        if task["id"] == 1:
            raise EngineCrashed("the engine died")
        if task["id"] == 2:
            raise InvalidImage("no picture")
        return await predictor(task)

    studio = StandIn(tasks=4)
    studio.refuse = {4}
    report = await run(studio, tmp_path / "j", by=fails)
    assert (tries.count(1), tries.count(2)) == (3, 1)
    assert report.done == 1
    assert sorted((each.task, each.code) for each in report.failures) == [
        (1, "engine_crashed"), (2, "invalid_image"), (4, "invalid_request"),
    ]  # fmt: skip
    path = tmp_path / "failures.jsonl"
    failures.write(path, report.failures)
    studio.refuse = set()
    again = await run(studio, tmp_path / "j", only=[each.task for each in failures.read(path, 1)])
    assert (again.total, again.done, again.failures) == (3, 3, [])
    assert all(studio.versions_of(task) == [VERSION] for task in studio.tasks)
    gone = await run(studio, tmp_path / "j", only=[1, 99])
    assert (gone.total, gone.done, gone.skipped, [each.task for each in gone.failures]) == (2, 0, 1, [99])


async def test_a_tasks_surprise_is_its_failure(tmp_path: Path) -> None:
    async def surprised(task: Mapping[str, Any]) -> Mapping[str, Any]:
        if task["id"] == 2:
            raise httpx.InvalidURL("Invalid non-printable ASCII character in URL")
        return await predictor(task)

    report = await run(StandIn(tasks=3), tmp_path / "j", by=surprised)
    assert (report.done, report.skipped) == (2, 0)
    assert [(each.task, each.message.partition(":")[0]) for each in report.failures] == [(2, "InvalidURL")]


async def test_another_version_that_answers_meanwhile_ends_the_pass(tmp_path: Path) -> None:
    """What it made must not be sent under the name of the version that the run is for."""

    async def swapped(task: Mapping[str, Any]) -> Mapping[str, Any]:
        if task["id"] == 7:
            raise InvalidRequest("model_version is 'model 1'; in service here: model 2", field="model_version")
        return {**await predictor(task), "model_version": VERSION if task["id"] < 5 else "model 2"}

    studio = StandIn(tasks=30)
    report = await run(studio, tmp_path / "j", by=swapped, concurrency=3)
    assert (report.done, report.changed, report.stopped, report.failures) == (4, True, False, [])
    assert [len(studio.versions_of(task)) for task in studio.tasks] == [1] * 4 + [0] * 26


async def test_asked_to_stop_it_ends_what_is_in_work_and_begins_nothing(tmp_path: Path) -> None:
    stop = asyncio.Event()
    begun: list[int] = []

    async def slow(task: Mapping[str, Any]) -> Mapping[str, Any]:
        begun.append(task["id"])
        if len(begun) == 4:
            stop.set()
        await asyncio.sleep(0.2)
        return await predictor(task)

    studio = StandIn(tasks=50)
    report = await run(studio, tmp_path / "j", by=slow, stop=stop, concurrency=4)
    assert report.stopped
    assert report.done == len(begun) == 4
    rest = await run(studio, tmp_path / "j")
    assert (rest.done, rest.skipped) == (46, 4)


async def test_what_takes_longer_than_the_grace_is_not_half_there(tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def endless(task: Mapping[str, Any]) -> Mapping[str, Any]:
        stop.set()
        await asyncio.sleep(3600)
        raise AssertionError

    studio = StandIn(tasks=3)
    report = await run(studio, tmp_path / "j", by=endless, stop=stop, grace_s=0.1)
    assert (report.done, report.stopped, studio.predictions) == (0, True, {})


def test_two_runs_do_not_overlap(tmp_path: Path) -> None:
    folder = state_folder(tmp_path, "http://a.example", 1)
    assert folder != state_folder(tmp_path, "http://a.example", 2) != state_folder(tmp_path, "http://b.example", 2)
    with only_run(folder), pytest.raises(NotReady, match=r"another run .*process \d+"), only_run(folder):
        pass
    with only_run(folder):
        pass
    here = [state_folder(tmp_path, f"http://{host}:8080", 1) for host in ("localhost", "127.0.0.1", "[::1]")]
    assert len({folder, *here}) == 2


@pytest.mark.parametrize(
    ("line", "fault"),
    [("[]", "not a line of failures"), ('{"task": 1}', "not a line"), ('{"task": 1, "project": 2}', "of project 2")],
)
def test_a_file_that_is_none_of_failures_is_refused(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps({"task": 5, "project": 1}) + "\n" + line + "\n")
    with pytest.raises(InvalidRequest, match=f":2: .*{fault}"):
        failures.read(path, 1)
