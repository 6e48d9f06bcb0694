"""A deterministic engine for protocol tests. It reads nothing: it describes the page it was given.

It is never picked by ``auto``. Delay and failure are configured per server (``ML_SERVER_MOCK_DELAY_S``,
``ML_SERVER_MOCK_FAILURE``); the failure strikes only pages whose first pixel is :data:`TRIGGER`, so that one server can
be shown good and bad pages.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Sequence

from ml_server.document import Block, Line, OCRPage, Page, Word
from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.geometry import Box, box_to_polygon, make_line
from ml_server.languages import LANGUAGES, canonical

TRIGGER = (255, 0, 255)
"""RGB of the first pixel of a page on which the configured failure strikes."""


class MockEngine(OCREngine):
    """Three lines a page: its size (confidence 0.9), a digest of its pixels (0.6) and the languages asked for (0.3).

    The last two are ``key: value``, for the mock extractor. Three blocks: the first line as a title, the rest as
    text, and a picture, without text or confidence.
    """

    name = "mock"
    install = ""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    @classmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """See the base class."""
        return EngineInfo(
            name=cls.name,
            available=True,
            languages=tuple(language.name for language in LANGUAGES),
            weights="none: for protocol tests only, never picked by auto",
            license="Apache-2.0",
            version="1",
        )

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See the base class; RuntimeError where the failure ``raise`` is configured and the page asks for it."""
        return [self._read(page, options) for page in pages]

    def _read(self, page: Page, options: ReadOptions) -> OCRPage:
        time.sleep(self._config.mock_delay_s)
        if tuple(page.pixels[0, 0].tolist()) == TRIGGER:
            self._fail()
        texts = (
            (f"mock page {page.width} x {page.height}", 0.9),
            (f"digest: {hashlib.sha256(page.pixels.tobytes()).hexdigest()[:16]}", 0.6),
            (f"languages: {canonical(options.languages)} angle {options.use_angle_cls}", 0.3),
        )
        band = page.height / len(texts)
        lines = tuple(
            _line(text, confidence, (0.0, i * band, float(page.width), (i + 1) * band))
            for i, (text, confidence) in enumerate(texts)
        )
        return OCRPage(
            lines=lines,
            width=page.width,
            height=page.height,
            language=canonical(options.languages),
            engine=self.name,
            model_version="mock 1",
            number=page.number,
            blocks=(
                Block("Title", lines[0].bbox, lines[0].text, confidence=0.9),
                Block("Text", lines[1].bbox, "\n".join(line.text for line in lines[1:]), confidence=0.6),
                Block("Picture", lines[2].bbox),
            ),
        )

    def _fail(self) -> None:
        match self._config.mock_failure:
            case "raise":
                raise RuntimeError("the mock engine was told to fail")
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                while True:
                    time.sleep(1.0)


def _line(text: str, confidence: float, box: Box) -> Line:
    left, top, right, bottom = box
    parts = text.split()
    step = (right - left) / len(parts)
    words = [
        Word(part, confidence, box_to_polygon((left + i * step, top, left + (i + 1) * step, bottom)))
        for i, part in enumerate(parts)
    ]
    return make_line(words, confidence, box_to_polygon(box))
