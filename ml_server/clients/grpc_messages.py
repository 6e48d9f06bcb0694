"""Nouns from and to protobuf as the gRPC transports need it, channel options, and errors from statuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from ml_server.clients.calls import Call
from ml_server.clients.trace_context import trace_headers
from ml_server.clients.transport import Connection
from ml_server.document import Block, DocumentResult, Entity, Line, OCRPage, Polygon, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.errors import MLServerError, NotReady, PayloadTooLarge, ServerBusy, all_errors, from_code
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.key_value import KeyValue, KeyValuePage

SERVICE = ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].full_name

_DETAILS_KEY = "grpc-status-details-bin"
_DOMAIN = "ml_server"  # of google.rpc.ErrorInfo, as the server writes it
_CHUNK = 256 * 2**10


def channel_options() -> list[tuple[str, int | str]]:
    """Channel arguments: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html."""
    return [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        # Several addresses behind one name all get calls, instead of the first one that answers.
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
        ("grpc.enable_retries", 0),  # ours know the deadline and what the server asks for; both together would multiply
        # Notice a server that is gone without a word while a call waits for it.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # The default grows to two minutes, in which a server that has come back would not be seen.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]


def credentials(connection: Connection) -> grpc.ChannelCredentials:
    """For TLS.

    Raises:
        OSError: a certificate or key cannot be read.
    """
    files = (connection.ca_file, connection.key_file, connection.cert_file)
    roots, key, chain = (file.read_bytes() if file else None for file in files)
    return grpc.ssl_channel_credentials(roots, key, chain)


def call_options(connection: Connection, call: Call) -> dict[str, Any]:
    """Keyword arguments of a stub's method: metadata, and what is left of the call's time."""
    metadata: tuple[tuple[str, str], ...] = (("x-request-id", call.request_id), *trace_headers().items())
    if connection.api_key is not None:
        metadata += (("authorization", f"Bearer {connection.api_key}"),)
    return {"metadata": metadata, "timeout": call.left_s()}


def page_request(image: bytes, call: Call) -> ocr_pb2.ExtractTextRequest:
    """One page; options that are None are not set."""
    return ocr_pb2.ExtractTextRequest(
        image=image,
        language=call.language,
        confidence_threshold=call.confidence_threshold,
        use_angle_cls=call.use_angle_cls,
        engine=call.engine,
    )


def batch_request(images: Sequence[bytes], call: Call) -> ocr_pb2.ExtractTextBatchRequest:
    """Several pages with the same options."""
    return ocr_pb2.ExtractTextBatchRequest(requests=[page_request(image, call) for image in images])


def document_parts(document: bytes, call: Call) -> Iterator[ocr_pb2.ExtractDocumentRequest]:
    """The options, then the file in chunks."""
    yield ocr_pb2.ExtractDocumentRequest(options=_options(call))
    for chunk in _chunks(document):
        yield ocr_pb2.ExtractDocumentRequest(chunk=chunk)


def key_value_parts(document: bytes, call: Call) -> Iterator[ocr_pb2.ExtractKeyValuesRequest]:
    """The options, then the file in chunks."""
    yield ocr_pb2.ExtractKeyValuesRequest(options=_options(call))
    for chunk in _chunks(document):
        yield ocr_pb2.ExtractKeyValuesRequest(chunk=chunk)


def page(message: ocr_pb2.ExtractTextResponse, number: int = 1) -> OCRPage:
    """What was read on a page."""
    return OCRPage(
        lines=tuple(
            Line(
                text=box.text,
                confidence=box.confidence,
                bbox=_polygon(box.bbox),
                words=_words(box.words),
            )
            for box in message.text_boxes
        ),
        width=message.width,
        height=message.height,
        language=message.language,
        engine=message.engine,
        model_version=message.model_version,
        number=number,
        processing_time_ms=message.processing_time_ms,
        blocks=tuple(
            Block(
                category=block.category,
                bbox=_polygon(block.bbox),
                text=block.text,
                format=block.format,
                confidence=block.confidence if block.HasField("confidence") else None,
            )
            for block in message.blocks
        ),
        warnings=tuple(message.warnings),
    )


def document(pages: Sequence[OCRPage]) -> DocumentResult:
    """A document. The pages' times follow on one another, so they add up to the document's."""
    return DocumentResult(tuple(pages), sum(each.processing_time_ms for each in pages))


def key_value_page(message: ocr_pb2.KeyValues, number: int) -> KeyValuePage:
    """What was understood of a page."""
    return KeyValuePage(
        entities=tuple(
            Entity(each.label, each.text, each.confidence, _polygon(each.bbox), _words(each.words))
            for each in message.entities
        ),
        relations=tuple(Relation(each.head, each.tail, each.confidence) for each in message.relations),
        key_values=tuple(
            KeyValue(each.key, each.value, each.confidence, _polygon(each.key_bbox), _polygon(each.value_bbox))
            for each in message.key_values
        ),
        width=message.width,
        height=message.height,
        language=message.language,
        ocr_engine=message.ocr_engine,
        ocr_model_version=message.ocr_model_version,
        model_version=message.model_version,
        number=number,
        processing_time_ms=message.processing_time_ms,
        warnings=tuple(message.warnings),
    )


def batch(message: ocr_pb2.ExtractTextBatchResponse) -> list[OCRPage | MLServerError]:
    """A page or an error for each image."""
    return [error(item.error) if item.HasField("error") else page(item.result) for item in message.results]


def engines(message: ocr_pb2.ListEnginesResponse) -> list[EngineInfo]:
    """Every engine."""
    return [
        EngineInfo(
            name=each.name,
            available=each.available,
            reason=each.reason,
            install=each.install,
            languages=tuple(each.languages),
            weights=each.weights,
            license=each.license,
            version=each.version,
            loaded=each.loaded,
            default=each.default,
            kind=each.kind or "ocr",  # servers before this field had nothing else
        )
        for each in message.engines
    ]


def error(status: status_pb2.Status) -> MLServerError:
    """The error a rich status carries: ErrorInfo names it, BadRequest the field, RetryInfo the time to wait."""
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for packed in status.details:
        for kind in (info, bad, retry):
            packed.Unpack(kind)
    return from_code(
        info.reason,
        status.message,
        field=bad.field_violations[0].field if bad.field_violations else "",
        retry_after_s=retry.retry_delay.ToNanoseconds() / 1e9 if retry.HasField("retry_delay") else None,
    )


def failure(
    code: grpc.StatusCode, said: str, trailers: Iterable[tuple[str, str | bytes]], connection: Connection, call: Call
) -> MLServerError:
    """The error of a failed call; of its code, where the status has no details because it is not the server's own."""
    status = _own_status(trailers)
    if status is not None:
        return error(status)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return call.expired()
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):  # a server that stops cancels what is left
        return NotReady(f"cannot reach {connection.address.given}: {said}")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # The library's own answer to a message over its limit; anything else is somebody's rate limit.
        return (PayloadTooLarge if "larger than max" in said.lower() else ServerBusy)(said)
    kind = next((kind for kind in all_errors() if kind.grpc_code == code.name), MLServerError)
    return kind(f"{code.name} from {connection.address.given}: {said}")


