"""Prometheus collectors, shared by both wires.

They live in a registry of their own, so that what other libraries register does not mix with ours. All label values
come from closed sets (routes, RPC names, error codes, engines, versions in service), never from what a caller sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)

from ml_server import memory

REGISTRY = CollectorRegistry()

_STAGES = {"decode": "decode", "key_values": "extract"}
_REFUSED_BY_WIRES = {"not_ready": "not_ready", "payload_too_large": "too_large", "unauthenticated": "unauthenticated"}

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

NO_ENGINE: Final = "none"
"""Engine of a request that named none, or ended before one was picked."""

SEVERAL_ENGINES: Final = "several"
"""Engine of a request whose items asked for different ones."""

REQUESTS = Counter("ml_server_requests", "Requests answered", ("wire", "method", "engine", "code"), registry=REGISTRY)
IN_FLIGHT = Gauge("ml_server_requests_in_flight", "Requests being answered, but probes", ("wire",), registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "ml_server_request_seconds", "Seconds from a request's first byte to its answer", ("wire", "method"),
    buckets=_SECONDS, registry=REGISTRY,
)  # fmt: skip
STAGE_SECONDS = Histogram(
    "ml_server_stage_seconds", "Seconds a page or request spent in a stage", ("stage", "engine"),
    buckets=(0.001, 0.0025, 0.005, *_SECONDS), registry=REGISTRY,
)  # fmt: skip
PAGES = Counter("ml_server_pages", "Pages worked on, or expired in line", ("engine", "outcome"), registry=REGISTRY)
LINES = Counter("ml_server_lines", "Lines an engine has read, of any confidence", ("engine",), registry=REGISTRY)
BATCH_PAGES = Histogram(
    "ml_server_batch_pages", "Pages handed to an engine's process at once", ("engine",),
    buckets=(1, 2, 3, 4, 6, 8, 12, 16, 32), registry=REGISTRY,
)  # fmt: skip
REFUSALS = Counter(
    "ml_server_refusals",
    "Refusals before any work: busy, bodies, not_ready, too_large, unauthenticated, deadline",
    ("cause",),
    registry=REGISTRY,
)
BODY_BYTES = Gauge(
    "ml_server_body_bytes", "Bytes of request bodies that are held, or reserved, in memory or on disk", ("where",),
    registry=REGISTRY,
)  # fmt: skip
BODY_BYTES_LIMIT = Gauge(
    "ml_server_body_bytes_limit", "Bytes of request bodies that may be held in memory or on disk", ("where",),
    registry=REGISTRY,
)  # fmt: skip
QUEUE_DEPTH = Gauge("ml_server_queue_depth", "Pages waiting for an engine", ("engine",), registry=REGISTRY)
REPLICAS = Gauge("ml_server_replicas", "Warm processes of an engine", ("engine",), registry=REGISTRY)
REPLICA_STARTS = Counter(
    "ml_server_replica_starts", "Engine processes started, by why", ("engine", "reason"), registry=REGISTRY
)
ENGINES_LOADED = Gauge("ml_server_engines_loaded", "Engines and extractors with a warm process", registry=REGISTRY)
ENGINE_MEMORY_BYTES = Gauge(
    "ml_server_engine_memory_bytes",
    "Memory of an engine's or the decoder's processes",
    ("engine", "kind"),
    registry=REGISTRY,
)
EVICTIONS = Counter(
    "ml_server_evictions", "Engines unloaded, by cause: idle, ram or vram", ("engine", "cause"), registry=REGISTRY
)
OVER_BUDGET = Gauge(
    "ml_server_over_budget", "1 while the ram or vram budget is exceeded and no engine is idle", ("kind",),
    registry=REGISTRY,
)  # fmt: skip
GPU_MEMORY_USED_BYTES = Gauge(
    "ml_server_gpu_memory_used_bytes", "Memory of a GPU in use, by anybody", ("device",), registry=REGISTRY
)
GPU_MEMORY_TOTAL_BYTES = Gauge("ml_server_gpu_memory_total_bytes", "Memory of a GPU", ("device",), registry=REGISTRY)
GPU_MEMORY_ALARM = Gauge(
    "ml_server_gpu_memory_alarm", "1 while a GPU's memory, or the budget on it, is used beyond the alarm threshold",
    ("device",), registry=REGISTRY,
)  # fmt: skip
GPU_UNWATCHED = Gauge(
    "ml_server_gpu_unwatched", "1 where engines are to use GPUs whose memory nobody can watch", registry=REGISTRY
)
GPU_UTILISATION = Gauge("ml_server_gpu_utilisation", "Share of time it is busy, 0 to 1", ("device",), registry=REGISTRY)
KEY_VALUE_PAGES = Counter(
    "ml_server_key_value_pages", "Pages whose keys and values were found, by the version of the model that found them",
    ("model_version",), registry=REGISTRY,
)  # fmt: skip
READY = Gauge("ml_server_ready", "1 while requests are let in, as /readyz says", registry=REGISTRY)
PROCESS_START_TIME_SECONDS = Gauge(
    "ml_server_process_start_time_seconds", "When the server's own process was started, in seconds since 1970",
    registry=REGISTRY,
)  # fmt: skip
PROCESS_MEMORY_BYTES = Gauge(
    "ml_server_process_memory_bytes", "Memory of the server's own process, without its engines", registry=REGISTRY
)
MEMORY_USED_BYTES = Gauge(
    "ml_server_memory_used_bytes", "Memory in use in the container, or on the machine where it has no limit",
    registry=REGISTRY,
)  # fmt: skip
MEMORY_LIMIT_BYTES = Gauge(
    "ml_server_memory_limit_bytes", "Memory that the container may use, or that the machine has", registry=REGISTRY
)
# Read when they are asked for: what holds much for a moment, as uploads do, would be missed by a look now and then.
PROCESS_START_TIME_SECONDS.set_function(memory.started_at)
PROCESS_MEMORY_BYTES.set_function(memory.resident)
MEMORY_USED_BYTES.set_function(lambda: memory.room().used)
MEMORY_LIMIT_BYTES.set_function(lambda: memory.room().limit)


def stage_of(pool: str) -> str:
    """The stage in which a pool works: ``decode``, ``extract`` or ``recognise``."""
    return _STAGES.get(pool.partition(":")[0], "recognise")


def pool_ended(name: str) -> None:
    """A pool is gone for good: its gauges say so. They stay, as several processes' gauges cannot be removed."""
    QUEUE_DEPTH.labels(name).set(0)
    REPLICAS.labels(name).set(0)
    for kind in ("ram", "vram"):
        ENGINE_MEMORY_BYTES.labels(name, kind).set(0)


def observe_refusal(code: str) -> None:
    """Count an answer by the ``code`` of its error, if that is a refusal which the wires give.

    What the scheduler refuses, ``busy`` and ``deadline``, it counts itself: a batch may ask it again for an item.
    """
    if code in _REFUSED_BY_WIRES:
        REFUSALS.labels(_REFUSED_BY_WIRES[code]).inc()


@contextmanager
def exposed(host: str, port: int) -> Iterator[None]:
    """Answer ``GET /metrics`` on a port of its own, for a server that has no HTTP; nothing where the port is 0.

    Raises:
        OSError: the address cannot be bound.
    """
    if not port:
        yield
        return
    server, thread = start_http_server(port, host, REGISTRY)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def render() -> tuple[bytes, str]:
    """All collectors in the exposition format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
