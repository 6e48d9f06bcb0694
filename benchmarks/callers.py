"""Clients as a stranger would write them: httpx and the generated stubs, one connection pool each, no retries."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import grpc
import httpx
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from benchmarks.summary import Answer
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc

_CHUNK = 2**18
_ANY_SIZE = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


class Caller(Protocol):
    """Sends pages to one server."""

    async def read(self, data: bytes) -> Answer:
        """Read one page; raises nothing."""

    async def close(self) -> None:
        """Close the connections."""


class HttpCaller:
    """``multipart/form-data``, or JSON where ``body`` makes it.

    Args:
        url: of the server.
        path: of the route that reads a page.
        field: name of the file's field.
        form: text fields.
        text: the text in a JSON answer.
        body: a JSON body for a page; None for a form.
        timeout_s: for one request.
    """

    def __init__(
        self,
        url: str,
        path: str = "/extract_text",
        field: str = "image",
        form: dict[str, str] | None = None,
        text: Callable[[Any], str] = lambda found: str(found["text"]),
        body: Callable[[bytes], Any] | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        self._path, self._field, self._form, self._text, self._body = path, field, form or {}, text, body
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout_s)

    async def read(self, data: bytes) -> Answer:
        """See Caller."""
        if self._body is not None:
            return await self._post(self._path, self._text, json=self._body(data))
        return await self._post(self._path, self._text, files={self._field: data}, data=self._form)

    async def read_document(self, data: bytes) -> Answer:
        """Read all pages of a document with our server."""
        return await self._post(
            "/extract_document", lambda found: str(found["text"]), files={"document": data}, data=self._form
        )

    async def is_ready(self) -> bool:
        """Whether our server says so."""
        try:
            return (await self._client.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def close(self) -> None:
        """See Caller."""
        await self._client.aclose()

    async def _post(self, path: str, text: Callable[[Any], str], **body: Any) -> Answer:
        try:
            answer = await self._client.post(path, **body)
        except httpx.TransportError as error:
            return Answer(type(error).__name__, ok=False)
        if answer.status_code == httpx.codes.OK:
            return Answer("200", ok=True, text=text(answer.json()))
        told = answer.headers.get("retry-after", "")
        return Answer(str(answer.status_code), ok=False, retry_after_s=float(told) if told.isdecimal() else None)


class GrpcCaller:
    """The generated stubs over one channel.

    Args:
        address: ``host:port``.
        language: of the pages.
        engine: to read them with.
        timeout_s: for one call.
    """

    def __init__(self, address: str, language: str, engine: str, timeout_s: float = 600.0) -> None:
        self._language, self._engine = language, engine
        self._timeout_s = timeout_s
        self._channel = aio.insecure_channel(address, options=_ANY_SIZE)
        self._stub = ocr_pb2_grpc.OcrServiceStub(self._channel)

    async def read(self, data: bytes) -> Answer:
        """See Caller."""
        request = ocr_pb2.ExtractTextRequest(image=data, language=self._language, engine=self._engine)
        try:
            return Answer("OK", ok=True, text=(await self._stub.ExtractText(request, timeout=self._timeout_s)).text)
        except aio.AioRpcError as error:
            return _failure(error)

    async def read_document(self, data: bytes) -> Answer:
        """Read all pages of a document."""

        async def parts() -> AsyncIterator[ocr_pb2.ExtractDocumentRequest]:
            options = ocr_pb2.DocumentOptions(language=self._language, engine=self._engine)
            yield ocr_pb2.ExtractDocumentRequest(options=options)
            for start in range(0, len(data), _CHUNK):
                yield ocr_pb2.ExtractDocumentRequest(chunk=data[start : start + _CHUNK])

        try:
            answers = self._stub.ExtractDocument(parts(), timeout=self._timeout_s)
            return Answer("OK", ok=True, text="\n".join([answer.result.text async for answer in answers]))
        except aio.AioRpcError as error:
            return _failure(error)

    async def close(self) -> None:
        """See Caller."""
        await self._channel.close(None)


def paddlex_caller(url: str) -> HttpCaller:
    """For PaddleX's serving of its OCR pipeline."""

    def text(found: Any) -> str:
        return "\n".join(line for page in found["result"]["ocrResults"] for line in page["prunedResult"]["rec_texts"])

    def body(data: bytes) -> dict[str, Any]:
        return {"file": base64.b64encode(data).decode(), "fileType": 1, "visualize": False}

    return HttpCaller(url, "/ocr", text=text, body=body)


def rapidocr_caller(url: str) -> HttpCaller:
    """For RapidOCR's API."""
    return HttpCaller(url, "/ocr", "image_file", text=lambda found: "\n".join(x["rec_txt"] for x in found.values()))


def _failure(error: aio.AioRpcError) -> Answer:
    """A failed call; some failures of the client's own core look like cancelled ones, and count as failures here."""
    wait = None
    trailers: Any = error.trailing_metadata() or ()
    for key, value in trailers:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            info = error_details_pb2.RetryInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(info):
                    wait = info.retry_delay.ToTimedelta().total_seconds()
    code = error.code()
    name = code.name if isinstance(code, grpc.StatusCode) else str(code)
    return Answer(re.sub(r"\W", "_", name), ok=False, retry_after_s=wait)
