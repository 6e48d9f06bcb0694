"""Protobuf messages to nouns and nouns to messages. Nothing is rounded, checked or defaulted anywhere else."""

from __future__ import annotations

from collections.abc import Iterable

from ml_server.document import Block, DocumentRequest, Entity, Line, OCRPage, Polygon, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.key_value import KeyValue, KeyValuePage
from ml_server.settings import Settings


def document_request(
    options: ocr_pb2.ExtractTextRequest | ocr_pb2.DocumentOptions,
    data: bytes,
    settings: Settings,
    *,
    single_page: bool,
    request_id: str,
    timeout_s: float | None,
) -> DocumentRequest:
    """A request with the defaults filled in where the caller left a field out.

    Args:
        options: carries language, confidence_threshold, use_angle_cls and engine.
        data: the file's bytes.
        settings: for the default language and engine.
        single_page: refuse more than one page.
        request_id: for logs and errors.
        timeout_s: seconds until the caller's deadline; None without one.
    """
    default = DocumentRequest(data=data, language=settings.lang, engine=settings.engine)
    return DocumentRequest(
        data=data,
        language=options.language.strip() or default.language,  # empty is not sent, as in a form
        engine=options.engine.strip() or default.engine,
        confidence_threshold=(
            options.confidence_threshold if options.HasField("confidence_threshold") else default.confidence_threshold
        ),
        use_angle_cls=options.use_angle_cls if options.HasField("use_angle_cls") else default.use_angle_cls,
        single_page=single_page,
        request_id=request_id,
        timeout_s=timeout_s,
        model_version=options.model_version if isinstance(options, ocr_pb2.DocumentOptions) else "",
    )


def page_message(page: OCRPage) -> ocr_pb2.ExtractTextResponse:
    """What was read on a page; the page's number is not in it."""
    return ocr_pb2.ExtractTextResponse(
        text=page.text,
        overall_confidence=page.overall_confidence,
        text_boxes=[_text_box(line) for line in page.lines],
        language=page.language,
        engine=page.engine,
        model_version=page.model_version,
        width=page.width,
        height=page.height,
        processing_time_ms=page.processing_time_ms,
        blocks=[_block(block) for block in page.blocks],
        warnings=page.warnings,
    )


def key_values_message(page: KeyValuePage) -> ocr_pb2.KeyValues:
    """What was understood of a page; the page's number is not in it."""
    return ocr_pb2.KeyValues(
        entities=[_entity(entity) for entity in page.entities],
        relations=[_relation(relation) for relation in page.relations],
        key_values=[_key_value(pair) for pair in page.key_values],
        language=page.language,
        ocr_engine=page.ocr_engine,
        ocr_model_version=page.ocr_model_version,
        model_version=page.model_version,
        width=page.width,
        height=page.height,
        processing_time_ms=page.processing_time_ms,
        warnings=page.warnings,
    )


def engines_message(engines: Iterable[EngineInfo]) -> ocr_pb2.ListEnginesResponse:
    """The engines in the order given."""
    return ocr_pb2.ListEnginesResponse(
        engines=[
            ocr_pb2.Engine(
                name=engine.name,
                available=engine.available,
                reason=engine.reason,
                install=engine.install,
                languages=engine.languages,
                weights=engine.weights,
                license=engine.license,
                version=engine.version,
                loaded=engine.loaded,
                default=engine.default,
                kind=engine.kind,
            )
            for engine in engines
        ]
    )


def _text_box(line: Line) -> ocr_pb2.TextBox:
    return ocr_pb2.TextBox(
        text=line.text,
        confidence=line.confidence,
        bbox=_points(line.bbox),
        words=[_word(word) for word in line.words],
    )


def _block(block: Block) -> ocr_pb2.Block:
    return ocr_pb2.Block(
        category=block.category,
        bbox=_points(block.bbox),
        text=block.text,
        format=block.format,
        confidence=block.confidence,
    )


def _word(word: Word) -> ocr_pb2.Word:
    return ocr_pb2.Word(text=word.text, confidence=word.confidence, bbox=_points(word.bbox))


def _entity(entity: Entity) -> ocr_pb2.Entity:
    return ocr_pb2.Entity(
        label=entity.label,
        text=entity.text,
        confidence=entity.confidence,
        bbox=_points(entity.bbox),
        words=[_word(word) for word in entity.words],
    )


def _relation(relation: Relation) -> ocr_pb2.Relation:
    return ocr_pb2.Relation(head=relation.head, tail=relation.tail, confidence=relation.confidence)


def _key_value(pair: KeyValue) -> ocr_pb2.KeyValue:
    return ocr_pb2.KeyValue(
        key=pair.key,
        value=pair.value,
        confidence=pair.confidence,
        key_bbox=_points(pair.key_bbox),
        value_bbox=_points(pair.value_bbox),
    )


def _points(polygon: Polygon) -> list[ocr_pb2.Point]:
    return [ocr_pb2.Point(x=x, y=y) for x, y in polygon]
