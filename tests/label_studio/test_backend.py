from __future__ import annotations

import asyncio

import httpx
import pytest
from backend_client import MakePipeline, body, inline, serving, setup_body, task
from fake_label_studio import settings as label_studio_settings
from labelling_configs import ALIASES, FORMS, OCR_TEMPLATE, PAGES
from pages import bad_png, png

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app, create_bare_app
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.backend import Backend
from ml_server.label_studio.config import parse
from ml_server.label_studio.images import Images
from ml_server.label_studio.predictor import Predictor
from ml_server.label_studio.server import Unprefixed

BOTH = "mock 1 + mock 1"
"""Who understands, and who reads."""


async def test_health_setup_and_versions_as_label_studio_asks(make_pipeline: MakePipeline) -> None:
    async with serving(make_pipeline) as client:
        for path in ("/", "/health", "/label-studio/health"):
            assert (await client.get(path)).json()["status"] == "UP"
        for config, version in ((FORMS, BOTH), (ALIASES, BOTH), (OCR_TEMPLATE, "mock 1")):
            answer = await client.post("/setup", json=setup_body(config))
            assert answer.json() == {"model_version": version}
        assert (await client.get("/versions")).json() == {"versions": [BOTH]}
        assert (await client.get("/readyz")).status_code == 200
        assert "ml_server_requests_total" in (await client.get("/metrics")).text


async def test_predictions_in_the_order_of_the_tasks(make_pipeline: MakePipeline) -> None:
    async with serving(make_pipeline) as client:
        answer = await client.post("/predict", json=body(task(1, png(300, 90)), task(2, png(600, 90))))
        version = (await client.post("/setup", json=setup_body(FORMS))).json()["model_version"]
    found = answer.json()
    assert found["errors"] == []
    assert found["model_version"] == version  # Label Studio leaves out tasks that have a prediction of it
    assert [each["model_version"] for each in found["results"]] == [version, version]
    assert [each["result"][0]["original_width"] for each in found["results"]] == [300, 600]
    assert {item["type"] for item in found["results"][0]["result"]} == {"rectanglelabels", "textarea", "relation"}
    assert 0 < found["results"][0]["score"] <= 1


async def test_text_only_where_the_config_has_no_labels_of_the_model(make_pipeline: MakePipeline) -> None:
    asked = task(1)
    asked["data"] = {"ocr": asked["data"]["image"]}
    async with serving(make_pipeline) as client:
        found = (await client.post("/predict", json=body(asked, config=OCR_TEMPLATE))).json()["results"][0]
    assert found["model_version"] == "mock 1"
    assert [item["type"] for item in found["result"][:3]] == ["rectangle", "labels", "textarea"]


async def test_pages_of_one_task(make_pipeline: MakePipeline) -> None:
    asked = {"id": 1, "data": {"pages": [inline(png(300, 90)), inline(png(400, 90))]}}
    async with serving(make_pipeline) as client:
        (found,) = (await client.post("/predict", json=body(asked, config=PAGES))).json()["results"]
    sizes = {item["item_index"]: item["original_width"] for item in found["result"] if item["type"] != "relation"}
    assert sizes == {0: 300, 1: 400}


async def test_labels_for_regions_that_are_there(make_pipeline: MakePipeline) -> None:
    async with serving(make_pipeline, predict="ocr", level="word") as client:
        (read,) = (await client.post("/predict", json=body(task(1)))).json()["results"]
    async with serving(make_pipeline, predict="key_values") as client:
        asked = [task(1, annotations=[read]), task(2)]
        found = (await client.post("/predict", json=body(*asked))).json()
    labelled, there = (
        {item["id"]: item["value"] for item in each["result"] if item["type"] == "rectanglelabels"}
        for each in (found["results"][0], read)
    )
    assert labelled.keys() == there.keys()
    assert {value["rectanglelabels"][0] for value in labelled.values()} >= {"Question", "Header"}
    for region, value in labelled.items():
        assert (value["x"], value["width"]) == pytest.approx((there[region]["x"], there[region]["width"]), abs=0.001)
    assert found["results"][1] == []
    assert "no regions with text" in found["errors"][0]["message"]


