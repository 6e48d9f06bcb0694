"""HTTP requests and answers, apart from who sends them: what the blocking and the asyncio transport share."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import httpx

from ml_server import __version__
from ml_server.clients import results
from ml_server.clients.calls import Call
from ml_server.clients.trace_context import trace_headers
from ml_server.clients.transport import Connection
from ml_server.errors import DeadlineExceeded, MLServerError, NotReady

T = TypeVar("T")

CONNECT_S = 10.0
"""Seconds for one attempt to connect; a longer silence is an address that is gone, and the next may find another."""


def client_options(connection: Connection) -> dict[str, Any]:
    """Arguments of httpx.Client and httpx.AsyncClient.

    Raises:
        OSError: a certificate or key cannot be read.
    """
    headers = {"user-agent": f"ml_server-client/{__version__}"}
    if connection.api_key is not None:
        headers["authorization"] = f"Bearer {connection.api_key}"
    return {"base_url": connection.address.target, "headers": headers, "verify": _trusted(connection)}


def _trusted(connection: Connection) -> ssl.SSLContext | bool:
    if connection.ca_file is None and connection.cert_file is None:
        return True
    context = (
        ssl.create_default_context(cafile=connection.ca_file) if connection.ca_file else httpx.create_ssl_context()
    )
    if connection.cert_file is not None:
        context.load_cert_chain(connection.cert_file, connection.key_file)
    return context


def call_headers(call: Call) -> dict[str, str]:
    """Headers of one call: its id, and the trace it belongs to."""
    return {"x-request-id": call.request_id, **trace_headers()}


def upload(field: str, files: Sequence[bytes], call: Call) -> dict[str, Any]:
    """Arguments of ``build_request`` for a form with files and with those options that are not None."""
    options = {
        "language": call.language,
        "engine": call.engine,
        "confidence_threshold": None if call.confidence_threshold is None else repr(float(call.confidence_threshold)),
        "use_angle_cls": None if call.use_angle_cls is None else str(bool(call.use_angle_cls)).lower(),
        "model_version": call.model_version,
    }
    return {
        "data": {name: value for name, value in options.items() if value is not None},
        "files": [(field, (f"{field}-{n}", data, "application/octet-stream")) for n, data in enumerate(files, 1)],
    }


def read_answer(response: httpx.Response, body: bytes, convert: Callable[[Any], T]) -> T:
    """What an answer holds.

    Raises:
        MLServerError: the error it carries, or an answer that is not an ml_server's.
    """
    if not response.is_success:
        raise results.failure(response.status_code, response.headers, body)
    try:
        return convert(json.loads(body) if convert is not results.nothing else None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MLServerError(
            f"the answer of {response.url} is not one of ml_server's ({type(error).__name__}: {error}): {body[:200]!r}"
        ) from error


def transport_failure(error: httpx.RequestError, connection: Connection, call: Call) -> MLServerError:
    """Our error for one of httpx's: a deadline that passed, a server that cannot be reached, or neither."""
    where = connection.address.given
    if isinstance(error, httpx.TimeoutException):
        try:
            call.left_s()
        except DeadlineExceeded as expired:
            return expired
    if isinstance(error, httpx.TransportError):
        return NotReady(f"cannot reach {where}: {_said(error)}")
    return MLServerError(f"the answer of {where} cannot be read: {error}")


def _said(error: BaseException) -> str:
    """What the operating system or TLS said, which the layers in between shorten: anyio's is "all attempts failed"."""
    said = str(error) or type(error).__name__
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        said = str(cause) if isinstance(cause, OSError) and str(cause) else said
        cause = cause.__cause__ or cause.__context__
    return said
