"""The examples OpenAPI shows: a Korean receipt's line, an error, and what is made of them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict

REQUEST_ID: Final = "5f0c4b1d9f6e4c56a0d3a1c86f5b7e21"

_CORNERS = [[41.0, 52.0], [163.0, 52.0], [163.0, 80.0], [41.0, 80.0]]
_FIRST = [[41.0, 52.0], [88.0, 52.0], [88.0, 80.0], [41.0, 80.0]]
_SECOND = [[97.0, 52.0], [163.0, 52.0], [163.0, 80.0], [97.0, 80.0]]
_WORDS = [
    {"text": "합계", "confidence": 0.97, "bbox": _FIRST},
    {"text": "12,000", "confidence": 0.95, "bbox": _SECOND},
]
_TEXT = "합계 12,000"
_BOXES = [{"text": _TEXT, "confidence": 0.96, "bbox": _CORNERS, "words": _WORDS}]
_FIELDS: dict[str, Any] = {
    "text": _TEXT,
    "overall_confidence": 0.96,
    "text_boxes": _BOXES,
    "language": "korean",
    "engine": "tesseract",
    "model_version": "tesseract 5.5.4, kor+eng",
    "width": 640,
    "height": 480,
    "processing_time_ms": 212.4,
    "blocks": [],
    "warnings": [],
}

PAGE: Final[dict[str, Any]] = {"status": "success", **_FIELDS}
DOCUMENT: Final[dict[str, Any]] = {
    "status": "success",
    "pages": [{"page": 1, **_FIELDS}],
    "page_count": 1,
    "text": _TEXT,
    "processing_time_ms": 240.8,
}
_HEAD = [[212.0, 8.0], [410.0, 8.0], [410.0, 40.0], [212.0, 40.0]]
KEY_VALUES: Final[dict[str, Any]] = {
    "status": "success",
    "pages": [
        {
            "page": 1,
            "entities": [
                {
                    "label": "HEADER",
                    "text": "영수증",
                    "confidence": 0.98,
                    "bbox": _HEAD,
                    "words": [{"text": "영수증", "confidence": 0.99, "bbox": _HEAD}],
                },
                {"label": "QUESTION", "text": "합계", "confidence": 0.96, "bbox": _FIRST, "words": _WORDS[:1]},
                {"label": "ANSWER", "text": "12,000", "confidence": 0.97, "bbox": _SECOND, "words": _WORDS[1:]},
            ],
            "relations": [
                {"head": 1, "tail": 2, "confidence": 0.94},
                {"head": 0, "tail": 1, "confidence": 0.81},
            ],
            "key_values": [
                {"key": "합계", "value": "12,000", "confidence": 0.88, "key_bbox": _FIRST, "value_bbox": _SECOND}
            ],
            "language": "korean",
            "ocr_engine": "tesseract",
            "ocr_model_version": "tesseract 5.5.4, kor+eng",
            "model_version": "layoutlm 1",
            "width": 640,
            "height": 480,
            "processing_time_ms": 268.3,
            "warnings": [],
        }
    ],
    "page_count": 1,
    "processing_time_ms": 268.9,
}
ERROR: Final[dict[str, Any]] = {
    "error": {"code": "invalid_image", "message": "not an image or PDF", "request_id": REQUEST_ID}
}
BATCH: Final[dict[str, Any]] = {
    "status": "partial",
    "results": [PAGE, {"status": "error", **ERROR}],
    "processing_time_ms": 431.0,
}
PREDICT: Final[dict[str, Any]] = {
    "status": "success",
    "text_boxes": _BOXES,
    "full_text": _TEXT,
    "language": "korean",
    "engine": "tesseract",
    "processing_time_ms": 212.4,
    "warnings": [],
}
HEALTH: Final[dict[str, Any]] = {"status": "healthy", "ready": True, "engine": "tesseract", "version": "0.1.0"}
ENGINES: Final[dict[str, Any]] = {
    "engines": [
        {
            "name": "tesseract",
            "available": True,
            "reason": "",
            "install": "",
            "languages": ["korean", "english"],
            "weights": "traineddata of the operating system",
            "license": "Apache-2.0",
            "version": "5.5.4",
            "loaded": 2,
            "default": True,
            "kind": "ocr",
        },
        {
            "name": "layoutlm",
            "available": True,
            "reason": "",
            "install": "",
            "languages": ["korean", "english"],
            "weights": "shipped with ml_server",
            "license": "Apache-2.0",
            "version": "1",
            "loaded": 1,
            "default": False,
            "kind": "key_values",
        },
    ],
    "default_engine": "tesseract",
    "default_language": "korean",
}


def with_example(value: dict[str, Any]) -> ConfigDict:
    """Configuration of a model whose example OpenAPI shows."""
    return ConfigDict(
        json_schema_extra={"examples": [value]},
        json_schema_serialization_defaults_required=True,  # an answer always has them
        protected_namespaces=(),
    )
