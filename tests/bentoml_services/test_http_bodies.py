"""Bodies that have to share memory and disk: which are refused, when their room comes back, and a disk that is full."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import IO, Any, cast

import httpx
import pytest
from http_fakes import FakePipeline, RawExchange, failure, image

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.body_budget import BodyBudget
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

MIB = 2**20
FORM = {"content-type": "multipart/form-data; boundary=B"}
HEAD = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n'
SMALL_LIMITS = {"max_image_bytes": 2 * MIB, "max_document_bytes": 7 * MIB}  # so 16 MiB at least, 12 for large ones


class Shared:
    """The app over a budget that others take from, too."""

    def __init__(self, **settings: Any) -> None:
        self.pipeline = FakePipeline()
        chosen = Settings(**{"body_memory_mb": 1, "body_disk_mb": 1, **SMALL_LIMITS, **settings})
        self.budget = BodyBudget(chosen)
        self.app = Edge(create_app(cast(Pipeline, self.pipeline), chosen), chosen, self.budget)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test")

    @property
    def used(self) -> tuple[int, int]:
        return self.budget.memory.used, self.budget.disk.used


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def pieces(field: bytes, size: int) -> AsyncIterator[bytes]:
    """A form with one file, as it comes from a network."""
    yield HEAD % field
    for _ in range(0, size, MIB // 2):
        yield bytes(MIB // 2)
    yield b"\r\n--B--\r\n"


async def until(true: Callable[[], object]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


async def test_a_declared_body_is_refused_before_a_byte_of_it_is_read() -> None:
    shared = Shared()
    assert shared.budget.memory.limit == 16 * MIB
    with shared.budget.body() as other:
        other.memory.add(11 * MIB)
        upload = RawExchange("/extract_text", FORM | {"content-length": str(2 * MIB)}, [])
        upload.left.set()
        await upload.run(shared.app)
        assert (upload.status, upload.headers["connection"]) == (429, "close")
        assert upload.body["error"]["code"] == "server_busy"
        assert upload.headers["retry-after"] == "1"
        assert shared.used == (11 * MIB, 0)
        small = await shared.client.post("/extract_text", files=image())
        assert small.status_code == 200
    again = await shared.client.post("/extract_text", files=image(bytes(2 * MIB)))
    assert again.status_code == 200
    assert shared.used == (0, 0)


async def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    shared = Shared()
    with shared.budget.body() as other:
        other.memory.add(11 * MIB)
        answer = await shared.client.post("/extract_text", content=pieces(b"image", 2 * MIB), headers=FORM)
        assert "of memory" in failure(answer, 429, "server_busy")
        assert shared.used == (11 * MIB, 0)


@pytest.mark.parametrize(
    "path", ["/extract_text", "/predict", "/extract_text_batch", "/documents", "/extract_document"]
)
async def test_room_is_taken_until_the_work_is_done(path: str) -> None:
    shared = Shared()
    field = {"/extract_text_batch": b"images", "/extract_document": b"document"}.get(path, b"image")
    body = HEAD % field + b"wait\r\n--B--\r\n"
    call = RawExchange(path, FORM | {"content-length": str(len(body))}, [part(body, more=False)])
    running = asyncio.create_task(call.run(shared.app))
    if path == "/documents":  # there is no place to keep them
        await running
        assert call.status == 501
    else:
        await shared.pipeline.waiting.wait()
        assert shared.used == (len(body), 0)
        call.left.set()
        await running
        assert call.sent == []
    assert shared.used == (0, 0)


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"x", 200), (b"raise server_busy", 429), (b"raise engine_failed", 500), (b"", 200)],
)
async def test_room_comes_back_with_every_answer(data: bytes, status: int) -> None:
    shared = Shared()
    assert (await shared.client.post("/extract_text", files=image(data))).status_code == status
    assert (await shared.client.post("/extract_text", content=b"--B\r\n", headers=FORM)).status_code == 400
    assert (await shared.client.post("/extract_text", files=image(bytes(4 * MIB)))).status_code == 413
    assert (await shared.client.post("/nothing", content=bytes(1000))).status_code == 404
    assert shared.used == (0, 0)


async def test_room_comes_back_when_the_answer_begins_however_slowly_it_is_taken() -> None:
    shared = Shared()
    held: list[int] = []
    body = HEAD % b"image" + bytes(MIB) + b"\r\n--B--\r\n"
    call = RawExchange("/extract_text", FORM | {"content-length": str(len(body))}, [part(body, more=False)])
    send = call._send

    async def slow(message: Any) -> None:
        held.append(shared.budget.memory.used)
        await send(message)

    call._send = slow  # type: ignore[method-assign]
    await call.run(shared.app)
    assert (call.status, held) == (200, [0, 0])


async def test_room_comes_back_from_uploads_that_stand_still_or_leave() -> None:
    shared = Shared(body_timeout_s=0.2)
    headers = FORM | {"content-length": str(2 * MIB)}
    calls = [RawExchange("/extract_text", headers, [part(HEAD % b"image" + bytes(MIB))]) for _ in range(2)]
    calls[0].left.set()
    asyncio.get_running_loop().call_later(0.5, calls[1].left.set)  # when it has been answered
    await asyncio.gather(*(call.run(shared.app) for call in calls))
    assert (calls[0].sent, calls[1].status) == ([], 504)
    assert shared.used == (0, 0)


async def test_a_large_document_is_on_disk_while_it_comes_and_in_memory_while_it_is_read() -> None:
    shared = Shared()
    seen: list[tuple[int, int]] = []
    data = b"wait " + bytes(5 * MIB)

    async def body() -> AsyncIterator[bytes]:
        yield HEAD % b"document"
        for start in range(0, len(data), MIB // 2):
            yield data[start : start + MIB // 2]
            seen.append(shared.used)
        yield b"\r\n--B--\r\n"

    running = asyncio.create_task(shared.client.post("/extract_document", content=body(), headers=FORM))
    await shared.pipeline.waiting.wait()
    assert max(memory for memory, _ in seen) <= 3 * MIB
    assert seen[-1][1] >= 4.5 * MIB
    memory, disk = shared.used
    assert len(data) <= memory <= len(data) + 2000
    assert disk == 0
    running.cancel()
    await until(lambda: shared.used == (0, 0))


async def test_a_large_document_needs_room_on_disk() -> None:
    shared = Shared()
    with shared.budget.body() as other:
        other.disk.add(4 * MIB)
        declared = await shared.client.post("/extract_document", files=image(bytes(5 * MIB), "document"))
        assert "of disk" in failure(declared, 429, "server_busy")

        found = await shared.client.post("/extract_document", content=pieces(b"document", 5 * MIB), headers=FORM)
        assert "of disk" in failure(found, 429, "server_busy")
        assert shared.used == (0, 4 * MIB)


async def test_a_large_document_on_disk_waits_for_memory_and_not_for_ever() -> None:
    shared = Shared(body_timeout_s=0.7)

    async def post() -> httpx.Response:
        return await shared.client.post("/extract_document", content=pieces(b"document", 5 * MIB), headers=FORM)

    with shared.budget.body() as other:
        other.memory.add(9 * MIB)
        assert "of memory" in failure(await post(), 429, "server_busy")
        running = asyncio.create_task(post())
        await until(lambda: shared.budget.memory.wanted)
        assert shared.budget.disk.used >= 5 * MIB
    assert (await running).status_code == 200
    assert shared.used == (0, 0)


async def test_a_full_disk_is_the_server_s_trouble_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> IO[bytes]:
        return open("/dev/full", "w+b", buffering=0)

    shared = Shared()
    monkeypatch.setattr(tempfile, "TemporaryFile", full)  # what a spooled file becomes when it is too large for memory
    answer = await shared.client.post("/extract_document", files=image(bytes(5 * MIB), "document"))
    message = failure(answer, 503, "not_ready")
    assert "temporary folder" in message
    assert answer.headers["retry-after"] == "10"
    assert shared.used == (0, 0)
    assert (await shared.client.post("/extract_document", files=image(b"x", "document"))).status_code == 200
