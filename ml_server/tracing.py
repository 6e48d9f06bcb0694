"""OpenTelemetry spans, where they are asked for: one for each request, and below it one for each stage.

Without an endpoint nothing of OpenTelemetry is imported and a span costs one comparison. A request's span continues the
trace its caller has sent (W3C ``traceparent``). Where to, how often and under what name spans are sent is up to
OpenTelemetry's own variables, ``OTEL_…``, but for the address.

Stages are recorded when they are over: where the time went is known only then, and much of it passes in a queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ml_server import __version__, logs

Attribute = str | int | float | bool

_INSTALL = "pip install 'ml_server[otel]'"
_TRACES_PATH = "/v1/traces"
_LAST_SEND_S = 2.0  # a collector that is gone must not keep a server from ending

_provider: Any = None  # opentelemetry.sdk.trace.TracerProvider
_tracer: Any = None
_request: ContextVar[Any] = ContextVar("ml_server_request_span", default=None)


def configure(endpoint: str) -> None:
    """Send the spans of this process to a collector; call once, from an entry point.

    A server without traces is better than none: where the exporter is not installed, that is logged.

    Args:
        endpoint: of OTLP over HTTP, as ``http://collector:4318``; with a path, it is the whole address. Empty for no
            traces.
    """
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        logs.get_logger(__name__).error("tracing_unavailable", error=str(error), install=_INSTALL)
        return
    _, _, rest = endpoint.partition("://")
    path = rest.partition("/")[2]
    send_to(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint if path else endpoint.rstrip("/") + _TRACES_PATH)))


def send_to(processor: Any) -> None:
    """Give every span to a ``SpanProcessor`` from now on."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider

    global _provider, _tracer
    named = Resource.create({"service.name": "ml_server", "service.version": __version__})
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    _provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("ml_server", __version__)


def shut_down() -> None:
    """Send what has not been sent, if the collector takes it soon, and record nothing more."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SEND_S)


@contextmanager
def server_span(name: str, headers: Mapping[str, str], attributes: Mapping[str, Attribute]) -> Iterator[None]:
    """The span of a request; what is recorded inside, in this task and those it starts, is below it.

    Args:
        name: from a closed set.
        headers: or metadata, names in lower case; where the caller's trace context is.
        attributes: of bounded size.
    """
    if _tracer is None:
        yield
        return
    from opentelemetry import propagate, trace

    span = _tracer.start_span(
        name, propagate.extract(headers), kind=trace.SpanKind.SERVER, attributes={**attributes}, record_exception=False
    )
    token = _request.set(span)
    try:
        with logs.bind_trace_id(trace.format_trace_id(span.get_span_context().trace_id)):
            yield
    finally:
        _request.reset(token)
        span.end()


def describe(attributes: Mapping[str, Attribute], *, fault: bool) -> None:
    """Add to the request's span how the request ended.

    Args:
        attributes: of bounded size.
        fault: whether the server is to blame, so that the span counts as an error.
    """
    span = _request.get()
    if span is None:
        return
    from opentelemetry.trace import StatusCode

    span.set_attributes(attributes)
    if fault:
        span.set_status(StatusCode.ERROR)


def record(name: str, began_s: float, ended_s: float = 0.0, **attributes: Attribute) -> None:
    """A stage of the current request as a span.

    Args:
        name: of the stage.
        began_s: how many seconds ago it began.
        ended_s: how many seconds ago it was over.
        **attributes: of bounded size.
    """
    span = _request.get()
    if span is None or _tracer is None:
        return
    from opentelemetry import trace

    now = time.time_ns()
    stage = _tracer.start_span(
        name, trace.set_span_in_context(span), attributes=attributes, start_time=now - int(began_s * 1e9)
    )
    stage.end(now - int(ended_s * 1e9))
