"""Every error has the contract's body and status, whoever raised it."""

from __future__ import annotations

import httpx
import pytest
from http_fakes import RETRY_S, FakePipeline, calling, failure, image
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from ml_server.bentoml_services.edge import Edge
from ml_server.errors import MLServerError, all_errors
from ml_server.settings import Settings

POSTS = ("/extract_text", "/predict", "/extract_text_batch", "/extract_document", "/extract_key_values")
FIELDS = {"/extract_text_batch": "images", "/extract_document": "document", "/extract_key_values": "document"}


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("path", ["/extract_text", "/predict", "/extract_document", "/extract_key_values"])
async def test_every_error_of_the_table(kind: type[MLServerError], path: str) -> None:
    async with calling() as client:
        files = image(f"raise {kind.code}".encode(), FIELDS.get(path, "image"))
        answer = await client.post(path, files=files)
    assert failure(answer, kind.http_status, kind.code) == f"made to fail: {kind.code}"
    assert answer.headers["retry-after"] == "2"
    assert RETRY_S == 1.2  # which is rounded up


async def test_retry_after_is_at_least_a_second_where_the_error_names_none() -> None:
    pipeline = FakePipeline()
    pipeline.state = "curious"
    async with calling(pipeline) as client:
        answer = await client.get("/readyz")
    assert answer.headers["retry-after"] == "1"


async def test_an_unexpected_exception_is_logged_and_not_told() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with calling() as client:
            answer = await client.post("/extract_text", files=image(b"boom"), headers={"X-Request-ID": "r-boom"})
    message = failure(answer, 500, "internal")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert "request id" in message
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["request_id"], line["exc_info"]) == ("unexpected_error", "r-boom", True)


@pytest.mark.parametrize("path", ["/nothing", "/extract_text/", "/extract_text/more", "/livez/", "/static_content/x"])
async def test_a_wrong_route(path: str) -> None:
    async with calling() as client:
        for method in ("GET", "POST", "DELETE"):
            assert "/docs" in failure(await client.request(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/extract_text", "POST"),
        ("PUT", "/extract_document", "POST"),
        ("POST", "/health", "GET"),
        ("POST", "/readyz", "GET"),
        ("DELETE", "/engines", "GET"),
        ("POST", "/metrics", "GET"),
    ],
)
async def test_a_wrong_method(method: str, path: str, allowed: str) -> None:
    async with calling() as client:
        answer = await client.request(method, path)
    assert method in failure(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "image/png", ""])
async def test_a_body_that_is_not_multipart(path: str, kind: str) -> None:
    async with calling() as client:
        headers = {"content-type": kind} if kind else {}
        message = failure(await client.post(path, content=b"{}", headers=headers), 415, "unsupported_media_type")
    assert "multipart/form-data" in message
    assert kind in message


PART = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nabc'


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("multipart/form-data", b"x", "boundary"),
        ("multipart/form-data; boundary=B", b"", "closing boundary"),
        ("multipart/form-data; boundary=B", b"this is no form", "multipart"),
        ("multipart/form-data; boundary=B", PART, "closing boundary"),
        ("multipart/form-data; boundary=B", PART + b"\r\n--B\r\n", "closing boundary"),
        ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n", "name"),
        ("multipart/form-data; boundary=B", b"--B\r\n\x00bad header\r\n\r\nx\r\n--B--\r\n", "multipart"),
    ],
)
async def test_a_malformed_form(kind: str, body: bytes, told: str) -> None:
    async with calling() as client:
        answer = await client.post("/extract_text", content=body, headers={"content-type": kind})
    assert told in failure(answer, 400, "invalid_request")


@pytest.mark.parametrize("path", POSTS)
async def test_a_missing_file_names_the_field_and_what_was_sent(path: str) -> None:
    field = FIELDS.get(path, "image")
    async with calling() as client:
        message = failure(await client.post(path, files=image(field="picture")), 400, "invalid_request")
    assert repr(field) in message
    assert "picture" in message


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("text", ["http://127.0.0.1:1/page.png", "file:///etc/passwd", "data:image/png;base64,AA=="])
async def test_text_where_a_file_belongs_is_refused_and_never_fetched(path: str, text: str) -> None:
    pipeline, field = FakePipeline(), FIELDS.get(path, "image")
    async with calling(pipeline) as client:
        answer = await client.post(path, data={field: text}, files={"other": ("a", b"b")})
    assert repr(field) in failure(answer, 400, "invalid_request")
    assert pipeline.requests == []


