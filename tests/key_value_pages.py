"""What fakes say was understood of a page: values that rounding, reordering or a swapped field would change."""

from __future__ import annotations

from typing import Any

from ml_server.document import Entity, Polygon, Relation, Word
from ml_server.key_value import KeyValue, KeyValuePage


def _box(left: float) -> Polygon:
    return ((left, 2.0), (left + 1 / 3, 2.0), (left + 1 / 3, 4.25), (left, 4.25))


def _json(polygon: Polygon) -> list[list[float]]:
    return [list(corner) for corner in polygon]


HEAD, KEY, VALUE = _box(0.1), _box(10.1), _box(20.7)
KEY_VALUE_PAGE = KeyValuePage(
    entities=(
        Entity("HEADER", "영수증", 2 / 3, HEAD, (Word("영수증", 0.1 + 0.2, HEAD),)),
        Entity("QUESTION", "합계", 0.7, KEY, (Word("합계", 0.9, KEY),)),
        Entity("ANSWER", "1,000 원", 0.8, VALUE, (Word("1,000", 0.6, VALUE), Word("원", 0.55, VALUE))),
    ),
    relations=(Relation(1, 2, 1 / 3), Relation(0, 1, 0.4)),
    key_values=(KeyValue("합계", "1,000 원", 1 / 7, KEY, VALUE),),
    width=640,
    height=480,
    language="korean+english",
    ocr_engine="fake",
    ocr_model_version="fake 1",
    model_version="fake 2",
    processing_time_ms=12.3,
    warnings=("the answer was cut off",),
)
KEY_VALUE_JSON: dict[str, Any] = {
    "entities": [
        {
            "label": "HEADER",
            "text": "영수증",
            "confidence": 2 / 3,
            "bbox": _json(HEAD),
            "words": [{"text": "영수증", "confidence": 0.1 + 0.2, "bbox": _json(HEAD)}],
        },
        {
            "label": "QUESTION",
            "text": "합계",
            "confidence": 0.7,
            "bbox": _json(KEY),
            "words": [{"text": "합계", "confidence": 0.9, "bbox": _json(KEY)}],
        },
        {
            "label": "ANSWER",
            "text": "1,000 원",
            "confidence": 0.8,
            "bbox": _json(VALUE),
            "words": [
                {"text": "1,000", "confidence": 0.6, "bbox": _json(VALUE)},
                {"text": "원", "confidence": 0.55, "bbox": _json(VALUE)},
            ],
        },
    ],
    "relations": [{"head": 1, "tail": 2, "confidence": 1 / 3}, {"head": 0, "tail": 1, "confidence": 0.4}],
    "key_values": [
        {"key": "합계", "value": "1,000 원", "confidence": 1 / 7, "key_bbox": _json(KEY), "value_bbox": _json(VALUE)}
    ],
    "language": "korean+english",
    "ocr_engine": "fake",
    "ocr_model_version": "fake 1",
    "model_version": "fake 2",
    "width": 640,
    "height": 480,
    "processing_time_ms": 12.3,
    "warnings": ["the answer was cut off"],
}
