"""The HTTP API's JSON to nouns and errors. Nothing is rounded; fields this client does not know are passed over."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ml_server.document import Block, DocumentResult, Entity, Line, OCRPage, Polygon, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.errors import (
    InvalidRequest,
    MLServerError,
    NotReady,
    Unauthenticated,
    all_errors,
    from_code,
)
from ml_server.key_value import KeyValue, KeyValuePage

_ENGINE_FIELDS = frozenset(field.name for field in fields(EngineInfo))


def page(found: Any) -> OCRPage:
    """A page, whether alone or one of a document's."""
    return OCRPage(
        lines=tuple(
            Line(
                text=box["text"],
                confidence=float(box["confidence"]),
                bbox=_polygon(box["bbox"]),
                words=_words(box["words"]),
            )
            for box in found["text_boxes"]
        ),
        width=found["width"],
        height=found["height"],
        language=found["language"],
        engine=found["engine"],
        model_version=found["model_version"],
        number=found.get("page", 1),
        processing_time_ms=float(found["processing_time_ms"]),
        blocks=tuple(
            Block(
                category=block["category"],
                bbox=_polygon(block["bbox"]),
                text=block["text"],
                format=block["format"],
                confidence=None if block["confidence"] is None else float(block["confidence"]),
            )
            for block in found.get("blocks", ())  # servers before this field had none
        ),
        warnings=tuple(found.get("warnings", ())),
    )


def document(found: Any) -> DocumentResult:
    """A document."""
    return DocumentResult(tuple(page(each) for each in found["pages"]), float(found["processing_time_ms"]))


def key_values(found: Any) -> list[KeyValuePage]:
    """Every page of a document."""
    return [
        KeyValuePage(
            entities=tuple(
                Entity(
                    label=each["label"],
                    text=each["text"],
                    confidence=float(each["confidence"]),
                    bbox=_polygon(each["bbox"]),
                    words=_words(each["words"]),
                )
                for each in page["entities"]
            ),
            relations=tuple(
                Relation(each["head"], each["tail"], float(each["confidence"])) for each in page["relations"]
            ),
            key_values=tuple(
                KeyValue(
                    key=each["key"],
                    value=each["value"],
                    confidence=float(each["confidence"]),
                    key_bbox=_polygon(each["key_bbox"]),
                    value_bbox=_polygon(each["value_bbox"]),
                )
                for each in page["key_values"]
            ),
            width=page["width"],
            height=page["height"],
            language=page["language"],
            ocr_engine=page["ocr_engine"],
            ocr_model_version=page["ocr_model_version"],
            model_version=page["model_version"],
            number=page["page"],
            processing_time_ms=float(page["processing_time_ms"]),
            warnings=tuple(page.get("warnings", ())),
        )
        for page in found["pages"]
    ]


def batch(found: Any) -> list[OCRPage | MLServerError]:
    """A page or an error for each image."""
    return [
        from_code(item["error"]["code"], item["error"]["message"]) if "error" in item else page(item)
        for item in found["results"]
    ]


def engines(found: Any) -> list[EngineInfo]:
    """Every engine."""
    return [
        EngineInfo(**{key: value for key, value in each.items() if key in _ENGINE_FIELDS} | {
            "languages": tuple(each["languages"])
        })
        for each in found["engines"]
    ]  # fmt: skip


def nothing(_: Any) -> None:
    """For answers whose status says it all."""


def failure(status: int, headers: Mapping[str, str], body: bytes) -> MLServerError:
    """The error an answer of 300 and above carries; of its status, where the body is not ours but a proxy's."""
    wait_s = retry_after_s(headers.get("retry-after", ""))
    try:
        error = json.loads(body)["error"]
        return from_code(str(error["code"]), str(error["message"]), retry_after_s=wait_s)
    except (ValueError, KeyError, TypeError):
        shown = body[:200].decode(errors="replace").strip()
        message = f"HTTP status {status} from something that is not ml_server: {shown!r}"
        return _kind(status)(message, retry_after_s=wait_s)


def retry_after_s(header: str) -> float | None:
    """Seconds that a Retry-After header asks for: it is a number of them or a date (RFC 9110, 10.2.3)."""
    header = header.strip()
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _kind(status: int) -> type[MLServerError]:
    exact = next((kind for kind in all_errors() if kind.http_status == status), None)
    # What proxies answer by themselves: an upstream that does not answer, and a refusal to let a caller pass.
    foreign: dict[int, type[MLServerError]] = {502: NotReady, 403: Unauthenticated, 407: Unauthenticated}
    if exact is not None:
        return exact
    return foreign.get(status, InvalidRequest if 400 <= status < 500 else MLServerError)


def _words(found: Any) -> tuple[Word, ...]:
    return tuple(
        Word(text=word["text"], confidence=float(word["confidence"]), bbox=_polygon(word["bbox"])) for word in found
    )


def _polygon(corners: Any) -> Polygon:
    (a, b), (c, d), (e, f), (g, h) = corners
    return (float(a), float(b)), (float(c), float(d)), (float(e), float(f)), (float(g), float(h))
