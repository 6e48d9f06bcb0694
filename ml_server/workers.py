"""What runs inside an engine's or a decoder's process: small objects that are made there and called by name.

The module itself imports no framework, so that spawning a process is quick; a worker's constructor does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, TypeVar

import numpy as np

from ml_server import scaling, shared_files
from ml_server.decode import DecodeLimits, DocumentProbe, decode_pages, limit_memory, probe
from ml_server.decode_png import PagePicture, encode
from ml_server.document import OCRPage, Page, Word
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import ExtractorFactory
from ml_server.engines.factory import OCREngineFactory
from ml_server.engines.layout import LayoutModel
from ml_server.errors import EngineFailed, MLServerError
from ml_server.geometry import box_to_polygon, make_line
from ml_server.key_value import KeyValuePage
from ml_server.outcomes import outcomes
from ml_server.shared_pages import ParkedPage, Parking

Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """Attributes: process id; how often a worker was built in this process; pages worked on so far."""

    pid: int
    built: int
    pages: int


class Worker(Protocol):
    """Anything a replica can hold."""

    def warm_up(self) -> WorkerStats:
        """Do a first piece of real work, so that the first caller does not pay for it."""


class EngineWorker:
    """Holds one engine.

    Raises:
        EngineUnavailable: from the constructor, as the engine's.
    """

    built: ClassVar[int] = 0

    def __init__(self, name: str, config: EngineConfig) -> None:
        type(self).built += 1
        self._languages = config.languages
        self._engine = OCREngineFactory.create(name, config)
        wants_layout = config.layout and not self._engine.remote
        self._layout = LayoutModel(config.model_dir, config.threads) if wants_layout else None
        self._pages = 0

    def warm_up(self) -> WorkerStats:
        """Read a page with text on it.

        Raises:
            EngineFailed: nothing was read on it.
        """
        page = warm_up_page()
        result = self._engine.read([page], ReadOptions(self._languages[:1], use_angle_cls=False))
        if not result[0].lines and not self._engine.remote:  # a model may have been asked for tables only
            raise EngineFailed(f"engine {self._engine.name} read nothing on its warm-up page")
        return self.stats()

    def stats(self) -> WorkerStats:
        """Numbers about this process."""
        return WorkerStats(os.getpid(), self.built, self._pages)

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See :meth:`OCREngine.read`.

        Raises:
            MLServerError: the first page that failed, see :meth:`read_many`.
        """
        return _all_or_raise(self.read_many(pages, options))

    def read_many(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage | MLServerError]:
        """Read pages; one that fails gives its error in its place, see :func:`outcomes`."""
        self._pages += len(pages)
        return self._engine.attempt(lambda part: self._read(part, options), pages)

    def _read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        found = scaling.read(self._engine, pages, options)
        if self._layout is None:
            return found
        return [self._layout.with_blocks(page, result) for page, result in zip(pages, found, strict=True)]


class ExtractWorker:
    """Holds one key–value extractor.

    Raises:
        EngineUnavailable: from the constructor, as the extractor's.
    """

    built: ClassVar[int] = 0

    def __init__(self, name: str, config: ExtractorConfig) -> None:
        type(self).built += 1
        self._extractor = ExtractorFactory.create(name, config)
        self._pages = 0

    def warm_up(self) -> WorkerStats:
        """Extract from a page with a few words.

        Raises:
            EngineFailed: nothing came of them.
        """
        result = self._extractor.extract([warm_up_reading()])
        if not result[0].entities:
            raise EngineFailed(f"extractor {self._extractor.name} found nothing on its warm-up page")
        return self.stats()

    def stats(self) -> WorkerStats:
        """Numbers about this process."""
        return WorkerStats(os.getpid(), self.built, self._pages)

    def extract(self, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        """See :meth:`KeyValueExtractor.extract`.

        Raises:
            MLServerError: the first page that failed, see :meth:`extract_many`.
        """
        return _all_or_raise(self.extract_many(pages))

    def extract_many(self, pages: Sequence[OCRPage]) -> list[KeyValuePage | MLServerError]:
        """Extract from pages; one that fails gives its error in its place, see :func:`outcomes`."""
        self._pages += len(pages)
        return outcomes(self._extractor.extract, pages, f"extractor {self._extractor.name}")


class DecodeWorker:
    """Decodes documents under a memory limit. In a process of its own it parks the pages, see :mod:`shared_pages`.

    Args:
        limits: see :class:`DecodeLimits`.
        memory_bytes: address space it may add to what it has at the start.
        inline: whether this is the caller's own process, whose memory is left unlimited.
    """

    built: ClassVar[int] = 0

    def __init__(self, limits: DecodeLimits, memory_bytes: int, inline: bool = False) -> None:
        type(self).built += 1
        self._limits = limits
        self._pages = 0
        self._parking = None if inline else Parking()
        if not inline:
            shared_files.sweep()
            limit_memory(memory_bytes)

    def warm_up(self) -> WorkerStats:
        """Nothing to load; tells that the process is up."""
        return WorkerStats(os.getpid(), self.built, self._pages)

    def probe(self, data: bytes) -> DocumentProbe:
        """Look at a document and decode nothing."""
        return probe(data, self._limits)

    def open(self, data: bytes, single_page: bool, index: int = 0) -> tuple[DocumentProbe, list[Page | ParkedPage]]:
        """Look at a document and decode the first page that is wanted.

        Args:
            data: the file's bytes.
            single_page: decode nothing if there is more than one page; the caller is going to refuse it.
            index: of that page, 0-based.
        """
        found = probe(data, self._limits)
        if single_page and found.pages != 1:
            return found, []
        return found, self.decode(data, index)

    def decode(self, data: bytes, index: int) -> list[Page | ParkedPage]:
        """Decode one page, 0-based."""
        self._pages += 1
        pages = decode_pages(data, index, 1, self._limits)
        return [self._parking.park(page) if self._parking else page for page in pages]

    def render(self, data: bytes, index: int, dpi: int) -> PagePicture:
        """Decode one page, 0-based, at a resolution for PDFs, and write it as PNG."""
        self._pages += 1
        (page,) = decode_pages(data, index, 1, replace(self._limits, pdf_dpi=dpi))
        return encode(page)


def _all_or_raise(found: Sequence[Out | MLServerError]) -> list[Out]:
    results: list[Out] = []
    for outcome in found:
        if isinstance(outcome, MLServerError):
            raise outcome
        results.append(outcome)
    return results


def warm_up_page() -> Page:
    """A small white page with a few words in black."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(image).text((40, 60), "Ready to read 2026", fill="black", font=ImageFont.load_default(size=48))
    return Page(np.asarray(image))


def warm_up_reading() -> OCRPage:
    """What an engine would read on a small form."""
    lines = []
    for row, text in enumerate(("Receipt", "Date: 2026-01-02", "합계: 12,000")):
        top = 20.0 + 40 * row
        words = [
            Word(part, 1.0, box_to_polygon((20.0 + 160 * column, top, 160.0 + 160 * column, top + 24)))
            for column, part in enumerate(text.split())
        ]
        lines.append(make_line(words, 1.0, box_to_polygon((20.0, top, 160.0 * len(words), top + 24))))
    return OCRPage(tuple(lines), 640, 200, "korean+english", "none", "none")
