"""``POST /documents`` and ``/files/…`` as callers meet them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from http_fakes import FakePipeline, calling, failure, image
from pages import tiff
from PIL import Image
from s3_server import s3_server

from ml_server.decode import DecodeLimits, DocumentProbe, decode_pages, probe
from ml_server.decode_png import PagePicture, encode
from ml_server.settings import Settings

ADDRESS = "http://host:3000"


class RenderingPipeline(FakePipeline):
    """Renders in this process, and remembers at which resolution it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.resolutions: list[int] = []

    async def render_pages(self, data: bytes, dpi: int) -> AsyncGenerator[tuple[DocumentProbe, PagePicture], None]:
        self.resolutions.append(dpi)
        limits = DecodeLimits.from_settings(Settings())
        found = probe(data, limits)
        for index in range(found.pages):
            (page,) = decode_pages(data, index, 1, limits)
            yield found, encode(page)


def document(data: bytes, name: str = "두 쪽.tif") -> dict[str, tuple[str, bytes]]:
    return image(data, "document", name)


async def test_pages_are_stored_once_and_served(tmp_path: Path) -> None:
    pipeline = RenderingPipeline()
    data = tiff((40, 30), (50, 60))
    async with calling(pipeline, documents=str(tmp_path / "kept")) as client:
        answer = await client.post("/documents", files=document(data))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["name"], body["format"], body["dpi"]) == ("success", "두 쪽.tif", "TIFF", None)
        assert (body["page_count"], body["already_stored"], body["uploaded"]) == (2, False, 3)
        (raw,) = (tmp_path / "kept" / "raw").iterdir()
        assert (str(raw), raw.read_bytes()) == (body["raw"], data)
        for page in body["pages"]:
            assert page["url"] == f"/files/{page['name']}"
            served = await client.get(page["url"])
            assert served.status_code == 200
            assert served.headers["content-type"] == "image/png"
            assert served.headers["x-content-type-options"] == "nosniff"
            with Image.open(io.BytesIO(served.content)) as picture:
                assert picture.size == (page["width"], page["height"])
            head = await client.head(page["url"])
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(served.content))
        again = (await client.post("/documents", files=document(data, "other.tif"))).json()
        assert (again["already_stored"], again["uploaded"], again["name"]) == (True, 0, "other.tif")
        assert (again["id"], again["pages"]) == (body["id"], body["pages"])
        gone = (await client.post("/documents", files=document(data), data={"keep_raw": "false"})).json()
        assert gone["raw"] is None
        assert not raw.exists()


async def test_pages_go_to_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server("bucket") as s3:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        async with calling(RenderingPipeline(), documents="s3://bucket/preprocessed/", documents_url=ADDRESS) as client:
            body = (await client.post("/documents", files=document(tiff((40, 30))))).json()
            (page,) = body["pages"]
            assert page["url"] == f"s3://bucket/preprocessed/{page['name']}"
            assert body["raw"] == f"s3://bucket/raw/{body['id']}.tif"
            assert sorted(s3.keys("bucket")) == [
                f"preprocessed/{page['name']}", f"raw/{body['id']}.tif", f"records/{body['id']}.json",
            ]  # fmt: skip
            failure(await client.get(f"/files/{page['name']}"), 404, "not_found")
        async with calling(RenderingPipeline(), documents="s3://nosuch") as client:
            answer = await client.post("/documents", files=document(tiff((40, 30))))
            assert "s3://nosuch" in failure(answer, 500, "internal")


async def test_options_come_from_the_settings_and_are_checked(tmp_path: Path) -> None:
    pipeline = RenderingPipeline()
    settings: dict[str, Any] = {"documents": str(tmp_path), "documents_keep_raw": False, "documents_url": ADDRESS}
    async with calling(pipeline, **settings, documents_dpi=150) as client:
        body = (await client.post("/documents", files=document(tiff((8, 8))))).json()
        assert body["raw"] is None
        assert body["pages"][0]["url"] == f"{ADDRESS}/files/{body['pages'][0]['name']}"
        await client.post("/documents", files=document(tiff((9, 8))), data={"dpi": "300"})
        assert pipeline.resolutions == [150, 300]
        wrong = await client.post("/documents", files=document(tiff((9, 8))), data={"dpi": "30"})
        assert "dpi" in failure(wrong, 400, "invalid_request")
        assert "missing" in failure(await client.post("/documents", files=image()), 400, "invalid_request")
        failure(await client.post("/documents", files=document(b"hello")), 400, "invalid_image")
        failure(await client.post("/documents", files=document(b"")), 400, "invalid_image")
        failure(await client.post("/documents", json={}), 415, "unsupported_media_type")
        failure(await client.get("/documents"), 405, "method_not_allowed")


