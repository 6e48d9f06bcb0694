from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from fake_label_studio import LEGACY, PERSONAL, URL, FakeLabelStudio, jwt, settings
from image_hosts import LIMIT, PNG, Web, images, know_names, studio_with_files

from ml_server.errors import (
    DeadlineExceeded,
    InvalidImage,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    Unauthenticated,
)
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.images import Images


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    know_names(monkeypatch)


@pytest.fixture
def fake() -> FakeLabelStudio:
    return studio_with_files()


@pytest.mark.parametrize("token", [PERSONAL, LEGACY])
@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/1/a.png",
        f"{URL}/data/upload/1/a.png",
        "/data/local-files/?d=docs/a.png",
        "/storage-data/uploaded/?filepath=upload/1/a.png",  # uploads of a Label Studio that keeps them in a bucket
    ],
)
async def test_files_of_label_studio_with_either_token(fake: FakeLabelStudio, token: str, address: str) -> None:
    async with images(fake, token=token) as found:
        assert await found.fetch(address) == PNG


@pytest.mark.parametrize("address", ["/data/upload/1/a.png", "/ls/data/upload/1/a.png"])
async def test_a_label_studio_below_a_path(fake: FakeLabelStudio, address: str) -> None:
    async with images(fake, url=f"{URL}/ls", token=LEGACY) as found:
        assert await found.fetch(address) == PNG
    assert fake.seen == ["GET /ls/data/upload/1/a.png"]


async def test_an_expired_bearer_does_not_lose_an_image(fake: FakeLabelStudio) -> None:
    async with images(fake) as found:
        await found.fetch("/data/upload/1/a.png")
        fake.revoke()
        assert await found.fetch("/data/upload/1/a.png") == PNG
    assert fake.refreshes == 2


async def test_inline_images() -> None:
    async with images(FakeLabelStudio()) as found:
        assert await found.fetch(f"data:image/png;base64,{base64.b64encode(PNG).decode()}") == PNG
        assert await found.fetch("data:text/plain,a%20b") == b"a b"
        for broken in ("data:image/png;base64,%%%", "data:image/png", "data:image/png;base64,"):
            with pytest.raises(InvalidImage, match="data: address"):
                await found.fetch(broken)


async def test_bucket_objects_come_through_the_tasks_resolver(fake: FakeLabelStudio) -> None:
    def resolve(request: httpx.Request) -> httpx.Response:
        uri = base64.urlsafe_b64decode(request.url.params["fileuri"]).decode()
        return httpx.Response(200, content=uri.encode())

    fake.files["/tasks/7/resolve/"] = resolve
    async with images(fake) as found:
        assert await found.fetch("s3://scans/a b/한글.png", task=7) == "s3://scans/a b/한글.png".encode()
        with pytest.raises(
            InvalidRequest, match=r"s3://scans/a.png: Label Studio finds no storage of task 8's project"
        ):
            await found.fetch("s3://scans/a.png", task=8)
        with pytest.raises(InvalidRequest, match="needs the id of its task"):
            await found.fetch("gs://scans/a.png")


async def test_a_storage_that_label_studio_cannot_read_is_named(fake: FakeLabelStudio) -> None:
    fake.files["/tasks/7/resolve/"] = httpx.Response(424, json={"detail": "Stream is None"})
    async with images(fake) as found:
        with pytest.raises(NotReady, match=r"cannot get s3://scans/a b\.png from its storage \(424\).*keys"):
            await found.fetch("s3://scans/a b.png", task=7)
        with pytest.raises(NotReady, match=r"cannot get http://studio:8080/tasks/7/resolve/\?fileuri=x from"):
            await found.fetch("/tasks/7/resolve/?fileuri=x")


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (httpx.Response(404), InvalidRequest, r"Label Studio has no such file \(404\): http://studio:8080/data/upload"),
        (httpx.Response(500, text="oops"), InvalidRequest, "as it does for an upload that is not there any more"),
        (httpx.Response(403, json={"detail": "no"}), Unauthenticated, "to the token's user"),
        (httpx.Response(429), ServerBusy, "busy"),
        (
            httpx.Response(200, text="<html/>", headers={"content-type": "text/html; charset=utf-8"}),
            InvalidImage,
            "login",
        ),
        (httpx.Response(200, content=b"x" * (LIMIT + 1)), PayloadTooLarge, "found 1001 bytes, 1000 allowed"),
    ],
)
async def test_every_failure_of_a_file_names_its_cause(
    fake: FakeLabelStudio, answer: httpx.Response, kind: type[MLServerError], why: str
) -> None:
    fake.files["/data/upload/1/x.png"] = answer
    async with images(fake) as found:
        with pytest.raises(MLServerError, match=why) as caught:
            await found.fetch("/data/upload/1/x.png")
    assert type(caught.value) is kind


@pytest.mark.parametrize("address", ["/data/upload/1/a\tb.png", "https://xn--\x80.example/a.png", "http://xn--/a.png"])
async def test_what_is_no_address_is_said(fake: FakeLabelStudio, address: str) -> None:
    async with images(fake, hosts="*") as found:
        with pytest.raises(InvalidRequest, match="is no address of an image"):
            await found.fetch(address)


@pytest.mark.parametrize("status", [200, 404])
async def test_an_answer_that_breaks_off_may_be_asked_for_again(fake: FakeLabelStudio, status: int) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b"x"
        raise httpx.ReadError("the connection was lost")

    headers = {"content-length": "100"}
    fake.files["/data/upload/1/cut.png"] = lambda request: httpx.Response(status, headers=headers, content=cut())
    async with images(fake) as found:
        with pytest.raises(NotReady, match="broke off after"):
            await found.fetch("/data/upload/1/cut.png")


async def test_a_body_without_a_declared_size_is_cut_off_at_the_limit(fake: FakeLabelStudio) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100
            yield b"x" * 100

    fake.files["/data/upload/1/big.png"] = lambda request: httpx.Response(200, content=endless())
    async with images(fake) as found:
        with pytest.raises(PayloadTooLarge, match="more than 1000 bytes"):
            await found.fetch("/data/upload/1/big.png")
    assert sent <= LIMIT + 200


async def test_a_host_that_trickles_is_given_up(fake: FakeLabelStudio) -> None:
    async def slow() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    fake.files["/data/upload/1/slow.png"] = lambda request: httpx.Response(200, content=slow())
    async with images(fake, timeout_s=0.3) as found:
        with pytest.raises(DeadlineExceeded, match=r"did not come within 0\.3 s"):
            await found.fetch("/data/upload/1/slow.png")


async def test_without_a_token_other_hosts_still_work(fake: FakeLabelStudio) -> None:
    def none() -> LabelStudio:
        return LabelStudio(settings(None))

    web = Web()
    web.files["files.example/a.png"] = httpx.Response(200, content=PNG)
    found = Images(settings(None, hosts="*"), none, LIMIT, httpx.MockTransport(web))
    assert await found.fetch("https://files.example/a.png") == PNG
    with pytest.raises(Unauthenticated, match="LABEL_STUDIO_API_KEY"):
        await found.fetch("/data/upload/1/a.png")
    await found.close()


async def test_a_wrong_token_is_said(fake: FakeLabelStudio) -> None:
    async with images(fake, token=jwt(token_type="refresh", jti="2")) as found:
        with pytest.raises(Unauthenticated, match="does not take the personal access token"):
            await found.fetch("/data/upload/1/a.png")
