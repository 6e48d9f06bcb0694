"""Clients of a running server: :class:`OCRClient` and, for asyncio, :class:`AsyncOCRClient`, over HTTP or gRPC."""

from __future__ import annotations

from ml_server.clients.async_client import AsyncOCRClient
from ml_server.clients.client import OCRClient

__all__ = ["AsyncOCRClient", "OCRClient"]
