"""Web pages of other origins: none may call, unless the settings name them."""

from __future__ import annotations

import pytest
from http_fakes import calling, failure, image

PAGE = {"Origin": "https://a.example"}
ASK = PAGE | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}


async def test_off_by_default() -> None:
    async with calling() as client:
        for answer in (await client.get("/engines", headers=PAGE), await client.options("/extract_text", headers=ASK)):
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [("https://a.example/, https://b.example", "https://a.example"), ("*", "*"), ("https://b.example", None)],
)
async def test_answers_and_refusals_name_the_origin(origins: str, allowed: str | None) -> None:
    async with calling(cors_origins=origins, api_key="s3cret") as client:
        failed = await client.post("/extract_text", files=image(), headers=PAGE)
        failure(failed, 401, "unauthenticated")
        read = await client.post("/extract_text", files=image(), headers=PAGE | {"X-API-Key": "s3cret"})
        assert read.status_code == 200
        missing = await client.get("/nothing", headers=PAGE | {"X-API-Key": "s3cret"})
        for answer in (failed, read, missing):
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers
        if allowed is not None:
            assert "X-Request-ID" in read.headers["access-control-expose-headers"]


async def test_a_browser_may_ask_without_a_key() -> None:
    async with calling(cors_origins="https://a.example", api_key="s3cret") as client:
        answer = await client.options("/extract_text", headers=ASK)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "X-API-Key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["x-request-id"]
        other = await client.options("/extract_text", headers=ASK | {"Origin": "https://c.example"})
        assert "ML_SERVER_CORS_ORIGINS" in failure(other, 400, "invalid_request")
        assert "access-control-allow-origin" not in other.headers
