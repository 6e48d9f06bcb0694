"""What a transport is: one attempt at each call, over one wire. Retrying is not its business."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ml_server.clients.address import Address
from ml_server.clients.calls import Call
from ml_server.document import DocumentResult, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError
from ml_server.key_value import KeyValuePage


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a server.

    Attributes:
        address: where it is.
        api_key: sent with every call; None for a server that asks for none.
        ca_file: PEM file of the authorities to trust; None for the usual ones.
        cert_file: PEM file of the client's own certificate; None for none.
        key_file: PEM file of its private key; None with ``cert_file`` only.
    """

    address: Address
    api_key: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


class Transport(Protocol):
    """All methods raise MLServerError only; they may be called from several threads."""

    def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""

    def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""

    def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""

    def extract_pages(self, document: bytes, call: Call) -> Generator[OCRPage, None, None]:
        """Read page by page; closing it ends the call."""

    def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""

    def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""

    def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""

    def close(self) -> None:
        """Close the connections."""


class AsyncTransport(Protocol):
    """All methods raise MLServerError only; they belong to one event loop."""

    async def extract_text(self, image: bytes, call: Call) -> OCRPage:
        """Read one page."""

    async def extract_text_batch(self, images: Sequence[bytes], call: Call) -> list[OCRPage | MLServerError]:
        """Read several pages; one that fails gives its error in its place."""

    async def extract_document(self, document: bytes, call: Call) -> DocumentResult:
        """Read all pages."""

    def extract_pages(self, document: bytes, call: Call) -> AsyncGenerator[OCRPage, None]:
        """Read page by page; closing it ends the call."""

    async def extract_key_values(self, document: bytes, call: Call) -> list[KeyValuePage]:
        """Read all pages and find keys and values on them."""

    async def engines(self, call: Call) -> list[EngineInfo]:
        """Every engine the server knows."""

    async def check_ready(self, call: Call) -> None:
        """Return if the server is ready; NotReady if not."""

    async def close(self) -> None:
        """Close the connections."""


def open_transport(connection: Connection) -> Transport:
    """The transport for an address; only its own wire's library is imported."""
    if connection.address.wire == "http":
        from ml_server.clients.http_transport import HttpTransport

        return HttpTransport(connection)
    from ml_server.clients.grpc_transport import GrpcTransport

    return GrpcTransport(connection)


def open_async_transport(connection: Connection) -> AsyncTransport:
    """The transport for an address; only its own wire's library is imported."""
    if connection.address.wire == "http":
        from ml_server.clients.async_http_transport import AsyncHttpTransport

        return AsyncHttpTransport(connection)
    from ml_server.clients.async_grpc_transport import AsyncGrpcTransport

    return AsyncGrpcTransport(connection)
