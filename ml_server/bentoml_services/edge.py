"""What happens to every HTTP request on whatever path, around BentoML and our own routes."""

from __future__ import annotations

import math

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ml_server import logs
from ml_server.api_keys import ApiKeys
from ml_server.bentoml_services import paths
from ml_server.bentoml_services.cors import Cors
from ml_server.bentoml_services.exchange import Exchange
from ml_server.body_budget import BODY_SLACK, Body, BodyBudget
from ml_server.errors import MLServerError, unexpected
from ml_server.observation import Observation, observed
from ml_server.settings import Settings

FORM_SLACK = BODY_SLACK
"""Bytes a request may have besides its files; the same as a gRPC message's."""

_SEND_KEY = "send the header 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"


class Edge:
    """ASGI middleware: request id, API key, CORS, limits, error body, one line in the log, one observation.

    Args:
        app: what answers.
        settings: of the server.
        bodies: what request bodies may have together with those of another wire; None where there is no other.

    Raises:
        ValueError: the API keys in the settings cannot be read.
    """

    def __init__(self, app: ASGIApp, settings: Settings, bodies: BodyBudget | None = None) -> None:
        self._app = app
        self._bodies = bodies or BodyBudget(settings)
        self._settings = settings
        self._keys = ApiKeys(settings)
        self._cors = Cors(settings.cors_origins)
        self._log = logs.get_logger("ml_server.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing is raised for HTTP."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # there are none, and frameworks would answer without a key
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._bodies.body() as body:
            await self._exchange(scope, receive, send, body)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, body: Body) -> None:
        limit, patience_s = self._limit(scope["path"]), self._settings.body_timeout_s
        exchange = Exchange(scope, receive, self._cors.marked(scope, send), limit, patience_s, body)
        route, verb = paths.label(scope["path"]), paths.verb(scope["method"])
        span = "" if route in paths.QUIET else f"{verb} {route}"
        about = {"http.request.method": verb, "http.route": route, "ml_server.request_id": exchange.request_id}
        with (
            logs.bind_request_id(exchange.request_id),
            observed("http", route, span, Headers(scope=scope), about) as seen,
        ):
            try:
                await self._answer(scope, exchange)
            finally:
                self._record(scope, exchange, seen)

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        try:
            self._check_key(scope, exchange)
            exchange.check_declared_size()
            exchange.reserve(self._settings.max_image_bytes if scope["path"] in paths.SPOOLED else math.inf)
            app = self._cors.preflight(scope) or self._app
            await app(scope, exchange.receive, exchange.send)
            await exchange.settle()
        except MLServerError as error:
            await exchange.fail(error)
        except ClientDisconnect:
            self._log.debug("client_gone", path=scope["path"][:200])
        except Exception:
            self._log.exception("unexpected_error", method=scope["method"], path=scope["path"][:200])
            await exchange.fail(unexpected())

    def _limit(self, path: str) -> int:
        settings = self._settings
        of_files = settings.max_image_bytes if path in paths.SINGLE_IMAGE else settings.max_document_bytes
        return of_files + FORM_SLACK

    def _check_key(self, scope: Scope, exchange: Exchange) -> None:
        # A browser's preflight (OPTIONS) cannot carry a key.
        if scope["method"] != "OPTIONS" and not paths.is_open(scope["path"]):
            headers = ((name.decode("latin-1"), value) for name, value in scope["headers"])
            exchange.key_name = self._keys.holder(headers, _SEND_KEY)

    def _record(self, scope: Scope, exchange: Exchange, seen: Observation) -> None:
        seconds = seen.seconds(exchange.ended_at)
        seen.answered(
            str(exchange.status),
            {"http.response.status_code": exchange.status},
            error_code=exchange.error_code,
            fault=exchange.status >= 500,
            seconds=seconds,
        )
        write = self._log.debug if paths.label(scope["path"]) in paths.QUIET else self._log.info
        write(
            "request",
            method=scope["method"],
            path=scope["path"][:200],
            status=exchange.status,
            seconds=round(seconds, 6),
            bytes_in=exchange.received,
            bytes_out=exchange.sent,
            **({"code": exchange.error_code} if exchange.error_code else {}),
            **({"key_name": exchange.key_name} if exchange.key_name else {}),
        )
