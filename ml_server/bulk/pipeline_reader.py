"""Documents read by engines of this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ml_server.bulk.grids import Grid
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.page_worker import PagePool
from ml_server.bulk.pages import PageReading
from ml_server.document import DocumentRequest, OCRPage
from ml_server.key_value import KeyValuePage
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

_DAYS_S = 30 * 86400.0

_ROOM = {
    "max_pages": 100_000,
    "max_document_bytes": 2 * 2**30,
    "max_image_bytes": 256 * 2**20,
    "request_timeout_s": _DAYS_S,
    "decode_timeout_s": 60.0,
    "page_timeout_s": 180.0,
    "queue_size": 4096,
    "preload": "",
    "key_value_preload": False,
    "http_port": 0,
}
"""A server guards itself against its callers; a bulk run's documents are its owner's."""


def bulk_settings(settings: Settings) -> Settings:
    """Settings for a bulk run: limits of a server are raised where the operator has not set them."""
    return settings.model_copy(update={name: v for name, v in _ROOM.items() if name not in settings.model_fields_set})


class PipelineReader:
    """See :class:`~ml_server.bulk.read_document.DocumentReader`.

    Args:
        pipeline: with :func:`bulk_settings`.
        options: how to read.
        pages: draws them and finds their ruled tables; None where neither is asked for.
    """

    def __init__(self, pipeline: Pipeline, options: BulkOptions, pages: PagePool | None = None) -> None:
        self._pipeline = pipeline
        self._options = options
        self._pages = pages

    async def count(self, data: bytes) -> int:
        """See DocumentReader."""
        return await self._pipeline.count_pages(self._request(data, None))

    async def read(self, data: bytes, pages: tuple[int, ...]) -> AsyncGenerator[PageReading, None]:
        """See DocumentReader."""
        request = self._request(data, pages)
        async with aclosing(self._both(request)) as both:
            async for page, key_values in both:
                drawing: bytes | None = None
                grids: tuple[Grid, ...] = ()
                if self._pages is not None and self._options.images:
                    drawing = await self._pages.draw(data, page, key_values)
                if self._pages is not None and self._options.markdown:
                    grids = await self._pages.grids(data, page)
                yield PageReading(page, key_values, drawing, grids)

    async def _both(self, request: DocumentRequest) -> AsyncGenerator[tuple[OCRPage, KeyValuePage | None], None]:
        if self._options.key_values:
            async with aclosing(self._pipeline.extract_both(request)) as understood:
                async for both in understood:
                    yield both
        else:
            async with aclosing(self._pipeline.extract_pages(request)) as pages:
                async for page in pages:
                    yield page, None

    def _request(self, data: bytes, pages: tuple[int, ...] | None) -> DocumentRequest:
        options = self._options
        return DocumentRequest(
            data=data,
            language=options.language,
            engine=options.engine,
            confidence_threshold=options.confidence_threshold,
            use_angle_cls=options.use_angle_cls,
            pages=pages,
            max_pixels=options.max_pixels,
            enlarge_below=options.enlarge_below,
        )
