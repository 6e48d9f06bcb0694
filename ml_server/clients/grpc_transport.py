"""Blocking gRPC, over one channel."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ml_server.clients import grpc_messages as messages
from ml_server.clients.calls import Call
from ml_server.clients.transport import Connection
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError, NotReady
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc
from ml_server.key_value import KeyValuePage


class GrpcTransport:
    """See :class:`~ml_server.clients.transport.Transport`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        target, options = connection.address.target, messages.channel_options()
        self._channel = (
            grpc.secure_channel(target, messages.credentials(connection), options)
            if connection.address.tls
            else grpc.insecure_channel(target, options)
        )
        self._ocr: Any = ocr_pb2_grpc.OcrServiceStub(self._channel)
        self._health: Any = health_pb2_grpc.HealthStub(self._channel)

    def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""
        with self._errors(call):
            return messages.page(self._ocr.ExtractText(messages.page_request(image, call), **self._options(call)))

    def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""
        with self._errors(call):
            answer = self._ocr.ExtractTextBatch(messages.batch_request(images, call), **self._options(call))
        return messages.batch(answer)

    def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""
        return messages.document(list(self.extract_pages(document, call)))

    def extract_pages(self, document: bytes, call: Call) -> Generator[OCRPage, None, None]:
        """Read page by page, as they are done; closing it ends the call."""
        with self._errors(call):
            answers = self._ocr.ExtractDocument(messages.document_parts(document, call), **self._options(call))
            try:
                for answer in answers:
                    yield messages.page(answer.result, answer.page)
            finally:
                answers.cancel()

    def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""
        with self._errors(call):
            answers = self._ocr.ExtractKeyValues(messages.key_value_parts(document, call), **self._options(call))
            return [messages.key_value_page(answer.result, answer.page) for answer in answers]

    def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""
        with self._errors(call):
            return messages.engines(self._ocr.ListEngines(ocr_pb2.ListEnginesRequest(), **self._options(call)))

    def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""
        with self._errors(call):
            request = health_pb2.HealthCheckRequest(service=messages.SERVICE)
            answer = self._health.Check(request, **self._options(call))
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise NotReady(f"the server at {self._connection.address.given} is starting or stopping")

    def close(self) -> None:
        """Close the channel; calls under way end."""
        self._channel.close()

    def _options(self, call: Call) -> dict[str, Any]:
        return messages.call_options(self._connection, call)

    @contextmanager
    def _errors(self, call: Call) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            status: Any = error  # a grpc.Call as well, which its class does not say
            trailers = status.trailing_metadata() or ()
            raise messages.failure(status.code(), status.details() or "", trailers, self._connection, call) from error
