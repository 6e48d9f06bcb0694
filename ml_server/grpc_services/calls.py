"""What every call has in common, whatever it does: id, API key, errors, metrics, one log line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc import aio
from structlog.contextvars import bind_contextvars

from ml_server.api_keys import ApiKeys
from ml_server.body_budget import Body, BodyBudget
from ml_server.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MLServerError,
    RouteNotFound,
    Unauthenticated,
    unexpected,
)
from ml_server.grpc_services import status
from ml_server.grpc_services.messages import Messages, every
from ml_server.logs import bind_request_id, get_logger, is_request_id, new_request_id
from ml_server.observation import observed
from ml_server.settings import Settings

_log = get_logger(__name__)
_PROBES = "/grpc.health.v1.Health/"
_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""Codes that make a span an error: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/."""
_SEND_KEY = "send the metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'"

Context: TypeAlias = "aio.ServicerContext[Any, Any]"  # quoted: generic in the stubs only
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class CallInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Wraps every handler but the health service's.

    A handler raises MLServerError and the caller gets its row of the error table; whatever else it raises is logged and
    becomes ``internal``. The request id goes out in the initial metadata: of a stream at once, of another call with its
    answer. A call that may be tried again has it in the trailing metadata only, because a client's own retry policy
    takes initial metadata for the beginning of an answer and gives up
    (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#when-retries-are-valid).

    Args:
        api_keys: one of which calls must carry.
        settings: ``request_timeout_s``, which a caller may take to read one message of a stream, while it holds a
            permit; and those of :class:`Messages`.
        bodies: what request bodies may have together.

    Attributes:
        active: calls being answered now.
    """

    def __init__(self, api_keys: ApiKeys, settings: Settings, bodies: BodyBudget) -> None:
        self.active = 0
        self._patience_s = settings.request_timeout_s
        self._bodies = bodies
        self._messages = Messages(bodies, settings)
        self._api_keys = api_keys

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The handler of this call, wrapped; one that refuses where the key or the method is wrong."""
        handler = await continuation(handler_call_details)
        path = handler_call_details.method
        if handler is not None and path.startswith(_PROBES):
            return handler
        metadata = [(str(name), value) for name, value in handler_call_details.invocation_metadata or ()]
        request_id = _accepted_id(dict(metadata).get(status.REQUEST_ID_KEY, ""))
        called = _Called("unknown" if handler is None else path.lstrip("/"), request_id, _texts(metadata))
        refusal = self._refusal(metadata)
        if handler is None:
            return self._refuse(
                called, refusal or RouteNotFound(f"no method {path[:200]!r}; reflection lists what there is")
            )
        return self._wrap(handler, called) if refusal is None else self._refuse(called, refusal)

    def _refusal(self, metadata: Iterable[tuple[str, str | bytes]]) -> Unauthenticated | None:
        raw = ((name, value if isinstance(value, bytes) else value.encode()) for name, value in metadata)
        try:
            name = self._api_keys.holder(raw, _SEND_KEY)
        except Unauthenticated as error:
            return error
        if name:
            bind_contextvars(key_name=name)  # each call is a task of its own, whose log lines have it from here on
        return None

    def _refuse(self, called: _Called, error: MLServerError) -> Handler:
        async def refuse(_: object, context: Context) -> None:
            async with self._call(called, context):
                raise error

        # As a stream, whatever the method is: grpc then calls it before it reads a message of up to 100 MiB.
        return grpc.stream_stream_rpc_method_handler(refuse)

    def _wrap(self, handler: Handler, called: _Called) -> Handler:
        parse: Any = handler.request_deserializer
        answer: Any = (
            handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream  # one is set
        )

        def parsed(raw: bytes) -> Any:
            # Here and not by grpc, which answers UNKNOWN with the library's own words.
            try:
                return parse(raw)
            except DecodeError as error:
                raise InvalidRequest(
                    f"the {len(raw)} bytes sent are not a message of {called.method}: {error}"
                ) from None

        async def asked(context: Context, body: Body) -> Any:
            if handler.request_streaming:
                return every(context, parsed)
            return parsed(await self._messages.only(context, body.memory))

        async def unary(_: object, context: Context) -> Any:
            async with self._call(called, context) as head:
                with self._bodies.body() as body:
                    response = await answer(await asked(context, body), context)
                await head.send()
                return response

        async def stream(_: object, context: Context) -> None:
            # context.write and not yield: a cancelled call then raises here, and not between two turns of a generator.
            async with self._call(called, context) as head:
                await head.send()
                with self._bodies.body() as body:
                    async with aclosing(answer(await asked(context, body), context)) as responses:
                        async for response in responses:
                            await self._write(response, context)

        # As if requests were streams, also where they are one message: we read it then, when there is room for it.
        wrapped: Handler = (
            grpc.stream_stream_rpc_method_handler(stream, response_serializer=handler.response_serializer)
            if handler.response_streaming
            else grpc.stream_unary_rpc_method_handler(unary, response_serializer=handler.response_serializer)
        )
        return wrapped

    async def _write(self, response: Any, context: Context) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await context.write(response)
        except TimeoutError:
            raise DeadlineExceeded("the caller does not take its answers") from None

    @asynccontextmanager
    async def _call(self, called: _Called, context: Context) -> AsyncIterator[_Head]:
        head = _Head(context, called.request_id)
        outcome, error_code = "OK", ""
        method = called.method
        service = called.name.rpartition("/")[0] or method
        about = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
        about["ml_server.request_id"] = called.request_id
        self.active += 1
        with (
            bind_request_id(called.request_id),
            observed("grpc", method, called.name, called.metadata, about) as seen,
        ):
            try:
                yield head
            except asyncio.CancelledError:
                expired = context.time_remaining() == 0
                outcome = DeadlineExceeded.grpc_code if expired else grpc.StatusCode.CANCELLED.name
                raise
            except MLServerError as error:
                outcome, error_code = error.grpc_code, error.code
                await head.fail(error)
            except Exception:
                outcome, error_code = MLServerError.grpc_code, MLServerError.code
                _log.exception("grpc_call_failed", method=method)
                await head.fail(unexpected())
            finally:
                self.active -= 1
                seconds = seen.seconds()
                ended = {"rpc.grpc.status_code": grpc.StatusCode[outcome].value[0]}
                seen.answered(outcome, ended, error_code=error_code, fault=outcome in _FAULTS, seconds=seconds)
                code = {"code": error_code} if error_code else {}
                _log.info("grpc_call", method=method, status=outcome, seconds=round(seconds, 6), **code)


@dataclass(frozen=True, slots=True)
class _Called:
    """What is known of a call before it is answered.

    Attributes:
        name: service and method; ``unknown`` where there is no such method.
        request_id: the caller's, or a new one.
        metadata: what of it is text; it may carry a trace context.
    """

    name: str
    request_id: str
    metadata: dict[str, str]

    @property
    def method(self) -> str:
        """Name of the method, without its service."""
        return self.name.rpartition("/")[2]


class _Head:
    """The beginning of an answer, which carries the request id; sent once at most."""

    def __init__(self, context: Context, request_id: str) -> None:
        self._context = context
        self._request_id = request_id
        self._sent = False

    async def send(self) -> None:
        if not self._sent:
            self._sent = True
            await self._context.send_initial_metadata(((status.REQUEST_ID_KEY, self._request_id),))

    async def fail(self, error: MLServerError) -> None:
        if error.retry_after_s is None:
            await self.send()
        whole = status.to_status(error, self._request_id)
        await self._context.abort(status.status_code(error), whole.message, status.to_trailers(error, self._request_id))


def _accepted_id(given: str | bytes) -> str:
    """The caller's id where it is fit for a log line and a header, else a new one."""
    return given if isinstance(given, str) and is_request_id(given) else new_request_id()


def _texts(metadata: list[tuple[str, str | bytes]]) -> dict[str, str]:
    return {name: value for name, value in metadata if isinstance(value, str)}
