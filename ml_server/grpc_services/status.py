"""Our errors as ``google.rpc.Status``, the rich error model: https://grpc.io/docs/guides/error/#richer-error-model."""

from __future__ import annotations

import math
from typing import TypeAlias

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from ml_server.errors import InvalidRequest, MLServerError

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]

DOMAIN = "ml_server"
"""``google.rpc.ErrorInfo.domain``: whose ``reason`` values these are."""

DETAILS_KEY = "grpc-status-details-bin"
RETRY_AFTER_KEY = "retry-after"
PUSHBACK_KEY = "grpc-retry-pushback-ms"
REQUEST_ID_KEY = "x-request-id"

# A message travels up to three times in the trailers: percent-encoded (x3), in Status and in BadRequest (base64, x1.4).
# Peers refuse headers over 8 KiB (https://grpc.io/docs/guides/metadata/#be-aware): 1024 bytes stay below it.
_MESSAGE_BYTES = 1024


def to_status(error: MLServerError, request_id: str) -> status_pb2.Status:
    """Code, message and details.

    Always ErrorInfo (reason: the error's ``code``) and RequestInfo; BadRequest where the request is at fault; RetryInfo
    where waiting helps.
    """
    message = _shortened(error.message)
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if isinstance(error, InvalidRequest):
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=message)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if error.retry_after_s is not None:
        delay = Duration()
        delay.FromNanoseconds(round(error.retry_after_s * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    status = status_pb2.Status(code=status_code(error).value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    return status


def to_trailers(error: MLServerError, request_id: str) -> Metadata:
    """Trailing metadata of a failed call: the status, the request id, and when to try again.

    ``retry-after`` is in whole seconds, as HTTP has it; ``grpc-retry-pushback-ms`` is what gRPC's own retry policies
    read (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback).
    """
    trailers: Metadata = (
        (DETAILS_KEY, to_status(error, request_id).SerializeToString()),
        (REQUEST_ID_KEY, request_id),
    )
    if error.retry_after_s is not None:
        trailers += (
            (RETRY_AFTER_KEY, str(math.ceil(error.retry_after_s))),
            (PUSHBACK_KEY, str(math.ceil(error.retry_after_s * 1000))),
        )
    return trailers


def status_code(error: MLServerError) -> grpc.StatusCode:
    """The member of grpc.StatusCode that the error's class names."""
    return grpc.StatusCode[error.grpc_code]


def _shortened(message: str) -> str:
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return encoded.decode()  # lone surrogates, which protobuf refuses, have become question marks
    return encoded[: _MESSAGE_BYTES - 3].decode(errors="ignore") + "…"
