"""A Label Studio for tests: tokens, files and tasks as the real one answers for them, without a socket."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx

from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.settings import LabelStudioSettings

URL = "http://studio:8080"
LEGACY = "0123456789abcdef0123456789abcdef01234567"

Answer = Callable[[httpx.Request], httpx.Response]


def jwt(**claims: Any) -> str:
    """A token of the shape of Label Studio's."""
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


PERSONAL = jwt(token_type="refresh", exp=8102470626, iat=1795270626, jti="1")


class FakeLabelStudio:
    """Takes PERSONAL, the bearer tokens it gave for it and has not revoked, and LEGACY.

    Attributes:
        files: answers by path.
        seen: requests in order, as ``METHOD path``.
        bearers: that are good now.
        life_s: of the bearer tokens it gives.
    """

    def __init__(self) -> None:
        self.files: dict[str, httpx.Response | Answer] = {}
        self.seen: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.bearers: set[str] = set()
        self.life_s = 300
        self._given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        self.headers.append(request.headers)
        if request.url.path == "/api/token/refresh/":
            return self._refresh(json.loads(request.content))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        good = (scheme == "Token" and token == LEGACY) or (scheme == "Bearer" and token in self.bearers)
        if not good:
            return httpx.Response(401, json={"detail": "Invalid token.", "status_code": 401})
        found = self.files.get(request.url.path, httpx.Response(404, json={"detail": "Not found."}))
        return found if isinstance(found, httpx.Response) else found(request)

    def revoke(self) -> None:
        """Every bearer token it gave has expired."""
        self.bearers.clear()

    @property
    def refreshes(self) -> int:
        return self.seen.count("POST /api/token/refresh/")

    def _refresh(self, body: dict[str, str]) -> httpx.Response:
        if body["refresh"] != PERSONAL:
            return httpx.Response(401, json={"detail": "Token is invalid", "code": "token_not_valid"})
        self._given += 1
        bearer = jwt(token_type="access", exp=1000 + self.life_s, iat=1000, jti=str(self._given))
        self.bearers.add(bearer)
        return httpx.Response(200, json={"access": bearer})


def settings(token: str | None = PERSONAL, **values: Any) -> LabelStudioSettings:
    """Settings that no environment variable changes."""
    return LabelStudioSettings.model_validate({"url": URL, "api_key": token, **values})


def client(fake: Answer, token: str = PERSONAL, **values: Any) -> LabelStudio:
    """The API's client over it."""
    return LabelStudio(settings(token, **values), httpx.MockTransport(fake))
