"""What a predictor needs of whoever reads: the pipeline of this process, or servers elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from ml_server.document import DocumentRequest, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.key_value import KeyValuePage
from ml_server.settings import Settings


class Reader(Protocol):
    """See :class:`ml_server.pipeline.Pipeline` for what the methods do and raise."""

    settings: Settings

    def engines(self) -> list[EngineInfo]:
        """What can read and understand."""
        ...

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        """Read a page."""
        ...

    def extract_key_values(self, request: DocumentRequest) -> AsyncGenerator[KeyValuePage, None]:
        """Read and understand a document, page by page."""
        ...

    async def understand(self, page: OCRPage, timeout_s: float | None = None, model_version: str = "") -> KeyValuePage:
        """Understand what has been read already."""
        ...
