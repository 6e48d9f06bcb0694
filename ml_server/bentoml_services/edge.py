"""What happens to every HTTP request on whatever path, around BentoML and our own routes."""

from __future__ import annotations

import time
from secrets import compare_digest

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ml_server import logs, metrics
from ml_server.bentoml_services import failures, paths
from ml_server.bentoml_services.exchange import Exchange
from ml_server.errors import MLServerError, Unauthenticated
from ml_server.settings import Settings

FORM_SLACK = 2**20
"""Bytes a request may have besides its files; the same as a gRPC message's."""


class Edge:
    """ASGI middleware: request id, API key, size limit, error body, one line in the log, one observation.

    Args:
        app: what answers.
        settings: of the server.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._key = settings.api_key.get_secret_value().encode() if settings.api_key else b""
        self._log = logs.get_logger("ml_server.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing is raised for HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        exchange = Exchange(scope, receive, send, self._limit(scope["path"]))
        with logs.bind_request_id(exchange.request_id):
            try:
                await self._answer(scope, exchange)
            finally:
                self._record(scope, exchange, (exchange.ended_at or time.perf_counter()) - began)

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        try:
            self._check_key(scope)
            exchange.check_declared_size()
            await self._app(scope, exchange.receive, exchange.send)
            await exchange.settle()
        except MLServerError as error:
            await exchange.fail(error)
        except ClientDisconnect:
            self._log.debug("client_gone", path=scope["path"][:200])
        except Exception:
            self._log.exception("unexpected_error", method=scope["method"], path=scope["path"][:200])
            await exchange.fail(failures.unexpected())

    def _limit(self, path: str) -> int:
        settings = self._settings
        of_files = settings.max_image_bytes if path in paths.SINGLE_IMAGE else settings.max_document_bytes
        return of_files + FORM_SLACK

    def _check_key(self, scope: Scope) -> None:
        # A browser's preflight (OPTIONS) cannot carry a key.
        if not self._key or scope["method"] == "OPTIONS" or paths.is_open(scope["path"]):
            return
        headers = Headers(scope=scope)
        scheme, _, bearer = headers.get("authorization", "").strip().partition(" ")
        given = [headers["x-api-key"]] if "x-api-key" in headers else []
        if scheme.lower() == "bearer":
            given.append(bearer)
        # HTTP headers are Latin-1 on this side; a key of other characters was sent as its UTF-8 bytes.
        if any(compare_digest(key.strip().encode("latin-1"), self._key) for key in given):
            return
        found = "a wrong API key" if given else "no API key"
        raise Unauthenticated(f"found {found}; send the header 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")

    def _record(self, scope: Scope, exchange: Exchange, seconds: float) -> None:
        route = paths.label(scope["path"])
        metrics.observe_request("http", route, str(exchange.status), seconds)
        write = self._log.debug if route in paths.QUIET else self._log.info
        write(
            "request",
            method=scope["method"],
            path=scope["path"][:200],
            status=exchange.status,
            seconds=round(seconds, 6),
            bytes_in=exchange.received,
            bytes_out=exchange.sent,
            **({"code": exchange.error_code} if exchange.error_code else {}),
        )
