"""Prometheus collectors, shared by both wires.

They live in a registry of their own, so that what other libraries register does not mix with ours. All label values
come from closed sets (routes, RPC names, error codes, engine names), never from what a caller sent.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

REQUESTS = Counter("ml_server_requests", "Requests answered", ("wire", "method", "code"), registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "ml_server_request_seconds", "Seconds from a request's first byte to its answer", ("wire", "method"),
    buckets=_SECONDS, registry=REGISTRY,
)  # fmt: skip
PAGES = Counter("ml_server_pages", "Pages an engine has worked on", ("engine", "outcome"), registry=REGISTRY)
PAGE_SECONDS = Histogram(
    "ml_server_page_seconds", "Seconds one page spent inside an engine's process", ("engine",),
    buckets=_SECONDS, registry=REGISTRY,
)  # fmt: skip
QUEUE_SECONDS = Histogram(
    "ml_server_queue_seconds", "Seconds one page waited for an engine", ("engine",), buckets=_SECONDS, registry=REGISTRY
)
QUEUE_DEPTH = Gauge("ml_server_queue_depth", "Pages waiting for an engine", ("engine",), registry=REGISTRY)
REPLICAS = Gauge("ml_server_replicas", "Warm processes of an engine", ("engine",), registry=REGISTRY)
REPLICA_STARTS = Counter(
    "ml_server_replica_starts", "Engine processes started, by why", ("engine", "reason"), registry=REGISTRY
)
READY = Gauge("ml_server_ready", "1 once the default engine has read its warm-up page", registry=REGISTRY)


def observe_request(wire: str, method: str, code: str, seconds: float) -> None:
    """Count one answered request.

    Args:
        wire: ``http`` or ``grpc``.
        method: route template or RPC name; ``unknown`` for anything else.
        code: HTTP status or gRPC code name.
        seconds: from its first byte to its answer.
    """
    REQUESTS.labels(wire, method, code).inc()
    REQUEST_SECONDS.labels(wire, method).observe(seconds)


def render() -> tuple[bytes, str]:
    """All collectors in the exposition format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