def _own_status(trailers: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    """The rich status, if it is an ml_server's: proxies send such details, too."""
    details = dict(trailers).get(_DETAILS_KEY)
    if not isinstance(details, bytes):
        return None
    info = error_details_pb2.ErrorInfo()
    try:
        status = status_pb2.Status.FromString(details)
        ours = any(packed.Unpack(info) and info.domain == _DOMAIN for packed in status.details)
    except DecodeError:
        return None
    return status if ours else None


def _options(call: Call) -> ocr_pb2.DocumentOptions:
    return ocr_pb2.DocumentOptions(
        language=call.language,
        confidence_threshold=call.confidence_threshold,
        use_angle_cls=call.use_angle_cls,
        engine=call.engine,
        model_version=call.model_version,
    )


def _chunks(document: bytes) -> Iterator[bytes]:
    return (document[start : start + _CHUNK] for start in range(0, len(document), _CHUNK))


def _words(found: Iterable[ocr_pb2.Word]) -> tuple[Word, ...]:
    return tuple(Word(word.text, word.confidence, _polygon(word.bbox)) for word in found)


def _polygon(corners: Sequence[ocr_pb2.Point]) -> Polygon:
    a, b, c, d = corners
    return (a.x, a.y), (b.x, b.y), (c.x, c.y), (d.x, d.y)
