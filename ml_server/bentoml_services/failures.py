"""Errors as HTTP answers: ``{"error": {"code", "message", "request_id"}}`` with the status of the error table."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import JSONResponse

from ml_server.errors import InvalidRequest, MethodNotAllowed, MLServerError, RouteNotFound, all_errors, unexpected

_RETRY_STATUSES = (429, 503)


def body(error: MLServerError, request_id: str) -> dict[str, Any]:
    """The JSON object."""
    return {"error": {"code": error.code, "message": error.message, "request_id": request_id}}


def headers(error: MLServerError) -> dict[str, str]:
    """``Retry-After`` in whole seconds, at least 1, where waiting helps; ``WWW-Authenticate`` for a missing key."""
    found = {}
    if error.retry_after_s is not None or error.http_status in _RETRY_STATUSES:
        found["Retry-After"] = str(max(1, math.ceil(error.retry_after_s or 0)))
    if error.http_status == 401:
        found["WWW-Authenticate"] = "Bearer"  # RFC 9110, 15.5.2: a 401 must carry a challenge
    return found


def response(error: MLServerError, request_id: str) -> JSONResponse:
    """The whole answer."""
    return JSONResponse(body(error, request_id), error.http_status, headers(error))


def for_status(status: int, method: str, path: str) -> MLServerError:
    """The error of our table for a status that a framework has answered with.

    Args:
        status: 400..599.
        method: of the request.
        path: of the request.
    """
    shown = path[:200]
    if status == RouteNotFound.http_status:
        return RouteNotFound(f"there is no route {shown!r}; /docs lists what there is")
    if status == MethodNotAllowed.http_status:
        return MethodNotAllowed(f"{method} is not allowed on {shown!r}; the Allow header lists what is")
    if status == MLServerError.http_status:
        return unexpected()
    kinds = [kind for kind in all_errors() if kind.http_status == status]
    if kinds:
        return kinds[0](f"the request was refused with status {status}")
    if status < 500:
        return InvalidRequest(f"the request was refused with status {status}")
    return unexpected()
