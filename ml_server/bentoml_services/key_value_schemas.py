"""The answer of `/extract_key_values`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ml_server.bentoml_services import examples
from ml_server.bentoml_services.box_schemas import Box, Confidence, WordBox, corners
from ml_server.bentoml_services.examples import with_example
from ml_server.document import Entity, Relation
from ml_server.key_value import KeyValue, KeyValuePage


class EntityBox(BaseModel):
    """Words that mean one thing together."""

    label: str = Field(description="`HEADER`, `QUESTION`, `ANSWER` or `OTHER`; another model may have its own labels")
    text: str = Field(description="the words joined by single spaces")
    confidence: Confidence
    bbox: Box
    words: list[WordBox]

    @classmethod
    def of(cls, entity: Entity) -> EntityBox:
        """An entity as JSON."""
        return cls(
            label=entity.label,
            text=entity.text,
            confidence=entity.confidence,
            bbox=corners(entity.bbox),
            words=[WordBox.of(word) for word in entity.words],
        )


class RelationLink(BaseModel):
    """That one entity belongs to another: an answer to its question, a question to its header."""

    head: int = Field(ge=0, description="position in `entities`, from 0, of the question or header")
    tail: int = Field(ge=0, description="position in `entities`, from 0, of the answer or question")
    confidence: Confidence

    @classmethod
    def of(cls, relation: Relation) -> RelationLink:
        """A relation as JSON."""
        return cls(head=relation.head, tail=relation.tail, confidence=relation.confidence)


class KeyValuePair(BaseModel):
    """A question with one of its answers."""

    key: str
    value: str
    confidence: Confidence = Field(description="of both entities and their relation together")
    key_bbox: Box
    value_bbox: Box

    @classmethod
    def of(cls, pair: KeyValue) -> KeyValuePair:
        """A pair as JSON."""
        return cls(
            key=pair.key,
            value=pair.value,
            confidence=pair.confidence,
            key_bbox=corners(pair.key_bbox),
            value_bbox=corners(pair.value_bbox),
        )


class KeyValuesPage(BaseModel):
    """What was understood of one page."""

    model_config = ConfigDict(protected_namespaces=())

    page: int = Field(ge=1, description="position in the document, from 1")
    entities: list[EntityBox] = Field(description="in reading order; empty for a page without text")
    relations: list[RelationLink] = Field(description="between `entities`; there may be none")
    key_values: list[KeyValuePair] = Field(description="one for every relation of a question to an answer")
    language: str = Field(description="canonical names joined by +")
    ocr_engine: str = Field(description="the engine that read the page")
    ocr_model_version: str
    model_version: str = Field(description="of the model that labelled and linked the words")
    width: int = Field(description="pixels")
    height: int = Field(description="pixels")
    processing_time_ms: float = Field(description="reading included")
    warnings: list[str] = Field(
        description="what is to be known of the reading it was made of: that an answer was cut off or had to be mended"
    )

    @classmethod
    def of(cls, page: KeyValuePage) -> KeyValuesPage:
        """A page as JSON."""
        return cls(
            page=page.number,
            entities=[EntityBox.of(entity) for entity in page.entities],
            relations=[RelationLink.of(relation) for relation in page.relations],
            key_values=[KeyValuePair.of(pair) for pair in page.key_values],
            language=page.language,
            ocr_engine=page.ocr_engine,
            ocr_model_version=page.ocr_model_version,
            model_version=page.model_version,
            width=page.width,
            height=page.height,
            processing_time_ms=page.processing_time_ms,
            warnings=list(page.warnings),
        )


class KeyValuesBody(BaseModel):
    """The answer of `/extract_key_values`."""

    model_config = with_example(examples.KEY_VALUES)

    status: Literal["success"] = "success"
    pages: list[KeyValuesPage]
    page_count: int
    processing_time_ms: float

    @classmethod
    def of(cls, pages: Sequence[KeyValuePage], processing_time_ms: float) -> KeyValuesBody:
        """A document as JSON.

        Args:
            pages: in order.
            processing_time_ms: milliseconds for all of it.
        """
        return cls(
            pages=[KeyValuesPage.of(page) for page in pages],
            page_count=len(pages),
            processing_time_ms=processing_time_ms,
        )
