"""Measure an OCR engine on pages with ground truth, through the pipeline that serves and with its default options."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ml_server.decode import DecodeLimits
from ml_server.document import OCRPage
from ml_server.errors import InvalidRequest
from ml_server.pools import Pools
from ml_server.settings import Settings
from ml_server.training.evaluate import Advance
from ml_server.training.metrics import Score
from ml_server.training.ocr_metrics import (
    LineScores,
    Pair,
    character_error_rate,
    score_characters,
    score_lines,
    score_words,
)
from ml_server.training.ocr_pictures import Noise, line_pictures, page_picture
from ml_server.training.ocr_truth import TruthPage
from ml_server.training.read_images import BATCH, Read, reader


@dataclass(frozen=True, slots=True)
class OCRReport:
    """How well one engine read; :mod:`ml_server.training.ocr_metrics` defines the figures.

    Attributes:
        words: without order and case.
        characters: without order and white space.
        cer: character error rate of whole pages in reading order, at least 0.
        lines: of lines cut out by their true boxes, each read as a page; None where the truth has no boxes.
        engine: that read; the one picked where ``auto`` was asked for.
        model_version: of its weights.
        lang: canonical names joined by ``+``.
        pages: how many.
        seconds_per_page: wall clock over the number of pages, all replicas at work, without loading and lines.
        noise: ``scan`` or ``photo`` where the pictures were spoilt like that first.
        strict: whether marks such as ``①`` and ``㎡`` counted as themselves.
    """

    words: Score
    characters: Score
    cer: float
    lines: LineScores | None
    engine: str
    model_version: str
    lang: str
    pages: int
    seconds_per_page: float
    noise: Noise | None
    strict: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON; ratios to four digits, seconds to three."""
        return {
            "words": _rounded(self.words),
            "characters": _rounded(self.characters),
            "cer": round(self.cer, 4),
            "lines": self.lines and _rounded(self.lines),
            "engine": self.engine,
            "model_version": self.model_version,
            "lang": self.lang,
            "pages": self.pages,
            "seconds_per_page": round(self.seconds_per_page, 3),
            "noise": self.noise,
            "strict": self.strict,
        }


def steps(pages: Sequence[TruthPage]) -> int:
    """How much :func:`evaluate_ocr` advances for one engine: by one for every page and every line."""
    return len(pages) + sum(len(page.lines) for page in pages)


def evaluate_ocr(
    pages: Sequence[TruthPage],
    engines: Sequence[Settings],
    advance: Advance,
    *,
    noise: Noise | None = None,
    strict: bool = False,
) -> list[OCRReport]:
    """Let every engine read every page and every line, one engine after the other.

    Args:
        pages: at least one.
        engines: one each; ``engine`` and ``lang`` say how to read.
        advance: called with the number of pictures read; see :func:`steps`.
        noise: read the pictures as bad scans or photographs, the same for every engine.
        strict: count marks such as ``①`` and ``㎡`` as themselves and not as what NFKC makes of them.

    Raises:
        InvalidRequest: no pages.
        UnknownEngine, EngineUnavailable, UnsupportedLanguage: one of the engines cannot run here; none has read then.
        MLServerError: an engine failed on a picture, which the message names.
        OSError: a picture cannot be read.
    """
    if not pages:
        raise InvalidRequest("there are no pages to evaluate on")
    return asyncio.run(_evaluate_all(pages, engines, advance, noise, strict))


async def _evaluate_all(
    pages: Sequence[TruthPage], engines: Sequence[Settings], advance: Advance, noise: Noise | None, strict: bool
) -> list[OCRReport]:
    for settings in engines:
        Pools(settings, DecodeLimits.from_settings(settings), inline=True).default_engine()
    return [await _evaluate(pages, settings, advance, noise, strict) for settings in engines]


async def _evaluate(
    pages: Sequence[TruthPage], settings: Settings, advance: Advance, noise: Noise | None, strict: bool
) -> OCRReport:
    limits = DecodeLimits.from_settings(settings)
    seconds = 0.0
    found: list[OCRPage] = []
    lines: list[Pair] = []
    async with reader(settings) as read:
        for start in range(0, len(pages), BATCH):
            batch = pages[start : start + BATCH]
            pictures = [
                (str(page.image), await asyncio.to_thread(page_picture, page, limits, noise=noise)) for page in batch
            ]
            began = time.perf_counter()
            found += await read(pictures)
            seconds += time.perf_counter() - began
            advance(len(batch))
        for page in pages:
            lines += await _lines(page, limits, read, noise)
            advance(len(page.lines))
    whole = [(" ".join(page.words), result.text) for page, result in zip(pages, found, strict=True)]
    texts = [_compared(page, page.text, result.text) for page, result in zip(pages, found, strict=True)]
    return OCRReport(
        words=score_words(whole, strict=strict),
        characters=score_characters(texts, strict=strict),
        cer=character_error_rate(texts, strict=strict),
        lines=score_lines(lines, strict=strict) if lines else None,
        engine=found[0].engine,
        model_version=found[0].model_version,
        lang=found[0].language,
        pages=len(pages),
        seconds_per_page=seconds / len(pages),
        noise=noise,
        strict=strict,
    )


async def _lines(page: TruthPage, limits: DecodeLimits, read: Read, noise: Noise | None) -> list[Pair]:
    """Truth and reading of every line; what is read on several lines is joined."""
    if not page.lines:
        return []
    pictures = await asyncio.to_thread(line_pictures, page, limits, noise=noise)
    named = [(f"{page.image}, line {number}", data) for number, data in enumerate(pictures, start=1)]
    results = await read(named)
    return [_compared(page, text, result.text) for (text, _), result in zip(page.lines, results, strict=True)]


def _compared(page: TruthPage, truth: str, read: str) -> Pair:
    return (truth, read) if page.cased else (truth.lower(), read.lower())


def _rounded(scores: Score | LineScores) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(scores).items()}