async def test_a_file_that_was_not_chosen() -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="image"; filename=""\r\n\r\n\r\n--B--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=B"}
    async with calling() as client:
        answer = await client.post("/extract_text", content=body, headers=headers)
    assert "no file was chosen" in failure(answer, 400, "invalid_request")


async def test_several_files_where_one_is_expected() -> None:
    files = [("image", ("a.png", b"a")), ("image", ("b.png", b"b"))]
    async with calling() as client:
        answer = await client.post("/extract_text", files=files)
    assert "2 files, allowed: 1" in failure(answer, 400, "invalid_request")


async def test_more_images_than_a_batch_may_have() -> None:
    async with calling(max_batch=3) as client:
        for count, told in ((4, "4 files, allowed: 3"), (12, "more than 11 files, allowed: 3")):
            files = [("images", ("a.png", b"a"))] * count
            assert told in failure(await client.post("/extract_text_batch", files=files), 400, "invalid_request")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("confidence_threshold", "high", "valid number"),
        ("confidence_threshold", "1.5", "less than or equal to 1"),
        ("confidence_threshold", "-0.1", "greater than or equal to 0"),
        ("confidence_threshold", "nan", "finite number"),
        ("use_angle_cls", "perhaps", "valid boolean"),
        ("language", "k" * 201, "at most 200"),
    ],
)
async def test_an_option_of_the_wrong_type_or_out_of_range(field: str, value: str, told: str) -> None:
    pipeline = FakePipeline()
    async with calling(pipeline) as client:
        answer = await client.post("/extract_text", files=image(), data={field: value})
    message = failure(answer, 400, "invalid_request")
    assert repr(field) in message
    assert value[:60] in message
    assert told in message
    assert pipeline.requests == []


@pytest.mark.parametrize("path", [path for path in POSTS if path != "/predict"])
async def test_an_option_nobody_would_look_at_is_refused(path: str) -> None:
    pipeline = FakePipeline()
    files = image(field=FIELDS.get(path, "image"))
    async with calling(pipeline) as client:
        misspelt = await client.post(path, files=files, data={"lang": "english"})
        in_address = await client.post(f"{path}?utm=1&language=en", files=files)
        twice = await client.post(path, files=files, data={"language": ["ko", "", " ko ", "en"]})
    told = failure(misspelt, 400, "invalid_request")
    assert "unknown field 'lang'; known: " in told
    assert "language" in told
    assert "'language' is in the address" in failure(in_address, 400, "invalid_request")
    assert "'language' has several values: 'en', 'ko'" in failure(twice, 400, "invalid_request")
    assert pipeline.requests == []


async def test_predict_takes_fields_of_older_callers() -> None:
    pipeline = FakePipeline()
    async with calling(pipeline) as client:
        answer = await client.post("/predict", files=image(), data={"lang": "english", "language": "ko"})
    assert answer.status_code == 200
    assert [asked.language for asked in pipeline.requests] == ["ko"]


async def test_the_same_value_twice_and_addresses_with_names_of_others_pass() -> None:
    async with calling() as client:
        answer = await client.post("/extract_text?key=1", files=image(), data={"language": ["ko", "ko", ""]})
    assert answer.status_code == 200


async def test_a_file_where_text_belongs() -> None:
    async with calling() as client:
        answer = await client.post("/extract_text", files=image() | image(field="language"))
    assert "'language' holds a file" in failure(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    ("theirs", "status", "code"),
    [
        (PlainTextResponse("Not Found", 404), 404, "not_found"),
        (PlainTextResponse("no", 503), 503, "not_ready"),
        (JSONResponse([{"error": "stray comma"}], 400), 400, "invalid_request"),
        (JSONResponse({"error": "Too many requests"}, 429), 429, "server_busy"),
        (JSONResponse({"error": "too slow"}, 504), 504, "deadline_exceeded"),
        (PlainTextResponse("teapot", 418), 400, "invalid_request"),
        (PlainTextResponse("bad gateway", 502), 500, "internal"),
    ],
)
async def test_a_framework_s_own_error_gets_our_shape(theirs: Response, status: int, code: str) -> None:
    async def framework(scope: Scope, receive: Receive, send: Send) -> None:
        await theirs(scope, receive, send)

    transport = httpx.ASGITransport(Edge(framework, Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/extract_text")
    failure(answer, status, code)
    assert answer.headers["content-length"] == str(len(answer.content))
