"""Every route: the shape of its answer, the defaults of its form, and what OpenAPI says of it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute
from http_fakes import BOXES_JSON, PAGE_JSON, FakePipeline, app_over, calling, failure, image
from key_value_pages import KEY_VALUE_JSON
from starlette.routing import Mount

from ml_server import __version__
from ml_server.bentoml_services import paths
from ml_server.document import DocumentRequest


async def test_a_page_is_the_contract_s_json_unrounded() -> None:
    async with calling() as client:
        answer = await client.post("/extract_text", files=image())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"status": "success", **PAGE_JSON}


async def test_the_older_shape() -> None:
    async with calling() as client:
        answer = await client.post("/predict", files=image())
    assert answer.json() == {
        "status": "success",
        "text_boxes": BOXES_JSON,
        "full_text": "합계 1,000\nTotal",
        "language": "korean+english",
        "engine": "fake",
        "processing_time_ms": 12.3,
        "warnings": ["the answer was cut off"],
    }


async def test_a_document_has_its_pages_in_order() -> None:
    async with calling() as client:
        answer = await client.post("/extract_document", files=image(b"pages 2", "document", "scan.pdf"))
    text = PAGE_JSON["text"]
    assert answer.json() == {
        "status": "success",
        "pages": [{**PAGE_JSON, "page": 1}, {**PAGE_JSON, "page": 2}],
        "page_count": 2,
        "text": f"{text}\f{text}",
        "processing_time_ms": 98.7,
    }


async def test_keys_and_values_of_every_page_unrounded() -> None:
    async with calling() as client:
        answer = await client.post("/extract_key_values", files=image(b"pages 2", "document", "form.pdf"))
    body = answer.json()
    assert body.pop("processing_time_ms") > 0
    assert body == {
        "status": "success",
        "pages": [{**KEY_VALUE_JSON, "page": 1}, {**KEY_VALUE_JSON, "page": 2}],
        "page_count": 2,
    }


@pytest.mark.parametrize(
    ("images", "status"),
    [
        ([b"a", b"b"], "success"),
        ([b"a", b"raise invalid_image", b"b"], "partial"),
        ([b"raise invalid_image", b"raise server_busy"], "error"),
    ],
)
async def test_a_batch_keeps_the_order_and_fails_item_by_item(images: list[bytes], status: str) -> None:
    async with calling() as client:
        parts = [("images", (f"{index}.png", data)) for index, data in enumerate(images)]
        answer = await client.post("/extract_text_batch", files=parts)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"status", "results", "processing_time_ms"}
    assert body["status"] == status
    assert body["processing_time_ms"] > 0
    for data, result in zip(images, body["results"], strict=True):
        if data.startswith(b"raise"):
            code = data.split()[1].decode()
            detail = {"code": code, "message": f"made to fail: {code}", "request_id": answer.headers["x-request-id"]}
            assert result == {"status": "error", "error": detail}
        else:
            assert result == {"status": "success", **PAGE_JSON}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/extract_text", "image"),
        ("/predict", "image"),
        ("/extract_text_batch", "images"),
        ("/extract_document", "document"),
        ("/extract_key_values", "document"),
    ],
)
async def test_options_default_as_the_contract_says_and_are_passed_on(path: str, field: str) -> None:
    pipeline = FakePipeline()
    given = {"language": " ko+en ", "confidence_threshold": "0.25", "use_angle_cls": "false", "engine": "paddle"}
    left_empty = dict.fromkeys(given, "")
    async with calling(pipeline) as client:
        for data in ({}, left_empty, given):
            answer = await client.post(path, files=image(b"data", field), data=data, headers={"X-Request-ID": "r1"})
            assert answer.status_code == 200
    default = DocumentRequest(
        b"data",
        language="korean",
        engine="auto",
        confidence_threshold=0.5,
        use_angle_cls=True,
        request_id="r1",
    )
    asked = DocumentRequest(
        b"data", language="ko+en", engine="paddle", confidence_threshold=0.25, use_angle_cls=False, request_id="r1"
    )
    assert pipeline.requests == [default, default, asked]


async def test_language_and_engine_default_to_the_server_s_settings() -> None:
    pipeline = FakePipeline()
    async with calling(pipeline, lang="english", engine="tesseract") as client:
        await client.post("/extract_text", files=image())
        schema = (await client.get("/openapi.json")).json()
    assert (pipeline.requests[0].language, pipeline.requests[0].engine) == ("english", "tesseract")
    assert form_of(schema, "/extract_text")["properties"]["language"]["default"] == "english"


async def test_health_and_engines() -> None:
    async with calling() as client:
        for path in ("/health", "/health_check"):
            answer = await client.get(path)
            assert answer.json() == {"status": "healthy", "ready": True, "engine": "paddle", "version": __version__}
        for path in ("/livez", "/readyz", "/healthz"):
            assert (await client.get(path)).status_code == 200
        body = (await client.get("/engines")).json()
    assert (body["default_engine"], body["default_language"]) == ("paddle", "korean")
    assert body["engines"][0] == {
        "name": "paddle", "available": True, "reason": "", "install": "", "languages": ["english"], "weights": "w",
        "license": "MIT", "version": "3", "loaded": 2, "default": True, "kind": "ocr",
    }  # fmt: skip
    assert [engine["kind"] for engine in body["engines"]] == ["ocr", "ocr", "key_values"]
    assert body["engines"][1]["install"] == "pip install 'ml_server[easyocr]'"


@pytest.mark.parametrize(("state", "told"), [("starting", "loading"), ("failed", "no weights"), ("stopping", "stop")])
async def test_a_server_that_is_not_ready_says_why_and_is_alive(state: str, told: str) -> None:
    pipeline = FakePipeline()
    pipeline.state, pipeline.reason = state, "no weights"
    async with calling(pipeline) as client:
        for path in ("/readyz", "/health", "/health_check"):
            assert told in failure(await client.get(path), 503, "not_ready")
        for path in ("/livez", "/healthz", "/metrics", "/engines"):
            assert (await client.get(path)).status_code == 200


async def test_metrics_have_a_closed_set_of_routes() -> None:
    async with calling() as client:
        await client.post("/extract_text", files=image())
        await client.get("/no/such/route")
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'ml_server_requests_total{code="200",engine="none",method="/extract_text",wire="http"}' in answer.text
    assert 'code="404",engine="none",method="unknown"' in answer.text
    assert "/no/such" not in answer.text


def test_every_route_has_a_label_of_its_own() -> None:
    app: Any = app_over(FakePipeline())._app
    for route in app.routes:
        assert paths.label(getattr(route, "path", "")) != "unknown", route
    assert {route.path for route in app.routes if isinstance(route, Mount)} == {paths.ASSETS}


def form_of(schema: Any, path: str) -> Any:
    return schema["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]


async def test_heads_of_what_machines_ask() -> None:
    async with calling() as client:
        for path in ("/livez", "/healthz", "/readyz", "/health", "/health_check", "/engines", "/metrics"):
            assert (await client.head(path)).status_code == 200, path


async def test_openapi_names_the_keys_only_a_server_with_keys_asks_for() -> None:
    async with calling() as client:
        schema = (await client.get("/openapi.json")).json()
    assert "securitySchemes" not in schema["components"]
    async with calling(api_key="s3cret") as client:
        for _ in range(2):
            schema = (await client.get("/openapi.json")).json()
    kinds = [scheme["type"] for scheme in schema["components"]["securitySchemes"].values()]
    assert kinds == ["http", "apiKey"]
    locked = {path for path, methods in schema["paths"].items() for each in methods.values() if "security" in each}
    assert locked == set(schema["paths"]) - paths.QUIET
    assert len(schema["paths"]["/engines"]["get"]["security"]) == 2


async def test_openapi_is_fit_for_generators_of_clients() -> None:
    async with calling() as client:
        schema = (await client.get("/openapi.json")).json()
    assert schema["servers"] == [{"url": "."}]  # Swagger UI would ask "/" behind a proxy's prefix
    shapes = schema["components"]["schemas"]
    for name, shape in shapes.items():
        assert set(shape["required"]) == set(shape["properties"]), name  # all of them are always there
    operations = [each for methods in schema["paths"].values() for each in methods.values()]
    for each in operations:
        assert all("X-Request-ID" in answer["headers"] for answer in each["responses"].values()), each["operationId"]
    forms = [each["requestBody"]["content"]["multipart/form-data"] for each in operations if "requestBody" in each]
    assert [form["schema"]["title"] for form in forms if form["schema"]["additionalProperties"]] == ["PredictForm"]
    titles = [form["schema"]["title"] for form in forms]
    assert len({*titles, *shapes}) == len(titles) + len(shapes)
    assert "PredictForm" in titles
    results = shapes["BatchBody"]["properties"]["results"]["items"]
    assert set(results["discriminator"]["mapping"]) == {"success", "error"}


async def test_openapi_has_the_contract_with_examples_and_errors() -> None:
    async with calling() as client:
        schema = (await client.get("/openapi.json")).json()
        assert (await client.get("/docs.json")).json() == schema
    assert set(schema["paths"]) == {
        "/extract_text", "/extract_text_batch", "/extract_document", "/extract_key_values", "/predict", "/health_check",
        "/health", "/engines", "/livez", "/readyz", "/healthz", "/metrics", "/documents", "/files/{name}",
    }  # fmt: skip
    documents = {"/extract_document": "document", "/extract_key_values": "document"}
    files = {"/extract_text": "image", "/predict": "image", **documents}
    for path, field in files.items():
        form = form_of(schema, path)
        assert form["required"] == [field]
        assert form["properties"][field].items() >= {"type": "string", "format": "binary"}.items()
        versions = {"model_version"} if path == "/extract_key_values" else set()
        options = {"language", "confidence_threshold", "use_angle_cls", "engine"}
        assert set(form["properties"]) == {field} | options | versions
        defaults = {name: value.get("default") for name, value in form["properties"].items() if name in options}
        assert defaults == {
            "language": "korean", "confidence_threshold": 0.5, "use_angle_cls": True, "engine": "auto"
        }  # fmt: skip
    images = form_of(schema, "/extract_text_batch")["properties"]["images"]
    assert (images["type"], images["items"]) == ("array", {"type": "string", "format": "binary"})
    for path in (*files, "/extract_text_batch"):
        answers = schema["paths"][path]["post"]["responses"]
        assert set(answers) == {"200", "400", "401", "413", "415", "429", "500", "501", "503", "504"}
        assert all("Retry-After" in answers[status]["headers"] for status in ("429", "503"))
        for status, answer in answers.items():
            content = answer["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert schema["components"]["schemas"][name]["examples"]
            if status != "200":
                assert name == "ErrorBody"
                assert {value["value"]["error"]["code"] for value in content["examples"].values()} == {
                    code.strip("`") for code in answer["description"].split(", ")
                }


async def test_the_examples_are_true_to_their_schemas() -> None:
    app: Any = app_over(FakePipeline())._app
    checked = 0
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema and route.response_model is not None:
            for example in route.response_model.model_json_schema()["examples"]:
                assert route.response_model.model_validate(example).model_dump(mode="json") == example
                checked += 1
    assert checked == 9


async def test_swagger_ui_needs_nothing_from_elsewhere() -> None:
    async with calling() as client:
        for path in ("/", "/docs"):
            page = await client.get(path)
            assert page.status_code == 200
            assert "swagger-ui-bundle.js" in page.text
            assert "http://" not in page.text
            assert "https://" not in page.text
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-light-32x32.png"):
            assert f"assets/{name}" in page.text
            assert len((await client.get(f"/assets/{name}")).content) > 500
        failure(await client.get("/assets/../app.py"), 404, "not_found")
        failure(await client.get("/assets/nothing.js"), 404, "not_found")
