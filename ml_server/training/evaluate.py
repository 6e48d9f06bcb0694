"""Measure a key–value extractor on annotated forms, with the annotations' own words or with what an engine read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from ml_server.document import OCRPage
from ml_server.engines.extractor import KeyValueExtractor
from ml_server.errors import InvalidRequest
from ml_server.key_value import KeyValuePage
from ml_server.training.forms import Form
from ml_server.training.gold_pages import ENGINE, entities_of, gold_page, words_of
from ml_server.training.metrics import LabelScores, Score, gold_tags, score_labels, score_links
from ml_server.training.pairs import OCR_SIMILARITY, score_pairs, score_words

BATCH = 4
"""Pages given to an extractor at once: enough to fill its batches of windows, few enough for a bar that moves."""

T = TypeVar("T")
Advance = Callable[[int], None]
"""Called with the number of pages that went through one more step."""


@runtime_checkable
class GoldTaker(Protocol):
    """What an extractor can do besides, to be measured step by step.

    Pages are texts, boxes in pixels (n, 4) and (width, height).
    """

    def label_words(
        self, pages: Sequence[tuple[Sequence[str], npt.NDArray[np.float64], tuple[int, int]]]
    ) -> list[list[str]]:
        """The BIO tag of every word, in the order given."""

    def link_entities(
        self,
        pages: Sequence[
            tuple[Sequence[str], npt.NDArray[np.float64], tuple[int, int], Sequence[tuple[str, tuple[int, ...]]]]
        ],
    ) -> list[list[tuple[int, int, float]]]:
        """(head, tail, confidence) between given entities (label, word positions), as positions in them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came out.

    Attributes:
        ser: labels of the annotations' words, whoever read those of ``pairs``.
        re_gold: QUESTION→ANSWER links of the annotations' entities.
        header_question: HEADER→QUESTION links of the annotations' entities.
        pairs: end to end, from the words of ``ocr``.
        ocr_words: how well the words were read; None where they were given.
        ocr: where the words of ``pairs`` are from: ``gold`` or the engine's name.
        model: name and version of the extractor's model, as it calls itself.
        pages: how many.
        seconds: spent by the extractor, without loading and without OCR.
    """

    ser: LabelScores
    re_gold: Score
    header_question: Score
    pairs: Score
    ocr_words: Score | None
    ocr: str
    model: str
    pages: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON; ratios to four digits."""
        ser = {
            **_rounded(self.ser.micro),
            "word_accuracy": round(self.ser.word_accuracy, 4),
            "labels": {label: _rounded(score) for label, score in self.ser.labels.items()},
            "confusion": self.ser.confusion.tolist(),
        }
        re_gold = {**_rounded(self.re_gold), "header_question": _rounded(self.header_question)}
        return {
            "ser": ser,
            "re_gold": re_gold,
            "pairs": _rounded(self.pairs),
            "ocr_words": self.ocr_words and _rounded(self.ocr_words),
            "ocr": self.ocr,
            "model": self.model,
            "pages": self.pages,
            "seconds": round(self.seconds, 3),
        }


def evaluate_gold(forms: Sequence[Form], extractor: KeyValueExtractor, language: str, advance: Advance) -> Report:
    """Labels, links and pairs from the annotations' own words and boxes; ``advance`` sees every page three times.

    Raises:
        InvalidRequest: no forms, or an extractor that cannot be given words and entities.
        EngineFailed: the extractor failed.
    """
    began = time.perf_counter()
    steps = _steps(forms, extractor, advance)
    found = _extract([gold_page(form, language) for form in forms], extractor, advance)
    return Report(
        *steps,
        pairs=score_pairs(forms, found, similarity=1.0),
        ocr_words=None,
        ocr=ENGINE,
        model=_model(found),
        pages=len(forms),
        seconds=time.perf_counter() - began,
    )


def evaluate_read(
    forms: Sequence[Form], pages: Sequence[OCRPage], extractor: KeyValueExtractor, advance: Advance
) -> Report:
    """Pairs and words from what an OCR engine read, labels and links as :func:`evaluate_gold` has them.

    Args:
        forms: gold.
        pages: as many, in the same order.
        extractor: under test.
        advance: sees every page three times.

    Raises:
        InvalidRequest: no forms, or an extractor that cannot be given words and entities.
        EngineFailed: the extractor failed.
    """
    began = time.perf_counter()
    steps = _steps(forms, extractor, advance)
    found = _extract(pages, extractor, advance)
    return Report(
        *steps,
        pairs=score_pairs(forms, found, similarity=OCR_SIMILARITY),
        ocr_words=score_words(forms, pages),
        ocr=pages[0].engine,
        model=_model(found),
        pages=len(forms),
        seconds=time.perf_counter() - began,
    )


def _steps(forms: Sequence[Form], extractor: KeyValueExtractor, advance: Advance) -> tuple[LabelScores, Score, Score]:
    """Labels of the annotations' words, their QUESTION→ANSWER links, and HEADER→QUESTION."""
    if not isinstance(extractor, GoldTaker):
        raise InvalidRequest(f"the extractor {extractor.name} cannot be given words and entities to label and link")
    tags: list[list[str]] = []
    links: list[set[tuple[int, int]]] = []
    for batch in _batches(forms):
        pages = [(*words_of(form), (form.width, form.height)) for form in batch]
        tags += extractor.label_words(pages)
        advance(len(batch))
        given = [(*page, entities_of(form)) for page, form in zip(pages, batch, strict=True)]
        links += [{(head, tail) for head, tail, _ in found} for found in extractor.link_entities(given)]
        advance(len(batch))
    return (
        score_labels([gold_tags(form) for form in forms], tags),
        score_links(forms, links, "QUESTION", "ANSWER"),
        score_links(forms, links, "HEADER", "QUESTION"),
    )


def _extract(pages: Sequence[OCRPage], extractor: KeyValueExtractor, advance: Advance) -> list[KeyValuePage]:
    found: list[KeyValuePage] = []
    for batch in _batches(pages):
        found += extractor.extract(batch)
        advance(len(batch))
    return found


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    if not items:
        raise InvalidRequest("there are no forms to evaluate on")
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _model(found: Sequence[KeyValuePage]) -> str:
    return found[0].model_version


def _rounded(score: Score) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(score).items()}
