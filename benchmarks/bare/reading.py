"""What both bare handlers do with a page: decode it with Pillow and give what our mock engine gives."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from ml_server import languages
from ml_server.document import OCRPage, Page
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.mock_engine import MockEngine

_ENGLISH = languages.parse("english")
_ENGINE = MockEngine(EngineConfig(_ENGLISH))
_THRESHOLD = 0.5  # our server's default


def read(data: bytes) -> OCRPage:
    """Decode and describe a page; for an executor's thread."""
    return describe(Image.open(io.BytesIO(data)))


def describe(image: Image.Image) -> OCRPage:
    """Decode an opened page and describe it; for an executor's thread."""
    page = _ENGINE.read([Page(np.asarray(image.convert("RGB")))], ReadOptions(_ENGLISH))[0]
    return replace(page, lines=tuple(line for line in page.lines if line.confidence >= _THRESHOLD))
