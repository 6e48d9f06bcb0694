"""A deterministic extractor for protocol tests only. It understands nothing: it looks for colons.

It is used where ``ML_SERVER_KEY_VALUE_EXTRACTOR=mock`` says so and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml_server.document import Entity, Line, OCRPage, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.engines.extractor import ExtractorConfig, KeyValueExtractor
from ml_server.geometry import box_to_polygon, polygon_to_box
from ml_server.key_value import KeyValue, KeyValuePage


class MockExtractor(KeyValueExtractor):
    """A line ``key: value`` is a QUESTION and an ANSWER; the first line without a colon is the HEADER of all questions.

    Other lines are OTHER, a line that ends with its colon is a QUESTION without an answer. Entities and relations are
    as certain as the line they are from.
    """

    name = "mock"
    install = ""

    def __init__(self, config: ExtractorConfig) -> None:
        # As if it were that version of the model, which is all that a test of versions needs.
        self._version = _stored(config) or "mock 1"

    @classmethod
    def describe(cls, config: ExtractorConfig) -> EngineInfo:
        """See the base class."""
        return EngineInfo(
            name=cls.name,
            available=True,
            weights="none: for protocol tests only, looks for colons",
            license="Apache-2.0",
            version=_stored(config) or "1",
        )

    def extract(self, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        """See the base class."""
        return [_extract(page, self._version) for page in pages]


def _stored(config: ExtractorConfig) -> str:
    """The version of a model in a store; empty for any other."""
    return config.model.rpartition(":")[2] if ":" in config.model else ""


def _extract(page: OCRPage, version: str) -> KeyValuePage:
    entities: list[Entity] = []
    header: int | None = None
    questions: list[int] = []
    answers: list[Relation] = []
    for line in page.lines:
        cut = _end_of_key(line)
        if cut:
            questions.append(len(entities))
            entities.append(_entity("QUESTION", line.words[:cut], line.confidence))
            if cut < len(line.words):
                answers.append(Relation(questions[-1], len(entities), line.confidence))
                entities.append(_entity("ANSWER", line.words[cut:], line.confidence))
        elif header is None:
            header = len(entities)
            entities.append(_entity("HEADER", line.words, line.confidence))
        else:
            entities.append(_entity("OTHER", line.words, line.confidence))
    headed = [] if header is None else [Relation(header, tail, entities[header].confidence) for tail in questions]
    return KeyValuePage(
        entities=tuple(entities),
        relations=(*answers, *headed),
        key_values=tuple(_pair(entities[link.head], entities[link.tail], link) for link in answers),
        width=page.width,
        height=page.height,
        language=page.language,
        ocr_engine=page.engine,
        ocr_model_version=page.model_version,
        model_version=version,
        number=page.number,
    )


def _end_of_key(line: Line) -> int:
    """How many of the line's first words are its key; 0 for a line without one."""
    return next((count for count, word in enumerate(line.words, 1) if word.text.endswith(":")), 0)


def _entity(label: str, words: Sequence[Word], confidence: float) -> Entity:
    lefts, tops, rights, bottoms = zip(*(polygon_to_box(word.bbox) for word in words), strict=True)
    around = box_to_polygon((min(lefts), min(tops), max(rights), max(bottoms)))
    return Entity(label, " ".join(word.text for word in words), confidence, around, tuple(words))


def _pair(question: Entity, answer: Entity, link: Relation) -> KeyValue:
    together = question.confidence * answer.confidence * link.confidence
    return KeyValue(question.text, answer.text, together, question.bbox, answer.bbox)
