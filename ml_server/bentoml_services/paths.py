"""Every path there is, by what the edge has to know about it."""

from __future__ import annotations

from typing import Final

EXTRACT_TEXT: Final = "/extract_text"
EXTRACT_TEXT_BATCH: Final = "/extract_text_batch"
EXTRACT_DOCUMENT: Final = "/extract_document"
EXTRACT_KEY_VALUES: Final = "/extract_key_values"
PREDICT: Final = "/predict"
DOCUMENTS: Final = "/documents"
FILES: Final = "/files"
ENGINES: Final = "/engines"
METRICS: Final = "/metrics"
ASSETS: Final = "/assets"
LABEL_STUDIO: Final = "/label-studio"

LIVEZ: Final = ("/livez", "/healthz")
READYZ: Final = "/readyz"
HEALTH: Final = ("/health_check", "/health")
SWAGGER: Final = ("/", "/docs")
OPENAPI: Final = ("/openapi.json", "/docs.json")

QUIET: Final = frozenset({*LIVEZ, READYZ, *HEALTH, METRICS})
"""Asked every few seconds by machines: no API key, no line in the access log."""

SINGLE_IMAGE: Final = frozenset({EXTRACT_TEXT, PREDICT})
"""Their bodies hold one image, so the limit is an image's."""

SPOOLED: Final = frozenset({EXTRACT_DOCUMENT, EXTRACT_KEY_VALUES, DOCUMENTS})
"""Their bodies hold one document, which is kept on disk until it is whole if it is larger than an image may be."""

_DOCS = frozenset({*SWAGGER, *OPENAPI, ASSETS})
_READING = SINGLE_IMAGE | {EXTRACT_TEXT_BATCH, EXTRACT_DOCUMENT, EXTRACT_KEY_VALUES}
_LABEL_STUDIO = frozenset(
    LABEL_STUDIO + path
    for path in (
        "", "/", "/health", "/setup", "/validate", "/predict", "/versions", "/webhook", "/train", "/job_status",
        "/is_training",
    )
)  # fmt: skip
_ALL = QUIET | _READING | _DOCS | _LABEL_STUDIO | {ENGINES, DOCUMENTS, FILES}
_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})


def verb(method: str) -> str:
    """A request's method, from a closed set: ``_OTHER``, as OpenTelemetry has it, for one that HTTP does not know."""
    return method if method in _VERBS else "_OTHER"


def label(path: str) -> str:
    """The route a path belongs to, from a closed set: ``unknown`` for a path there is no route for."""
    for folder in (ASSETS, FILES):
        if path.startswith(folder + "/"):
            return folder
    return path if path in _ALL else "unknown"


def is_open(path: str) -> bool:
    """Whether the edge lets it pass without an API key: probes, metrics and documentation.

    And the ML backend's routes, which look themselves: Label Studio can show a password only.
    """
    return label(path) in QUIET | _DOCS | _LABEL_STUDIO
