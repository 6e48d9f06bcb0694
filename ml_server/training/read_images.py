"""The forms' pictures read by an OCR engine, through the same pipeline that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server.training.evaluate import Advance
from ml_server.training.forms import Form


async def read_images(forms: Sequence[Form], settings: Settings, advance: Advance) -> list[OCRPage]:
    """Read every form's picture with the settings' engine and language.

    The engine runs in processes of its own, so that its framework and the extractor's never share one.

    Args:
        forms: each with a picture.
        settings: ``engine`` and ``lang`` say how.
        advance: called with the number of pages read.

    Returns:
        One page for each form, in order.

    Raises:
        InvalidRequest: a form without a picture.
        MLServerError: the engine cannot run here, or failed on a page, which the message names.
    """
    lacking = [form.name for form in forms if form.image is None]
    if lacking:
        raise InvalidRequest(f"{len(lacking)} forms have no picture in images/ to read, the first is {lacking[0]}")
    pipeline = Pipeline(settings)
    try:
        await pipeline.wait_until_ready()
        size = min(8, settings.max_batch)
        pages: list[OCRPage] = []
        for start in range(0, len(forms), size):
            batch = forms[start : start + size]
            requests = [
                DocumentRequest(
                    data=form.image.read_bytes() if form.image else b"", language=settings.lang, engine=settings.engine
                )
                for form in batch
            ]
            for form, page in zip(batch, await pipeline.extract_batch(requests), strict=True):
                if isinstance(page, MLServerError):
                    page.message = f"{form.image}: {page.message}"
                    raise page
                pages.append(page)
            advance(len(batch))
        return pages
    finally:
        await pipeline.close()


def run(forms: Sequence[Form], settings: Settings, advance: Advance) -> list[OCRPage]:
    """As :func:`read_images`, outside an event loop."""
    return asyncio.run(read_images(forms, settings, advance))
