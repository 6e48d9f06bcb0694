"""Calls shared out among servers, of which some do not do what they say, and pages as servers take them."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import numpy as np
import pytest
from PIL import Image

from ml_server.bulk import servers as module
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.page_worker import PagePool, Picture
from ml_server.bulk.server_reader import ServerReader
from ml_server.bulk.servers import Servers
from ml_server.clients import AsyncOCRClient
from ml_server.document import OCRPage
from ml_server.errors import EngineUnavailable, InvalidImage, MLServerError, NotReady, PayloadTooLarge
from ml_server.settings import Settings


@pytest.fixture(autouse=True)
def always_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ready(self: AsyncOCRClient, timeout_s: float) -> None:
        """They say so."""

    monkeypatch.setattr(AsyncOCRClient, "wait_until_ready", ready)
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)


@asynccontextmanager
async def two() -> AsyncIterator[Servers]:
    addresses = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    servers = Servers(addresses, calls_each=1, patience_s=5, timeout_s=5)
    try:
        await servers.wait_until_ready()
        yield servers
    finally:
        await servers.close()


class Answers:
    """Answers of servers, in the order they are first asked; counts the calls of each."""

    def __init__(self, *answers: Callable[[], MLServerError | str]) -> None:
        self.left = list(answers)
        self.given: dict[AsyncOCRClient, Callable[[], MLServerError | str]] = {}
        self.calls: Counter[AsyncOCRClient] = Counter()

    async def __call__(self, client: AsyncOCRClient) -> str:
        if client not in self.given:
            self.given[client] = self.left.pop(0)
        self.calls[client] += 1
        await asyncio.sleep(0)
        answer = self.given[client]()
        if isinstance(answer, MLServerError):
            raise answer
        return answer


async def test_servers_that_are_ready_and_are_not_are_not_asked_for_ever() -> None:
    no = Answers(lambda: NotReady("the engine is not"), lambda: NotReady("nor is this one's"))
    async with two() as servers:
        with pytest.raises(NotReady, match="is"):
            await asyncio.wait_for(servers.call(no), 10)
    assert sorted(no.calls.values()) == [2, 2]


async def test_the_other_server_reads_what_one_is_never_ready_for() -> None:
    some = Answers(lambda: NotReady("the engine is not"), lambda: "read")
    async with two() as servers:
        assert await asyncio.gather(*(asyncio.wait_for(servers.call(some), 10) for _ in range(20))) == ["read"] * 20
    assert max(some.calls.values()) == 20


async def test_a_server_without_the_engine_is_left_out_and_without_any_the_run_ends() -> None:
    some = Answers(lambda: EngineUnavailable("no paddle here"), lambda: "read")
    async with two() as servers:
        assert [await servers.call(some) for _ in range(3)] == ["read"] * 3
    assert sorted(some.calls.values()) == [1, 3]
    none = Answers(*[lambda: EngineUnavailable("no paddle here")] * 2)
    async with two() as servers:
        found = await asyncio.gather(*(servers.call(none) for _ in range(5)), return_exceptions=True)
    assert {type(each) for each in found} == {EngineUnavailable}


async def test_what_is_wrong_with_a_page_is_told_at_once() -> None:
    damaged = Answers(lambda: InvalidImage("damaged"))
    async with two() as servers:
        with pytest.raises(InvalidImage):
            await servers.call(damaged)


class Busy:
    """Servers that take calls and never answer."""

    async def call(self, work: object) -> None:
        await asyncio.sleep(60)


class Making:
    """Makes pictures of no document."""

    def __init__(self) -> None:
        self.made = 0

    async def picture(self, *asked: object) -> Picture:
        self.made += 1
        return Picture(b"x", 1, 1, smallest=False)


async def test_no_more_pages_are_made_than_the_servers_are_about_to_take() -> None:
    making = Making()
    reader = ServerReader(cast(Servers, Busy()), cast(PagePool, making), BulkOptions("english", "mock"), ahead=5)
    readings = [asyncio.create_task(anext(reader.read(b"", tuple(range(1, 100))))) for _ in range(10)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert making.made == 5 + 4
    for task in readings:
        task.cancel()
    await asyncio.gather(*readings, return_exceptions=True)


class Choosy:
    """A server that takes so many bytes; keeps what it was sent."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.sent: list[bytes] = []

    async def call(self, work: Callable[[object], Awaitable[object]]) -> object:
        return await work(self)

    async def extract_text(self, data: bytes, **asked: object) -> OCRPage:
        self.sent.append(data)
        if len(data) > self.most:
            raise PayloadTooLarge("too much")
        with Image.open(io.BytesIO(data)) as picture:
            return OCRPage((), *picture.size, "english", "mock", "1")


async def sent(data: bytes, server: Choosy, *, max_pixels: int = 0) -> list[tuple[str | None, tuple[int, int], bool]]:
    """Format and size of what a server gets of a document, and whether that is the document itself."""
    pages, options = PagePool(Settings(), inline=True), BulkOptions("english", "mock", max_pixels=max_pixels)
    reader = ServerReader(cast(Servers, server), pages, options, ahead=1)
    (reading,) = [reading async for reading in reader.read(data, (1,))]
    await pages.close()
    with Image.open(io.BytesIO(data)) as original:
        assert (reading.page.width, reading.page.height) == original.size
    found = []
    for each in server.sent:
        with Image.open(io.BytesIO(each)) as picture:
            found.append((picture.format, picture.size, each == data))
    return found


async def test_pages_go_to_servers_as_they_are_or_as_small_as_it_takes() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    files = {}
    for form in ("JPEG", "TIFF"):
        file = io.BytesIO()
        noise.save(file, form)
        files[form] = file.getvalue()
    assert await sent(files["JPEG"], Choosy(10**6)) == [("JPEG", (400, 300), True)]
    assert await sent(files["JPEG"], Choosy(10**6), max_pixels=30_000) == [("PNG", (200, 150), False)]
    assert await sent(files["TIFF"], Choosy(10**6)) == [("PNG", (400, 300), False)]
    assert await sent(files["TIFF"], Choosy(300_000)) == [("PNG", (400, 300), False), ("JPEG", (400, 300), False)]
    with pytest.raises(PayloadTooLarge):
        await sent(files["TIFF"], Choosy(1000))
