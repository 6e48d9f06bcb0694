"""Every error a caller can meet, and the one table that both wires read.

::

    MLServerError                  500  INTERNAL             internal
    ├── InvalidRequest             400  INVALID_ARGUMENT     invalid_request
    │   ├── InvalidImage           400  INVALID_ARGUMENT     invalid_image
    │   ├── UnsupportedLanguage    400  INVALID_ARGUMENT     unsupported_language
    │   ├── UnknownEngine          400  INVALID_ARGUMENT     unknown_engine
    │   └── PayloadTooLarge        413  INVALID_ARGUMENT     payload_too_large
    ├── Unauthenticated            401  UNAUTHENTICATED      unauthenticated
    ├── RouteNotFound              404  UNIMPLEMENTED        not_found
    ├── MethodNotAllowed           405  UNIMPLEMENTED        method_not_allowed
    ├── UnsupportedMediaType       415  INVALID_ARGUMENT     unsupported_media_type
    ├── ServerBusy                 429  RESOURCE_EXHAUSTED   server_busy           Retry-After
    ├── EngineFailed               500  INTERNAL             engine_failed
    ├── EngineCrashed              500  INTERNAL             engine_crashed
    ├── EngineUnavailable          501  FAILED_PRECONDITION  engine_unavailable
    ├── NotReady                   503  UNAVAILABLE          not_ready             Retry-After
    └── DeadlineExceeded           504  DEADLINE_EXCEEDED    deadline_exceeded

The class carries its HTTP status, its gRPC code (by name, so that nothing here imports grpc) and the ``code`` of the
JSON error body. The wires read them and never decide for themselves. Clients raise the same classes, built by
:func:`from_code`.

PayloadTooLarge is INVALID_ARGUMENT and not RESOURCE_EXHAUSTED, because sending it again cannot help.
EngineUnavailable is not UNAVAILABLE for the same reason: someone has to install something first.
"""

from __future__ import annotations

from typing import Any, ClassVar


class MLServerError(Exception):
    """Base of all errors of this package.

    Args:
        message: for people; says what was found and what is allowed.
        field: the request field at fault, where there is one (``google.rpc.BadRequest`` carries it).
        retry_after_s: seconds after which the same call may succeed; None where waiting does not help.
    """

    http_status: ClassVar[int] = 500
    grpc_code: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, field: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders; the default would lose the keyword arguments.
        return _rebuild, (type(self), self.message, self.field, self.retry_after_s)


def _rebuild(kind: type[MLServerError], message: str, field: str, retry_after_s: float | None) -> MLServerError:
    return kind(message, field=field, retry_after_s=retry_after_s)


class InvalidRequest(MLServerError):
    """A field is missing, of the wrong type or out of range."""

    http_status = 400
    grpc_code = "INVALID_ARGUMENT"
    code = "invalid_request"


class InvalidImage(InvalidRequest):
    """The bytes are not a readable image or PDF."""

    code = "invalid_image"


class UnsupportedLanguage(InvalidRequest):
    """No such language, or the engine cannot read it."""

    code = "unsupported_language"


class UnknownEngine(InvalidRequest):
    """There is no engine of that name."""

    code = "unknown_engine"


class PayloadTooLarge(InvalidRequest):
    """Too many bytes, pixels or pages."""

    http_status = 413
    code = "payload_too_large"


class Unauthenticated(MLServerError):
    """The server asks for an API key and the call has none or a wrong one."""

    http_status = 401
    grpc_code = "UNAUTHENTICATED"
    code = "unauthenticated"


class RouteNotFound(MLServerError):
    """No such HTTP route."""

    http_status = 404
    grpc_code = "UNIMPLEMENTED"
    code = "not_found"


class MethodNotAllowed(MLServerError):
    """The HTTP route exists, but not for this method."""

    http_status = 405
    grpc_code = "UNIMPLEMENTED"
    code = "method_not_allowed"


class UnsupportedMediaType(MLServerError):
    """The body is not multipart/form-data."""

    http_status = 415
    grpc_code = "INVALID_ARGUMENT"
    code = "unsupported_media_type"


class ServerBusy(MLServerError):
    """The engine's queue is full, or request bodies have all the room they may have."""

    http_status = 429
    grpc_code = "RESOURCE_EXHAUSTED"
    code = "server_busy"


class EngineFailed(MLServerError):
    """The engine raised on this page; another page may well work."""

    code = "engine_failed"


class EngineCrashed(MLServerError):
    """The engine's process died of this page, twice."""

    code = "engine_crashed"


class EngineUnavailable(MLServerError):
    """The engine's package or weights are not on this machine; the message names the install command."""

    http_status = 501
    grpc_code = "FAILED_PRECONDITION"
    code = "engine_unavailable"


class NotReady(MLServerError):
    """The server is starting or stopping, or cannot write to its temporary folder."""

    http_status = 503
    grpc_code = "UNAVAILABLE"
    code = "not_ready"


class DeadlineExceeded(MLServerError):
    """The caller's deadline, the server's limit or the engine's hard limit passed first."""

    http_status = 504
    grpc_code = "DEADLINE_EXCEEDED"
    code = "deadline_exceeded"


def all_errors() -> tuple[type[MLServerError], ...]:
    """Every class of the tree, the base first."""
    found: list[type[MLServerError]] = [MLServerError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return tuple(found)


def unexpected() -> MLServerError:
    """What a caller is told about an exception nobody foresaw: nothing of it, the details are in the log only."""
    return MLServerError("internal error; the server's log has the details under this request id")


def from_code(code: str, message: str, *, field: str = "", retry_after_s: float | None = None) -> MLServerError:
    """The error whose wire ``code`` this is; MLServerError where the code is unknown (a newer server)."""
    kind = next((kind for kind in all_errors() if kind.code == code), MLServerError)
    return kind(message, field=field, retry_after_s=retry_after_s)
