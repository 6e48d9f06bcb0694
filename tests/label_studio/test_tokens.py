from __future__ import annotations

import asyncio

import httpx
import pytest
from fake_label_studio import LEGACY, PERSONAL, URL, FakeLabelStudio, client, jwt, settings

from ml_server.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    Unauthenticated,
)
from ml_server.label_studio import api
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.tokens import kind_of


@pytest.fixture
def fake() -> FakeLabelStudio:
    found = FakeLabelStudio()
    found.files["/api/projects/1"] = httpx.Response(200, json={"id": 1})
    return found


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (PERSONAL, "personal"),
        (jwt(sub="x"), "personal"),
        (jwt(token_type="access"), "bearer"),
        (LEGACY, "legacy"),
        ("a.b.c", "legacy"),
        ("e30.e30.x", "legacy"),
    ],
)
def test_tokens_are_told_apart_by_their_shape(token: str, kind: str) -> None:
    assert kind_of(token) == kind


async def test_a_personal_token_is_exchanged_once_and_never_sent_as_it_is(fake: FakeLabelStudio) -> None:
    async with client(fake) as studio:
        assert await asyncio.gather(*(studio.get("/api/projects/1") for _ in range(10))) == [{"id": 1}] * 10
    assert fake.refreshes == 1
    assert not any(PERSONAL in headers.get("authorization", "") for headers in fake.headers)


async def test_a_legacy_token_is_sent_as_token(fake: FakeLabelStudio) -> None:
    async with client(fake, f"Token {LEGACY}\n") as studio:
        assert await studio.get("/api/projects/1") == {"id": 1}
    assert fake.refreshes == 0
    assert fake.headers[0]["authorization"] == f"Token {LEGACY}"


async def test_an_expired_bearer_is_renewed_once_for_all_calls(fake: FakeLabelStudio) -> None:
    async with client(fake) as studio:
        await studio.get("/api/projects/1")
        fake.revoke()
        await asyncio.gather(*(studio.get("/api/projects/1") for _ in range(10)))
    assert fake.refreshes == 2


async def test_a_bearer_is_renewed_before_it_ends_by_our_own_clock(fake: FakeLabelStudio) -> None:
    fake.life_s = 30  # no longer than the margin
    async with client(fake) as studio:
        for _ in range(3):
            await studio.get("/api/projects/1")
    assert fake.refreshes == 3


async def test_a_refusal_that_stays_is_said_after_one_more_try(fake: FakeLabelStudio) -> None:
    def forgetful(request: httpx.Request) -> httpx.Response:
        fake.revoke()
        return fake(request)

    async with client(forgetful) as studio:
        with pytest.raises(Unauthenticated, match=r"Invalid token.*bearer token is refused even when it is new"):
            await studio.get("/api/projects/1")
    assert fake.refreshes == 2


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (jwt(token_type="refresh", jti="other"), r"does not take the personal access token \(Token is invalid\)"),
        (jwt(token_type="access"), "give the personal access token"),
        ("f" * 40, "sent as a legacy token: it is wrong, or its organization has turned legacy tokens off"),
    ],
)
async def test_a_wrong_token_is_refused_with_what_to_do(fake: FakeLabelStudio, token: str, why: str) -> None:
    async with client(fake, token) as studio:
        with pytest.raises(Unauthenticated, match=why):
            await studio.get("/api/projects/1")


@pytest.mark.parametrize("token", ["", "  ", "two words", "ключ"])
def test_what_is_no_token_is_refused_at_once(token: str) -> None:
    with pytest.raises(Unauthenticated, match="empty or has characters"):
        LabelStudio(settings(token))


def test_a_token_as_label_studio_lists_it_is_told_from_a_whole_one() -> None:
    with pytest.raises(Unauthenticated, match=r"lacks its last third.* make a new one"):
        LabelStudio(settings(PERSONAL.rpartition(".")[0]))
    LabelStudio(settings("a.b"))


def test_without_a_token_the_message_names_the_variable() -> None:
    with pytest.raises(Unauthenticated, match="LABEL_STUDIO_API_KEY"):
        LabelStudio(settings(None))


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (httpx.Response(404, json={"detail": "Not found."}), InvalidRequest, "no such thing"),
        (httpx.Response(403, json={"detail": "no"}), Unauthenticated, "may not do this"),
        (httpx.Response(400, json={"validation_errors": {"task": ["bad"]}}), InvalidRequest, r"refused \(400\).*bad"),
        (httpx.Response(413, text="big"), PayloadTooLarge, "413"),
        (httpx.Response(429, headers={"retry-after": "7"}), ServerBusy, "429"),
        (httpx.Response(502, text="<html>gateway</html>"), NotReady, "502"),
        (httpx.Response(302, headers={"location": "https://studio/api"}), InvalidRequest, "https://studio/api"),
        (httpx.Response(200, text="<html>hello</html>"), MLServerError, "no JSON"),
    ],
)
async def test_every_failure_names_its_cause(
    fake: FakeLabelStudio, answer: httpx.Response, kind: type[MLServerError], why: str
) -> None:
    fake.files["/api/x"] = answer
    async with client(fake) as studio:
        with pytest.raises(MLServerError, match=why) as caught:
            await studio.get("/api/x")
    assert type(caught.value) is kind
    if answer.status_code == 429:
        assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("error", "kind"), [(httpx.ConnectError("refused"), NotReady), (httpx.ReadTimeout("slow"), DeadlineExceeded)]
)
async def test_an_absent_label_studio_may_come_back(error: Exception, kind: type[MLServerError]) -> None:
    def absent(request: httpx.Request) -> httpx.Response:
        raise error

    async with client(absent, LEGACY) as studio:
        with pytest.raises(kind, match="http://studio:8080"):
            await studio.get("/api/x")


async def test_posts_and_empty_answers(fake: FakeLabelStudio) -> None:
    fake.files["/api/predictions/"] = lambda request: httpx.Response(201, content=request.content)
    fake.files["/api/nothing"] = httpx.Response(204)
    async with client(fake) as studio:
        assert await studio.post("/api/predictions/", {"task": 1}) == {"task": 1}
        assert await studio.post("/api/nothing", {}) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("http://a:8080/", "http://a:8080"),
        (" https://u:p@a/ls/?x=1 ", "https://a/ls"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_of_label_studio(given: str, found: str) -> None:
    assert api.base_url(given) == found


@pytest.mark.parametrize("given", ["localhost:8080", "", "ftp://a", "http://"])
def test_what_is_no_address_of_label_studio(given: str) -> None:
    with pytest.raises(InvalidRequest, match="like http://localhost:8080"):
        api.base_url(given)


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        (f"{URL}/data/upload/1/a.png", True),
        ("http://studio:8081/data", False),
        ("https://studio:8080/data", False),
        ("http://studio.evil:8080/data", False),
    ],
)
async def test_which_addresses_get_the_token(fake: FakeLabelStudio, url: str, owned: bool) -> None:
    async with client(fake) as studio:
        assert studio.owns(httpx.URL(url)) is owned


async def test_below_a_path_only_that_path_gets_the_token(fake: FakeLabelStudio) -> None:
    async with client(fake, url=f"{URL}/ls/") as studio:
        assert studio.owns(httpx.URL(f"{URL}/ls/data/upload/1/a.png"))
        assert not studio.owns(httpx.URL(f"{URL}/lsx/data"))
        assert not studio.owns(httpx.URL(f"{URL}/ls/../data"))
