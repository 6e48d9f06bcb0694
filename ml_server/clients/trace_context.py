"""The trace that a call belongs to, where the caller's process traces with OpenTelemetry."""

from __future__ import annotations

import sys


def trace_headers() -> dict[str, str]:
    """Headers, or gRPC metadata, that make the server's spans part of the caller's trace; none without a trace."""
    if "opentelemetry.trace" not in sys.modules:
        return {}  # without it nobody can have begun a span
    from opentelemetry import propagate

    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers
