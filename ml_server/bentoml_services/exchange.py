"""One HTTP request and its response, as the edge sees them go by."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ml_server import logs
from ml_server.bentoml_services import failures, paths
from ml_server.body_budget import Body
from ml_server.errors import DeadlineExceeded, MLServerError, PayloadTooLarge

CLIENT_CLOSED = 499
"""Status in logs and metrics of a request whose client went away; nginx's number, there is none in the RFCs."""

_KEY = "ml_server.exchange"
_LINGER_S = 2.0  # as nginx's lingering_close: a client that only sends gets to see the answer instead of a reset


class Exchange:
    """Counts the body, keeps it below its limits, and gives every answer its request id and our error shape.

    Args:
        scope: of the request; the exchange puts itself into it.
        receive: the server's.
        send: the server's.
        limit: bytes the body may have.
        patience_s: seconds the body may stand still.
        body: counts what is held of it; given back when the answer begins, which is made of something else.

    Attributes:
        body: see above.
        request_id: the caller's, where it is printable ASCII of at most 128 characters; a new one otherwise.
        status: of the response; 499 until it has begun.
        error_code: of an error body of ours; empty for a success.
        key_name: whose API key the request carries, where that is known.
        received: bytes of the body so far.
        sent: bytes of the response's body so far.
        started: whether the response has begun.
        ended_at: ``time.perf_counter()`` when the response was sent; 0.0 before.
        gone: whether the client has disconnected; what is still sent then goes nowhere.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int, patience_s: float, body: Body) -> None:
        self.body = body
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "").strip()
        self.request_id = asked if logs.is_request_id(asked) else logs.new_request_id()
        self.status = CLIENT_CLOSED
        self.error_code = ""
        self.key_name = ""
        self.received = 0
        self.sent = 0
        self.started = False
        self.ended_at = 0.0
        self.gone = False
        declared = headers.get("content-length", "")
        self._declared = int(declared) if declared.isdecimal() else 0
        # RFC 9112, 6.3: without either header there is no body.
        self._body_read = self._declared == 0 and "transfer-encoding" not in headers
        self._limit = limit
        self._patience_s = patience_s
        self._refused: tuple[int, str] | None = None  # status and Allow of a framework's own error
        self._scope, self._receive, self._send = scope, receive, send
        scope[_KEY] = self

    @classmethod
    def of(cls, scope: Scope) -> Exchange:
        """The exchange a request belongs to."""
        found: Exchange = scope[_KEY]
        return found

    def check_declared_size(self) -> None:
        """Refuse a body by its Content-Length, before a byte of it is read.

        Raises:
            PayloadTooLarge: more than the limit.
        """
        if self._declared > self._limit:
            raise self._too_large(f"{self._declared} bytes")

    def reserve(self, spooled_above: float) -> None:
        """Take the room that the body needs by its Content-Length, before a byte of it is read.

        Args:
            spooled_above: bytes; a larger body is put on disk while it comes.

        Raises:
            ServerBusy: there is no room for it.
        """
        if self._declared:
            (self.body.disk if self._declared > spooled_above else self.body.memory).reserve(self._declared)

    def failure(self, error: MLServerError) -> Response:
        """The answer for an error; this exchange then lets it pass as ours."""
        self.error_code = error.code
        return failures.response(error, self.request_id)

    async def fail(self, error: MLServerError) -> None:
        """Answer with an error, if no answer has begun."""
        self._refused = None
        if not self.started:
            await self.failure(error)(self._scope, self._receive, self.send)

    async def settle(self) -> None:
        """Answer, in our shape, if a framework's own error was held back."""
        if self._refused is None:
            return
        (status, allow), self._refused = self._refused, None
        ours = self.failure(failures.for_status(status, self._scope["method"], self._scope["path"]))
        if allow:
            ours.headers["Allow"] = allow
        await ours(self._scope, self._receive, self.send)

    async def receive(self) -> Message:
        """The next part of the request.

        Raises:
            PayloadTooLarge: the parts so far are more than the limit.
            ServerBusy: there is no room for them.
            DeadlineExceeded: no part has come for too long; the whole body is limited by whoever reads it.
        """
        message = await (self._receive() if self._body_read else self._next_part())
        if message["type"] == "http.request":
            count = len(message.get("body", b""))
            self.received += count
            self._body_read = not message.get("more_body", False)
            if self.received > self._limit:
                raise self._too_large(f"more than {self._limit} bytes")
            self.body.memory.add(count)
        else:
            self.gone = True
        return message

    async def _next_part(self) -> Message:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._receive()
        except TimeoutError:
            found = f"{self.received} bytes of the body came, then nothing for {self._patience_s:g} s"
            raise DeadlineExceeded(found) from None

    async def send(self, message: Message) -> None:
        """The next part of the response; a framework's own error is held back, see :meth:`settle`."""
        if self._refused is not None or self.gone:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            await self._body(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message.get("headers", [])))
        if message["status"] >= 400 and not self.error_code:
            # Starlette answers 500 before it lets an exception through, which may be one of ours.
            self._refused = message["status"], headers.get("allow", "")
            return
        headers["X-Request-ID"] = self.request_id
        if not self._body_read:
            headers["Connection"] = "close"  # nobody will read the rest of the request
        self.body.give_back()
        self.started = True
        self.status = message["status"]
        await self._send({**message, "headers": headers.raw})

    async def _body(self, message: Message) -> None:
        self.sent += len(message.get("body", b""))
        if message.get("more_body", False) or self._body_read:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        self.ended_at = time.perf_counter()
        await self._discard_rest()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _discard_rest(self) -> None:
        """Read and forget what the client still sends, for a short while."""
        with contextlib.suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(_LINGER_S):
                while True:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return

    def _too_large(self, found: str) -> PayloadTooLarge:
        path = self._scope["path"]
        other = f"; {paths.EXTRACT_DOCUMENT} takes larger PDFs and TIFFs" if path in paths.SINGLE_IMAGE else ""
        return PayloadTooLarge(f"the request to {path} is too large: found {found}, {self._limit} allowed{other}")
