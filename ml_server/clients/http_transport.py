"""Blocking HTTP, over one httpx.Client: connections are kept and used again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

import httpx

from ml_server.clients import results
from ml_server.clients.calls import Call
from ml_server.clients.http_requests import (
    CONNECT_S,
    call_headers,
    client_options,
    read_answer,
    transport_failure,
    upload,
)
from ml_server.clients.transport import Connection
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import DeadlineExceeded, MLServerError
from ml_server.key_value import KeyValuePage

T = TypeVar("T")

_CHUNK = 64 * 2**10
_SHORTEST_S = 0.001  # a socket's timeout of 0 would mean "do not wait", which is another error


class HttpTransport:
    """See :class:`~ml_server.clients.transport.Transport`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = httpx.Client(**client_options(connection))

    def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""
        return self._send("POST", "/extract_text", call, results.page, **upload("image", [image], call))

    def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""
        return self._send("POST", "/extract_text_batch", call, results.batch, **upload("images", images, call))

    def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""
        return self._send("POST", "/extract_document", call, results.document, **upload("document", [document], call))

    def extract_pages(self, document: bytes, call: Call) -> Generator[OCRPage, None, None]:
        """The pages, once all of them are there: HTTP answers with a whole document."""
        yield from self.extract_document(document, call).pages

    def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""
        form = upload("document", [document], call)
        return self._send("POST", "/extract_key_values", call, results.key_values, **form)

    def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""
        return self._send("GET", "/engines", call, results.engines)

    def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""
        self._send("GET", "/readyz", call, results.nothing)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, call: Call, convert: Callable[[Any], T], **body: Any) -> T:
        request = self._client.build_request(
            method, path, headers=call_headers(call), extensions={"timeout": _TimeLeft(call)}, **body
        )
        assert isinstance(request.stream, httpx.SyncByteStream)
        request.stream = _Body(request.stream, call)
        try:
            with closing(self._client.send(request, stream=True)) as response:
                parts = []
                for part in response.iter_bytes():
                    parts.append(part)
                    call.left_s()
        except httpx.RequestError as error:
            raise transport_failure(error, self._connection, call) from error
        return read_answer(response, b"".join(parts), convert)


class _TimeLeft(dict[str, float]):
    """httpcore's timeouts, which are per operation: each gets what is left of the call when it begins."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    def get(self, name: str, default: Any = None) -> float:
        try:
            left = self._call.left_s()
        except DeadlineExceeded:
            left = _SHORTEST_S
        return min(left, CONNECT_S) if name == "connect" else left


class _Body(httpx.SyncByteStream):
    """A request's body in small pieces, so that an upload over a slow line also ends at the deadline."""

    def __init__(self, whole: httpx.SyncByteStream, call: Call) -> None:
        self._whole = whole
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        for part in self._whole:
            for start in range(0, len(part), _CHUNK):
                self._call.left_s()
                yield part[start : start + _CHUNK]
