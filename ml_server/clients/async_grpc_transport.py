"""gRPC for asyncio, over one channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ml_server.clients import grpc_messages as messages
from ml_server.clients.calls import Call
from ml_server.clients.grpc_transport import GrpcTransport
from ml_server.clients.transport import Connection
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError, NotReady
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc
from ml_server.key_value import KeyValuePage


class _StatusLost(Exception):
    """The server ended the call while grpc.aio was still sending: it then loses the status (half of 60 calls, 1.85.1).

    The blocking library does not, so the upload is done once more with that.
    """


class AsyncGrpcTransport:
    """See :class:`~ml_server.clients.transport.AsyncTransport`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._credentials = messages.credentials(connection) if connection.address.tls else None

    @cached_property
    def _channel(self) -> aio.Channel:
        # Made by the first call: a channel belongs to the event loop that runs when it is made.
        target, options = self._connection.address.target, messages.channel_options()
        if self._credentials is not None:
            return aio.secure_channel(target, self._credentials, options)
        return aio.insecure_channel(target, options)

    @cached_property
    def _ocr(self) -> Any:
        return ocr_pb2_grpc.OcrServiceStub(self._channel)

    async def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""
        with self._errors(call):
            return messages.page(await self._ocr.ExtractText(messages.page_request(image, call), **self._options(call)))

    async def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""
        with self._errors(call):
            answer = await self._ocr.ExtractTextBatch(messages.batch_request(images, call), **self._options(call))
        return messages.batch(answer)

    async def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""
        return messages.document([page async for page in self.extract_pages(document, call)])

    async def extract_pages(self, document: bytes, call: Call) -> AsyncGenerator[OCRPage, None]:
        """Read page by page, as they are done; closing it ends the call."""
        try:
            with self._errors(call):
                answers = self._ocr.ExtractDocument(messages.document_parts(document, call), **self._options(call))
                try:
                    async for answer in answers:
                        yield messages.page(answer.result, answer.page)
                finally:
                    answers.cancel()
        except _StatusLost:
            for page in await asyncio.to_thread(self._read_blocking, document, call):
                yield page

    async def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""
        try:
            with self._errors(call):
                answers = self._ocr.ExtractKeyValues(messages.key_value_parts(document, call), **self._options(call))
                try:
                    return [messages.key_value_page(answer.result, answer.page) async for answer in answers]
                finally:
                    answers.cancel()
        except _StatusLost:
            return await asyncio.to_thread(self._extract_blocking, document, call)

    async def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""
        with self._errors(call):
            return messages.engines(await self._ocr.ListEngines(ocr_pb2.ListEnginesRequest(), **self._options(call)))

    async def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""
        health: Any = health_pb2_grpc.HealthStub(self._channel)
        with self._errors(call):
            request = health_pb2.HealthCheckRequest(service=messages.SERVICE)
            answer = await health.Check(request, **self._options(call))
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise NotReady(f"the server at {self._connection.address.given} is starting or stopping")

    async def close(self) -> None:
        """Close the channel; calls under way end."""
        if "_channel" in vars(self):
            await self._channel.close(None)

    def _read_blocking(self, document: bytes, call: Call) -> list[OCRPage]:
        with closing(GrpcTransport(self._connection)) as transport:
            return list(transport.extract_pages(document, call))

    def _extract_blocking(self, document: bytes, call: Call) -> list[KeyValuePage]:
        with closing(GrpcTransport(self._connection)) as transport:
            return transport.extract_key_values(document, call)

    def _options(self, call: Call) -> dict[str, Any]:
        return messages.call_options(self._connection, call)

    @contextmanager
    def _errors(self, call: Call) -> Iterator[None]:
        try:
            yield
        except aio.AioRpcError as error:
            if error.details() == "Internal error from Core":
                raise _StatusLost from error
            trailers: Any = error.trailing_metadata() or ()
            raise messages.failure(error.code(), error.details() or "", trailers, self._connection, call) from error
