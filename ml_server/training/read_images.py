"""Pictures read by an OCR engine, through the same pipeline that serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server.training.evaluate import Advance
from ml_server.training.forms import Form

BATCH = 8
"""Pictures given to the pipeline at once: enough to keep every replica busy, few enough to hold in memory."""

Picture: TypeAlias = tuple[str, bytes]
"""What messages call it, and the file's bytes."""

Read: TypeAlias = Callable[[Sequence[Picture]], Awaitable[list[OCRPage]]]
"""Read any number of pictures, in order; MLServerError where the engine failed on one, which the message names."""


@asynccontextmanager
async def reader(settings: Settings) -> AsyncIterator[Read]:
    """The settings' engine, loaded, in processes of its own, so that its framework and others never share one.

    Args:
        settings: ``engine`` and ``lang`` say how.

    Raises:
        MLServerError: the engine cannot run here.
    """
    pipeline = Pipeline(settings)
    try:
        await pipeline.wait_until_ready()
        yield partial(_read, pipeline)
    finally:
        await pipeline.close()


async def _read(pipeline: Pipeline, pictures: Sequence[Picture]) -> list[OCRPage]:
    language, engine = pipeline.settings.lang, pipeline.settings.engine
    size = min(BATCH, pipeline.settings.max_batch)
    pages: list[OCRPage] = []
    for start in range(0, len(pictures), size):
        batch = pictures[start : start + size]
        requests = [DocumentRequest(data=data, language=language, engine=engine) for _, data in batch]
        for (name, _), page in zip(batch, await pipeline.extract_batch(requests), strict=True):
            if isinstance(page, MLServerError):
                page.message = f"{name}: {page.message}"
                raise page
            pages.append(page)
    return pages


async def read_images(forms: Sequence[Form], settings: Settings, advance: Advance) -> list[OCRPage]:
    """Read every form's picture with the settings' engine and language.

    Args:
        forms: each with a picture.
        settings: see :func:`reader`.
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
    async with reader(settings) as read:
        pages: list[OCRPage] = []
        for start in range(0, len(forms), BATCH):
            batch = forms[start : start + BATCH]
            pages += await read([(str(form.image), form.image.read_bytes()) for form in batch if form.image])
            advance(len(batch))
        return pages


def run(forms: Sequence[Form], settings: Settings, advance: Advance) -> list[OCRPage]:
    """As :func:`read_images`, outside an event loop."""
    return asyncio.run(read_images(forms, settings, advance))
