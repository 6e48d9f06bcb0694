"""The blocking client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack

from ml_server.clients import retries as policies
from ml_server.clients.calls import Call, CallOptions, Source, read_source, read_sources
from ml_server.clients.client_settings import PROBE_S, RETRIES, TIMEOUT_S, ClientSettings
from ml_server.clients.transport import open_transport
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import DeadlineExceeded, MLServerError, NotReady
from ml_server.key_value import KeyValuePage

T = TypeVar("T")


class OCRClient:
    """Calls a server over HTTP or gRPC, with the same methods, results and errors.

    Make one and keep it: it reuses its connections, and threads may share it. After a fork it belongs to the parent, so
    make it in the process that uses it (docs/celery.md shows how in Celery).

    What fails because of the moment (a full queue, a server that starts, stops or cannot be reached) is tried again
    with growing pauses, never sooner than the server asks for and never past the call's deadline.

    Args:
        address: ``http://host:3000``, ``https://…``, ``grpc://host:50051`` or, with TLS, ``grpcs://…``.
        timeout_s: seconds for one call, all its attempts together.
        retries: attempts after the first.
        api_key: sent as ``Authorization: Bearer …``.
        ca_file: PEM file of the certificate authorities to trust instead of the usual ones.
        cert_file: PEM file of this client's certificate, for a server that asks for one.
        key_file: PEM file of its private key, not encrypted.

    Raises:
        ValueError: one of the arguments is not valid.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
        api_key: str | None = None,
        ca_file: str | Path | None = None,
        cert_file: str | Path | None = None,
        key_file: str | Path | None = None,
    ) -> None:
        self._settings = ClientSettings.checked(
            address, timeout_s, retries, api_key, ca_file=ca_file, cert_file=cert_file, key_file=key_file
        )
        self._transport = open_transport(self._settings.connection)
        self._closed = False

    def extract_text(self, image: Source, **options: Unpack[CallOptions]) -> OCRPage:
        """Read one page.

        Args:
            image: the file's bytes or its path: an image, or a PDF or TIFF of one page.
            options: see :class:`~ml_server.clients.calls.CallOptions`.

        Raises:
            MLServerError: the class says what happened, see :mod:`ml_server.errors`.
            OSError: the file cannot be read.
        """
        data = read_source(image)
        call = self._begin(options)
        return self._retried(call, lambda: self._transport.extract_text(data, call))

    def extract_text_batch(
        self, images: Sequence[Source], **options: Unpack[CallOptions]
    ) -> list[OCRPage | MLServerError]:
        """Read several pages, all with the same options; one that fails gives its error in its place.

        Args:
            images: as for :meth:`extract_text`.
            options: see :class:`~ml_server.clients.calls.CallOptions`.

        Raises:
            MLServerError: nothing was tried at all; InvalidRequest where there are no images.
            OSError: a file cannot be read; nothing is sent then.
        """
        data = read_sources(images)
        call = self._begin(options)
        return self._retried(call, lambda: self._transport.extract_text_batch(data, call))

    def extract_document(self, document: Source, **options: Unpack[CallOptions]) -> DocumentResult:
        """Read all pages of a document.

        Args:
            document: bytes or path of a PDF, a multi-page TIFF or an image.
            options: see :class:`~ml_server.clients.calls.CallOptions`.

        Raises:
            MLServerError: on any of the pages.
            OSError: the file cannot be read.
        """
        data = read_source(document)
        call = self._begin(options)
        return self._retried(call, lambda: self._transport.extract_document(data, call))

    def extract_pages(self, document: Source, **options: Unpack[CallOptions]) -> Generator[OCRPage, None, None]:
        """Read a document page by page: over gRPC as they are done, over HTTP once all are done.

        Closing the generator ends the call. It is tried again only until its first page has come.

        Args:
            document: bytes or path of a PDF, a multi-page TIFF or an image.
            options: see :class:`~ml_server.clients.calls.CallOptions`.

        Raises:
            MLServerError: after the pages that were done before it.
            OSError: the file cannot be read.
        """
        data = read_source(document)
        call = self._begin(options)

        def begin() -> tuple[Generator[OCRPage, None, None], list[OCRPage]]:
            pages = self._transport.extract_pages(data, call)
            return pages, list(islice(pages, 1))

        pages, first = self._retried(call, begin)
        with closing(pages), call.noted():
            yield from chain(first, pages)

    def extract_key_values(self, document: Source, **options: Unpack[CallOptions]) -> list[KeyValuePage]:
        """Read all pages of a document and find entities and key–value pairs on them.

        Args:
            document: bytes or path of a PDF, a multi-page TIFF or an image.
            options: see :class:`~ml_server.clients.calls.CallOptions`.

        Raises:
            MLServerError: on any of the pages.
            OSError: the file cannot be read.
        """
        data = read_source(document)
        call = self._begin(options)
        return self._retried(call, lambda: self._transport.extract_key_values(data, call))

    def engines(self) -> list[EngineInfo]:
        """Every engine the server knows, the unavailable ones with the reason.

        Raises:
            MLServerError: see :mod:`ml_server.errors`.
        """
        call = self._begin({})
        return self._retried(call, lambda: self._transport.engines(call))

    def is_ready(self) -> bool:
        """Whether the server is ready; also False where it cannot be reached within 5 seconds. Asks once.

        Raises:
            MLServerError: something else answered.
        """
        try:
            self._check_ready(self._settings.timeout_s)
        except (NotReady, DeadlineExceeded):
            return False
        return True

    def wait_until_ready(self, timeout_s: float) -> None:
        """Ask again and again until the server is ready.

        Args:
            timeout_s: seconds to wait at most.

        Raises:
            NotReady: it is not; the message has the last answer.
            MLServerError: something else answered.
        """
        call = Call.begin(timeout_s)
        try:
            policies.polling(call)(lambda: self._check_ready(call.left_s()))
        except (NotReady, DeadlineExceeded) as error:
            raise NotReady(f"not ready after {timeout_s:g} s: {error.message}") from error

    def close(self) -> None:
        """Close the connections. Calling it again does nothing."""
        self._closed = True
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, options: CallOptions) -> Call:
        return Call.begin(self._settings.timeout_s, **options)

    def _check_ready(self, timeout_s: float) -> None:
        self._check_open()
        self._transport.check_ready(Call.begin(min(timeout_s, PROBE_S)))

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this client has been closed")

    def _retried(self, call: Call, attempt: Callable[[], T]) -> T:
        self._check_open()
        with call.noted():
            return policies.retrying(self._settings.retries, call)(attempt)
