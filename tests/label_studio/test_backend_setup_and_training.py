from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from backend_client import FakeJobs, MakePipeline, serving, setup_body
from fake_label_studio import PERSONAL, FakeLabelStudio
from labelling_configs import FORMS

from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.corrections import Corrections
from ml_server.label_studio.jobs import JobStatus


@pytest.mark.parametrize(
    ("server", "values", "auth", "status"),
    [
        ({}, {"basic_user": "studio", "basic_password": "pw"}, ("studio", "pw"), 200),
        ({}, {"basic_user": "studio", "basic_password": "pw"}, ("studio", "no"), 401),
        ({}, {"basic_user": "studio", "basic_password": "pw"}, None, 401),
        ({"api_key": "k"}, {}, None, 401),
        ({"api_key": "k"}, {}, ("anybody", "k"), 200),
        ({"api_key": "k"}, {}, ("k", "other"), 401),
        ({"api_key": "k"}, {"basic_user": "studio", "basic_password": "pw"}, ("studio", "pw"), 200),
    ],
)
async def test_who_may_call(
    make_pipeline: MakePipeline, server: dict[str, Any], values: dict[str, Any], auth: Any, status: int
) -> None:
    async with serving(make_pipeline, server=server, **values) as client:
        for path in ("/health", "/versions"):
            assert (await client.get(path, auth=auth)).status_code == status
        assert (await client.post("/webhook", json={"action": "x"}, auth=auth)).status_code == status
        if "api_key" in server:
            assert (await client.get("/versions", headers={"X-API-Key": "k"})).status_code == 200
            bearer = {"Authorization": "Bearer k"}  # as a webhook's own header
            assert (await client.post("/webhook", json={"action": "x"}, headers=bearer)).status_code == 200


def annotation(number: int, action: str = "ANNOTATION_CREATED", **values: Any) -> dict[str, Any]:
    about = {"id": number, "was_cancelled": False} | values
    return {"action": action, "project": {"id": 3, "title": "t"}, "annotation": about, "task": {"id": 9, "project": 3}}


async def test_label_studio_shows_its_users_why_it_was_refused(make_pipeline: MakePipeline) -> None:
    async with serving(make_pipeline) as client:
        client.headers["user-agent"] = "heartex/abc"
        client.follow_redirects = True
        answer = await client.post("/setup", json=setup_body("<View/>"))
        assert answer.status_code == 400
        assert str(answer.url).startswith("http://backend/setup?refused=the-labelling-config-has-no-Image-")
        assert (await client.post("/setup", json=setup_body(FORMS))).status_code == 200


async def test_a_wrong_token_is_said_when_the_backend_is_connected(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeLabelStudio()
    fake.files["/api/current-user/whoami"] = httpx.Response(200, json={"id": 1})
    made = partial(LabelStudio, transport=httpx.MockTransport(fake))
    monkeypatch.setattr("ml_server.label_studio.backend.LabelStudio", made)
    async with serving(make_pipeline, api_key="f" * 40) as client:
        answer = await client.post("/setup", json=setup_body(FORMS))
        assert answer.status_code == 400
        assert "refuses the token" in answer.json()["error"]["message"]
    async with serving(make_pipeline, api_key=PERSONAL) as client:
        assert (await client.post("/setup", json=setup_body(FORMS))).status_code == 200
        fake.files["/api/current-user/whoami"] = httpx.Response(502)  # its own trouble is no reason
        assert (await client.post("/setup", json=setup_body(FORMS))).status_code == 200


async def test_enough_new_annotations_start_one_training(make_pipeline: MakePipeline) -> None:
    jobs = FakeJobs()
    async with serving(make_pipeline, jobs, train_after=3) as client:
        for event in (
            annotation(1), annotation(1, "ANNOTATION_UPDATED"), annotation(2, was_cancelled=True), annotation(3),
            {"action": "TASKS_CREATED", "project": {"id": 3}}, {"action": "ANNOTATIONS_DELETED", "annotations": []},
        ):  # fmt: skip
            assert (await client.post("/webhook", json=event)).status_code == 200
        assert not jobs.asked
        started = await client.post("/webhook", json=annotation(4))
        assert started.status_code == 201
        assert started.json()["started"] is True
        assert jobs.asked == [(3, "3 new annotations")]
        for number in range(5, 8):  # it runs still: they are kept for the next one
            last = await client.post("/webhook", json=annotation(number))
        assert last.json()["started"] is False
        jobs.now = JobStatus("done", "job-1", 3)
        assert (await client.post("/webhook", json=annotation(8))).json()["started"] is True
        assert jobs.asked[-1] == (3, "4 new annotations")


async def test_what_a_failed_training_was_to_learn_from_is_not_lost(make_pipeline: MakePipeline) -> None:
    jobs = FakeJobs()
    async with serving(make_pipeline, jobs, train_after=2) as client:
        for number in (1, 2):
            last = await client.post("/webhook", json=annotation(number))
        assert last.json()["started"] is True
        jobs.now = JobStatus("failed", "job-1", 3, message="the export ended with code 1")
        assert (await client.post("/webhook", json=annotation(3))).json()["started"] is True
        assert jobs.asked[-1] == (3, "3 new annotations")
        jobs.now = JobStatus("done", "job-2", 3)
        assert (await client.post("/webhook", json=annotation(4))).json()["new_annotations"] == 1


def test_corrections_outlive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state" / "corrections.json"
    Corrections(3, file).add(1, [10, 11])
    again = Corrections(3, file)
    assert (again.count(1), again.count(2)) == (2, 0)
    assert again.add(1, [11, 12])
    again.taken(1, "job-1")
    again.add(1, [12, 13])
    training = Corrections(3, file)
    assert (training.count(1), training.job(1)) == (2, "job-1")
    training.over(1, learnt=False)
    assert (Corrections(3, file).count(1), Corrections(3, file).job(1)) == (4, "")
    training.taken(1, "job-2")
    training.over(1, learnt=True)
    assert Corrections(3, file).count(1) == 0
    one, other = Corrections(3, file), Corrections(3, file)  # two servers with one folder
    one.add(1, [1, 2])
    assert other.add(1, [3])
    for damaged in ("[half of", "[]", '{"1": [10, 11]}'):
        file.write_text(damaged)
        assert Corrections(1, file).add(1, [1])
    no_folder = Corrections(2, file / "below a file")
    assert not no_folder.add(1, [1])
    assert no_folder.add(1, [2])


async def test_training_by_hand_and_how_it_is(make_pipeline: MakePipeline) -> None:
    jobs = FakeJobs()
    async with serving(make_pipeline, jobs) as client:
        assert (await client.get("/is_training")).json() == {"is_training": False}
        pressed = await client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 3}})
        assert (pressed.status_code, pressed.json()["job"]) == (201, "job-1")
        assert (await client.get("/is_training")).json() == {"is_training": True}
        again = await client.post("/train", json={"annotations": [], "project": "3.1795270626", "label_config": FORMS})
        assert (again.json()["started"], again.json()["job"]) == (False, "job-1")
        assert (await client.post("/job_status", json={"job": "job-1"})).json()["job_status"] == "started"
        assert (await client.post("/job_status", json={"job": "older"})).json()["job_status"] == "removed"
        assert (await client.post("/train", json={})).status_code == 400
    async with serving(make_pipeline) as client:
        answer = await client.post("/train", json={"project": 3})
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "engine_unavailable")
