"""What key–value extraction gives: the entities and relations of :mod:`ml_server.document`, and pairs made of them."""

from __future__ import annotations

from dataclasses import dataclass

from ml_server.document import Entity, Polygon, Relation


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One question with one of its answers.

    Attributes:
        key: the question's text.
        value: the answer's text.
        confidence: 0..1; of both entities and of their relation together.
        key_bbox: box of the question.
        value_bbox: box of the answer.
    """

    key: str
    value: str
    confidence: float
    key_bbox: Polygon
    value_bbox: Polygon


@dataclass(frozen=True, slots=True)
class KeyValuePage:
    """What was understood of one page.

    Attributes:
        entities: in reading order; empty for a page without text.
        relations: between ``entities``; none is an honest answer.
        key_values: one for every relation of a question to an answer, in the questions' reading order.
        width: of the page, pixels.
        height: of the page, pixels.
        language: it was read in.
        ocr_engine: name of the engine that read it.
        ocr_model_version: of that engine.
        model_version: of the model that labelled and linked the words.
        number: 1-based page number within its document.
        processing_time_ms: milliseconds from admission (or the end of the previous page) to the result, reading
            included. 0 where nobody measured.
        warnings: what is to be known of the reading it was made of, for people; see :class:`OCRPage`.
    """

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    key_values: tuple[KeyValue, ...]
    width: int
    height: int
    language: str
    ocr_engine: str
    ocr_model_version: str
    model_version: str
    number: int = 1
    processing_time_ms: float = 0.0
    warnings: tuple[str, ...] = ()
