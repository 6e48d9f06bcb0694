"""Request ids, the API key, size limits, clients that leave, and the access log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from http_fakes import FakePipeline, RawExchange, app_over, calling, failure, image
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

MIB = 2**20
FORM = {"content-type": "multipart/form-data; boundary=B"}


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("asked", ["r-1", "  spaces inside  ok ", "x" * 128])
async def test_a_caller_s_request_id_comes_back(asked: str) -> None:
    pipeline = FakePipeline()
    async with calling(pipeline) as client:
        answer = await client.post("/extract_text", files=image(), headers={"X-Request-ID": asked})
    assert answer.headers["x-request-id"] == asked.strip() == pipeline.requests[0].request_id


@pytest.mark.parametrize("asked", [None, "", "x" * 129, "tab\tinside", "kör", "합계"])
async def test_another_request_id_is_made_where_there_is_no_good_one(asked: str | None) -> None:
    async with calling() as client:
        headers = {} if asked is None else {b"X-Request-ID": asked.encode()}
        made = {(await client.get("/engines", headers=headers)).headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2
    assert all(len(each) == 32 and each.isalnum() for each in made)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic s3cret"},
        {"X-API-Key": ""},
    ],
)
async def test_calls_without_the_key_are_refused(headers: dict[str, str]) -> None:
    pipeline = FakePipeline()
    async with calling(pipeline, api_key="s3cret") as client:
        answers = [await client.post("/extract_text", files=image(), headers=headers)]
        answers += [await client.get(path, headers=headers) for path in ("/engines", "/nothing", "/schema.json")]
    for answer in answers:
        message = failure(answer, 401, "unauthenticated")
        assert "s3cret" not in message
        assert "X-API-Key" in message
        assert answer.headers["www-authenticate"] == "Bearer"
    assert pipeline.requests == []


@pytest.mark.parametrize("headers", [{"X-API-Key": "s3크ret"}, {"Authorization": "bearer  s3크ret "}])
async def test_calls_with_the_key_pass(headers: dict[str, str]) -> None:
    async with calling(api_key="s3크ret") as client:
        sent = {name.encode(): value.encode() for name, value in headers.items()}
        assert (await client.post("/extract_text", files=image(), headers=sent)).status_code == 200


async def test_a_websocket_is_closed_whatever_its_path() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/extract_text", "headers": []}
    await app_over(FakePipeline(), api_key="s3cret")(scope, receive, send)
    assert sent == [{"type": "websocket.close"}]


async def test_the_log_names_the_holder_of_the_key() -> None:
    with capture_logs() as lines:
        async with calling(api_keys="bob: s3cret, other") as client:
            await client.get("/engines", headers={"X-API-Key": "s3cret"})
            await client.get("/engines", headers={"X-API-Key": "other"})
    assert [line.get("key_name") for line in lines if line["event"] == "request"] == ["bob", None]
    assert "s3cret" not in str(lines)


async def test_probes_metrics_and_documentation_need_no_key() -> None:
    opened = ("/livez", "/readyz", "/healthz", "/health", "/health_check", "/metrics", "/", "/docs", "/openapi.json")
    async with calling(api_key="s3cret") as client:
        for path in (*opened, "/assets/swagger-ui.css"):
            assert (await client.get(path)).status_code == 200, path


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/extract_text", 1 * MIB),
        ("/predict", 1 * MIB),
        ("/extract_text_batch", 3 * MIB),
        ("/extract_document", 3 * MIB),
        ("/extract_key_values", 3 * MIB),
        ("/nothing", 3 * MIB),
    ],
)
async def test_a_declared_size_over_the_limit_is_refused_before_reading(path: str, limit: int) -> None:
    app = app_over(FakePipeline(), max_image_bytes=1 * MIB, max_document_bytes=3 * MIB)
    most = limit + MIB
    over = RawExchange(path, FORM | {"content-length": str(most + 1)}, [part(b"never needed", more=False)])
    await over.run(app)
    assert over.status == 413
    assert over.body["error"]["code"] == "payload_too_large"
    assert str(most) in over.body["error"]["message"]
    assert over.headers["connection"] == "close"
    within = RawExchange(path, FORM | {"content-length": str(most)}, [part(b"x", more=False)])
    await within.run(app)
    assert within.status in (400, 404)


async def test_four_gigabytes_are_refused_from_the_header_alone() -> None:
    silent = RawExchange("/extract_text", FORM | {"content-length": str(4 * 2**30)}, [])
    silent.left.set()
    await silent.run(app_over(FakePipeline()))
    assert silent.status == 413


async def test_a_chunked_body_is_counted_and_cut_off() -> None:
    head = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    chunks = [part(head), *(part(bytes(MIB)) for _ in range(50))]
    upload = RawExchange("/extract_text", FORM | {"transfer-encoding": "chunked"}, chunks)
    upload.left.set()
    seen: list[int] = []
    send = upload._send

    async def watch(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(upload.unread)
        await send(message)

    upload._send = watch  # type: ignore[method-assign]
    await upload.run(app_over(FakePipeline(), max_image_bytes=2 * MIB))
    assert upload.status == 413
    assert upload.headers["connection"] == "close"
    assert seen == [50 - 3]  # it was answered when the third megabyte came: two, and one for the form


async def test_a_large_image_within_the_limit_arrives_whole() -> None:
    pipeline, data = FakePipeline(), bytes(range(256)) * 4096 * 5

    async def body() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'
        for at in range(0, len(data), 65_000):
            yield data[at : at + 65_000]
        yield b"\r\n--B--\r\n"

    async with calling(pipeline, max_image_bytes=MIB) as client:
        answer = await client.post("/extract_document", content=body(), headers=FORM)
    assert answer.status_code == 200
    assert pipeline.requests[0].data == data


async def test_a_body_nobody_reads_closes_the_connection() -> None:
    refused = RawExchange("/extract_text", {"content-type": "text/plain", "content-length": "3"}, [part(b"abc", False)])
    await refused.run(app_over(FakePipeline()))
    assert (refused.status, refused.headers["connection"]) == (415, "close")
    assert refused.unread == 0
    assert [message.get("more_body") for message in refused.sent[1:]] == [True, False]


async def test_a_client_that_leaves_while_it_sends() -> None:
    upload = RawExchange("/extract_text", FORM | {"content-length": "1000"}, [part(b"--B\r\n")])
    upload.left.set()
    with capture_logs() as lines:
        await upload.run(app_over(FakePipeline()))
    assert upload.sent == []
    assert [(line["log_level"], line["event"]) for line in lines] == [("debug", "client_gone"), ("info", "request")]
    assert lines[-1]["status"] == 499


@pytest.mark.parametrize(
    "path", ["/extract_text", "/predict", "/extract_text_batch", "/extract_document", "/extract_key_values"]
)
async def test_a_client_that_leaves_while_it_waits_cancels_the_work(path: str) -> None:
    pipeline = FakePipeline()
    fields = {"/extract_text_batch": "images", "/extract_document": "document", "/extract_key_values": "document"}
    field = fields.get(path, "image")
    body = f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\nwait\r\n--B--\r\n'.encode()
    call = RawExchange(path, FORM | {"content-length": str(len(body))}, [part(body, more=False)])
    running = asyncio.create_task(call.run(app_over(pipeline)))
    await pipeline.waiting.wait()
    assert not pipeline.cancelled.is_set()
    call.left.set()
    await running
    assert pipeline.cancelled.is_set()
    assert call.sent == []


async def test_one_line_a_request_and_none_for_probes() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with calling() as client:
            await client.post("/extract_text", files=image(b"raise server_busy"), headers={"X-Request-ID": "r-log"})
            for path in ("/livez", "/readyz", "/health", "/metrics"):
                await client.get(path)
    (line,) = [line for line in lines if line["log_level"] != "debug"]
    assert line["seconds"] > 0
    assert line["bytes_in"] > len("raise server_busy")
    assert line["bytes_out"] > 0
    told = {"event": "request", "request_id": "r-log", "method": "POST", "path": "/extract_text", "status": 429}
    assert line.items() >= (told | {"code": "server_busy"}).items()


async def test_a_failing_answer_is_valid_json_with_its_length() -> None:
    async with calling() as client:
        answer = await client.get("/nothing/합계")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)["error"]["code"] == "not_found"
    assert answer.headers["content-length"] == str(len(answer.content))
