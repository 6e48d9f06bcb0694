"""Which web pages may call the server from a browser: none, or those of the origins in the settings."""

from __future__ import annotations

from functools import partial

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ml_server.errors import InvalidRequest

# Keys travel in headers that a page has to set itself. Cookies are never used, so no credentials are allowed.
_ASKED = ("Authorization", "X-API-Key", "X-Request-ID", "Content-Type")
_SHOWN = ("X-Request-ID", "Retry-After", "WWW-Authenticate")


class Cors:
    """The rules of starlette's middleware, applied by the edge so that refusals and errors carry the headers too.

    Args:
        origins: with commas between them, as ``https://app.example``; ``*`` for all; empty for none.
    """

    def __init__(self, origins: str) -> None:
        named = [origin.strip().rstrip("/") for origin in origins.split(",") if origin.strip()]
        self._on = bool(named)
        self._rules = CORSMiddleware(
            _nothing, allow_origins=named, allow_methods=("GET", "POST"), allow_headers=_ASKED, expose_headers=_SHOWN
        )

    def marked(self, scope: Scope, send: Send) -> Send:
        """``send``, with the headers that let the page see the answer."""
        return partial(self._rules.send, send=send, request_headers=Headers(scope=scope)) if self._on else send

    def preflight(self, scope: Scope) -> Response | None:
        """The answer to a browser that asks whether a page may make a request; None for any other request.

        Raises:
            InvalidRequest: it may not.
        """
        headers = Headers(scope=scope)
        asks = scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
        if not (self._on and asks):
            return None
        answer = self._rules.preflight_response(headers)
        if answer.status_code >= 400:
            raise InvalidRequest(f"{bytes(answer.body).decode()}; ML_SERVER_CORS_ORIGINS says whose pages may call")
        return answer


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Never called: the rules are used without the middleware's chain."""
