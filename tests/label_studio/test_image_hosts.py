from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from fake_label_studio import URL, FakeLabelStudio
from image_hosts import ADDRESSES, LIMIT, PNG, Web, images, know_names, studio_with_files

from ml_server.errors import (
    EngineUnavailable,
    InvalidRequest,
    MLServerError,
    NotReady,
)
from ml_server.label_studio import buckets


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    know_names(monkeypatch)


@pytest.fixture
def fake() -> FakeLabelStudio:
    return studio_with_files()


async def test_a_presigned_redirect_is_followed_without_the_token(fake: FakeLabelStudio) -> None:
    web = Web()
    web.files["files.example/a.png"] = httpx.Response(200, content=PNG)
    location = {"location": "https://files.example/a.png?X-Amz-Signature=secret"}
    fake.files["/tasks/7/resolve/"] = httpx.Response(303, headers=location)
    async with images(fake, web, hosts="files.example") as found:
        assert await found.fetch("s3://scans/a.png", task=7) == PNG
    (asked,) = web.seen
    assert "authorization" not in asked.headers
    assert "cookie" not in asked.headers
    assert (asked.url.host, asked.headers["host"]) == (ADDRESSES["files.example"], "files.example")
    assert asked.extensions["sni_hostname"] == "files.example"
    assert asked.url.query == b"X-Amz-Signature=secret"


@pytest.mark.parametrize(
    ("hosts", "address", "why"),
    [
        ("", "https://files.example/a.png", "neither Label Studio's address nor one to fetch from"),
        ("files.example", "https://files.example.evil/a.png", "neither"),
        ("*", "http://inside.example/a.png", "has a private address"),
        ("*.example", "http://inside.example/a.png", "has a private address"),
        ("*", "http://both.example/a.png", "has a private address"),
        ("*", "http://mapped.example/a.png", "has a private address"),
        ("*", "http://169.254.169.254/latest/meta-data/", "has a private address"),
        ("*", "http://127.0.0.1:8080/", "has a private address"),
        ("minio:9000", "http://minio:9001/a.png", "neither"),
        ("*", "ftp://files.example/a.png", "http and https are"),
        ("*", "file:///etc/passwd", "http and https are"),
        ("*", "//files.example/a.png", "http and https are"),
        ("*", "a.png", "http and https are"),
    ],
)
async def test_what_may_not_be_fetched(hosts: str, address: str, why: str) -> None:
    web = Web()
    async with images(FakeLabelStudio(), web, hosts=hosts) as found:
        with pytest.raises(InvalidRequest, match=why):
            await found.fetch(address)
    assert not web.seen


@pytest.mark.parametrize(
    ("hosts", "address"),
    [
        ("files.example", "https://files.example/a.png"),
        ("*", "https://user:word@files.example/a.png"),
        ("*.example", "http://files.example:8000/a.png"),
        ("other, MINIO:9000", "http://minio:9000/a.png"),
        ("*", "https://v6.example/a.png"),
    ],
)
async def test_what_may_be_fetched(hosts: str, address: str) -> None:
    web = Web()
    url = httpx.URL(address)
    web.files[f"{url.netloc.decode()}/a.png"] = httpx.Response(200, content=PNG)
    async with images(FakeLabelStudio(), web, hosts=hosts) as found:
        assert await found.fetch(address) == PNG
    (asked,) = web.seen
    assert asked.url.host == ADDRESSES[url.host]
    assert "authorization" not in asked.headers


@pytest.mark.parametrize("start", ["https://files.example/a.png", "/data/upload/1/moved.png"])
@pytest.mark.parametrize("location", ["http://inside.example/", "http://169.254.169.254/", "https://elsewhere.test/"])
async def test_a_redirect_leads_nowhere_it_may_not(fake: FakeLabelStudio, start: str, location: str) -> None:
    web = Web()
    for files, name in ((web.files, "files.example/a.png"), (fake.files, "/data/upload/1/moved.png")):
        files[name] = httpx.Response(302, headers={"location": location})
    ADDRESSES["elsewhere.test"] = "93.184.215.15"
    async with images(fake, web, hosts="files.example") as found:
        with pytest.raises(InvalidRequest, match="neither Label Studio's address nor one"):
            await found.fetch(start)


async def test_a_redirect_back_to_label_studio_gets_the_token_again(fake: FakeLabelStudio) -> None:
    web = Web()
    web.files["files.example/a.png"] = httpx.Response(302, headers={"location": f"{URL}/data/upload/1/a.png"})
    async with images(fake, web, hosts="files.example") as found:
        assert await found.fetch("https://files.example/a.png") == PNG


async def test_redirects_end(fake: FakeLabelStudio) -> None:
    fake.files["/data/upload/1/round.png"] = httpx.Response(302, headers={"location": "/data/upload/1/round.png"})
    async with images(fake, max_redirects=2) as found:
        with pytest.raises(InvalidRequest, match="more than 2 redirects"):
            await found.fetch("/data/upload/1/round.png")
    assert fake.seen.count("GET /data/upload/1/round.png") == 3


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (404, InvalidRequest, "files.example has no such file"),
        (403, InvalidRequest, "signature expired"),
        (502, NotReady, "failed"),
    ],
)
async def test_failures_elsewhere_do_not_show_the_signature(status: int, kind: type[MLServerError], why: str) -> None:
    web = Web()
    web.files["files.example/a.png"] = httpx.Response(status)
    async with images(FakeLabelStudio(), web, hosts="*") as found:
        with pytest.raises(kind, match=why) as caught:
            await found.fetch("https://files.example/a.png?X-Amz-Signature=secret")
    assert "secret" not in caught.value.message


async def test_a_name_that_is_none(fake: FakeLabelStudio) -> None:
    async with images(fake, hosts="*") as found:
        with pytest.raises(NotReady, match=r"nowhere\.test cannot be resolved"):
            await found.fetch("https://nowhere.test/a.png")


async def test_own_keys_only_for_buckets_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def read(address: str, max_bytes: int) -> bytes:
        asked.append((address, max_bytes))
        return PNG

    monkeypatch.setattr("ml_server.label_studio.buckets.read", read)
    async with images(FakeLabelStudio(), hosts="s3://scans") as found:
        assert await found.fetch("s3://scans/a.png", task=1) == PNG
        with pytest.raises(InvalidRequest, match=r"ML_SERVER_LABEL_STUDIO_HOSTS=s3://other"):
            await found.fetch("s3://other/a.png", task=1)
    assert asked == [("s3://scans/a.png", LIMIT)]


def test_a_missing_storage_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(EngineUnavailable, match="pip install gcsfs"):
        buckets.read("gs://scans/a.png", LIMIT)