async def test_a_task_that_fails_fails_alone_and_says_why(make_pipeline: MakePipeline) -> None:
    tasks = [
        task(1), task(2, bad_png()), task(3, b"no image"), {"id": 4, "data": {}}, {"id": 5},
        {"id": 6, "data": {"image": "/data/upload/1/a.png"}}, {"id": 7, "data": {"image": "http://10.0.0.1/a.png"}},
        task(8),
    ]  # fmt: skip
    async with serving(make_pipeline, server={"mock_failure": "raise"}) as client:
        answer = await client.post("/predict", json=body(*tasks))
    assert answer.status_code == 200
    found = answer.json()
    assert [bool(each) for each in found["results"]] == [True, *[False] * 6, True]
    assert all(isinstance(each, dict) or each == [] for each in found["results"])  # what Label Studio accepts
    errors = {error["task"]: (error["code"], error["message"]) for error in found["errors"]}
    assert {number: code for number, (code, _) in errors.items()} == {
        2: "engine_failed", 3: "invalid_image", 4: "invalid_request", 5: "invalid_request", 6: "unauthenticated",
        7: "invalid_request",
    }  # fmt: skip
    assert "LABEL_STUDIO_API_KEY" in errors[6][1]
    assert "ML_SERVER_LABEL_STUDIO_HOSTS" in errors[7][1]


async def test_what_is_done_is_sent_at_the_deadline(make_pipeline: MakePipeline) -> None:
    tasks = [task(number) for number in range(1, 31)]
    slow = {"mock_delay_s": 0.4}
    async with serving(make_pipeline, server=slow, deadline_s=1.5, concurrency=1) as client:
        found = (await client.post("/predict", json=body(*tasks))).json()
    done = [bool(each) for each in found["results"]]
    assert len(done) == 30
    assert done[0]
    assert not done[-1]
    assert {error["code"] for error in found["errors"]} == {"deadline_exceeded"}
    assert len(found["errors"]) == done.count(False)


async def test_a_full_queue_is_waited_for(make_pipeline: MakePipeline) -> None:
    server = {"queue_size": 1, "mock_delay_s": 0.05}
    async with serving(make_pipeline, server=server, concurrency=8) as client:
        found = (await client.post("/predict", json=body(*(task(number) for number in range(8))))).json()
    assert found["errors"] == []


@pytest.mark.parametrize("path", ["/setup", "/predict"])
async def test_a_config_that_nothing_can_be_predicted_for(make_pipeline: MakePipeline, path: str) -> None:
    config = '<View><Text name="t" value="$t"/></View>'
    async with serving(make_pipeline) as client:
        answer = await client.post(path, json=setup_body(config) if path == "/setup" else body(task(1), config=config))
    assert answer.status_code == 400
    assert "the labelling config has no <Image>" in answer.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"tasks": 1}', b"\xff"])
async def test_what_label_studio_would_never_send(make_pipeline: MakePipeline, content: bytes) -> None:
    async with serving(make_pipeline) as client:
        for path in ("/setup", "/predict"):
            answer = await client.post(path, content=content)
            assert answer.status_code == 400
            assert "not what Label Studio sends" in answer.json()["error"]["message"]
        assert (await client.post("/delete", json={})).status_code == 404


async def test_label_studio_is_told_while_nothing_can_be_read_yet(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(inline=True, lang="english", mock_delay_s=5.0)
    await pipeline.start()
    backend = Backend(pipeline, pipeline.settings, label_studio_settings(None))
    app = create_bare_app(pipeline, pipeline.settings)
    backend.add_to(app)
    transport = httpx.ASGITransport(Unprefixed(Edge(app, pipeline.settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://backend") as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
    await backend.close()


async def test_work_stops_when_label_studio_has_gone(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(inline=True, lang="english", mock_delay_s=0.3)
    await pipeline.start()
    await pipeline.wait_until_ready()
    images = Images(label_studio_settings(None), lambda: LabelStudio(label_studio_settings(None)), 10**6)
    predictor = Predictor(pipeline, images, label_studio_settings(None, concurrency=1))
    working = asyncio.create_task(predictor.predict_many([task(n) for n in range(20)], parse(FORMS), 60))
    await asyncio.sleep(0.1)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    others = [each for each in asyncio.all_tasks() if "_outcome" in str(each.get_coro())]
    assert not others
    await images.close()


async def test_the_same_routes_beside_the_servers_own(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(inline=True, lang="english", api_key="k")
    await pipeline.start()
    await pipeline.wait_until_ready()
    backend = Backend(pipeline, pipeline.settings, label_studio_settings(None))
    app = create_app(pipeline, pipeline.settings)
    backend.add_to(app)
    transport = httpx.ASGITransport(Edge(app, pipeline.settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        assert (await client.get("/label-studio/health", auth=("studio", "k"))).json()["status"] == "UP"
        answer = await client.post("/label-studio/predict", json=body(task(1)), auth=("studio", "k"))
        assert answer.json()["results"][0]["result"]
        refused = await client.post("/label-studio/predict", json=body(task(1)))
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthenticated")
        assert "Basic Auth" in refused.json()["error"]["message"]
        assert (await client.get("/label-studio/nothing", auth=("studio", "k"))).status_code == 401
        metrics = (await client.get("/metrics")).text
    assert 'method="/label-studio/predict"' in metrics
    await backend.close()