async def test_options_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    pipeline, data = RenderingPipeline(), tiff((40, 30))
    async with calling(pipeline, documents=str(tmp_path)) as client:
        misspelt = await client.post("/documents", files=document(data), data={"DPI": "72"})
        in_address = await client.post("/documents?dpi=72", files=document(data))
    assert "known: document, dpi, keep_raw" in failure(misspelt, 400, "invalid_request")
    assert "'dpi' is in the address" in failure(in_address, 400, "invalid_request")
    assert pipeline.resolutions == []


async def test_nothing_but_pages_is_served(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "preprocessed").mkdir()
    (tmp_path / "preprocessed" / "mine.png").write_bytes(b"mine")
    async with calling(RenderingPipeline(), documents=str(tmp_path)) as client:
        body = (await client.post("/documents", files=document(tiff((8, 8))))).json()
        name = body["pages"][0]["name"]
        for path in (
            "mine.png", "../secret.png", "..%2fsecret.png", "%2e%2e/secret.png", f"../preprocessed/{name}",
            f"..%2fraw%2f{body['id']}.tif", f"{body['id']}.tif", f"{'0' * 32}-p0001.png", f"{name}%00",
            "%2fetc%2fpasswd",
        ):  # fmt: skip
            answer = await client.get(f"/files/{path}")
            assert answer.status_code == 404, path
            failure(answer, 404, "not_found")


async def test_keys_are_asked_for_and_bodies_limited(tmp_path: Path) -> None:
    limits = {"max_document_bytes": 1000, "max_image_bytes": 500}
    async with calling(RenderingPipeline(), documents=str(tmp_path), api_key="secret", **limits) as client:
        failure(await client.post("/documents", files=document(tiff((8, 8)))), 401, "unauthenticated")
        failure(await client.get(f"/files/{'0' * 32}-p0001.png"), 401, "unauthenticated")
        headers = {"X-API-Key": "secret"}
        large = await client.post("/documents", files=document(b"\0" * 2**21), headers=headers)
        failure(large, 413, "payload_too_large")


async def test_a_server_that_keeps_no_documents_says_so() -> None:
    async with calling(RenderingPipeline()) as client:
        answer = await client.post("/documents", files=document(tiff((8, 8))))
        assert "ML_SERVER_DOCUMENTS" in failure(answer, 501, "engine_unavailable")
        failure(await client.get(f"/files/{'0' * 32}-p0001.png"), 501, "engine_unavailable")


async def test_openapi_tells_of_both_routes() -> None:
    async with calling(RenderingPipeline(), documents_dpi=150) as client:
        schema = (await client.get("/openapi.json")).json()
    form = schema["paths"]["/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["document"]
    assert {name: field.get("default") for name, field in form["properties"].items()} == {
        "document": None, "dpi": 150, "keep_raw": True,
    }  # fmt: skip
    page = schema["paths"]["/files/{name}"]["get"]
    assert "image/png" in page["responses"]["200"]["content"]
    assert json.dumps(page["parameters"]).count('"name": "name"') == 1


def test_the_server_loads_nothing_for_buckets_before_it_has_one() -> None:
    heavy = ("s3fs", "aiobotocore", "botocore", "boto3", "ray", "pyarrow", "pandas", "pypdfium2", "torch")
    code = f"import sys, ml_server.bentoml_services.service; print([name for name in {heavy!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("target", ["gs://bucket/x", "s3://", "http://host/x"])
def test_a_place_that_cannot_be_is_refused_with_the_settings(target: str) -> None:
    with pytest.raises(ValueError, match="documents"):
        Settings(documents=target)
