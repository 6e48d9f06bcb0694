"""What is seen of a request on its way through either wire: numbers for the metrics, spans for the traces."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from ml_server import metrics, tracing
from ml_server.tracing import Attribute


class Observation:
    """One request.

    Args:
        wire: ``http`` or ``grpc``.
        method: route template or RPC name; ``unknown`` for anything else.

    Attributes:
        engine: that reads for it, once one has been picked.
    """

    def __init__(self, wire: str, method: str) -> None:
        self.engine = metrics.NO_ENGINE
        self._wire = wire
        self._method = method
        self._began = time.perf_counter()

    def picked(self, engine: str) -> None:
        """An engine has been picked for the request, or for one of its items."""
        self.engine = engine if self.engine in (metrics.NO_ENGINE, engine) else metrics.SEVERAL_ENGINES

    def seconds(self, ended_at: float = 0.0) -> float:
        """How long it has taken, until now or until a time of ``time.perf_counter()``."""
        return (ended_at or time.perf_counter()) - self._began

    def answered(
        self, code: str, attributes: Mapping[str, Attribute], *, error_code: str = "", fault: bool, seconds: float
    ) -> None:
        """Count it.

        Args:
            code: HTTP status or gRPC code name.
            attributes: of its span, as the wire calls the code.
            error_code: of our error table; empty where there is none.
            fault: whether the server is to blame.
            seconds: from its beginning to its answer.
        """
        metrics.REQUESTS.labels(self._wire, self._method, self.engine, code).inc()
        metrics.REQUEST_SECONDS.labels(self._wire, self._method).observe(seconds)
        metrics.observe_refusal(error_code)
        error = {"error.type": error_code} if error_code else {}
        tracing.describe({"ml_server.engine": self.engine, **attributes, **error}, fault=fault)


_current: ContextVar[Observation | None] = ContextVar("ml_server_observation", default=None)


@contextmanager
def observed(
    wire: str, method: str, span: str, headers: Mapping[str, str], attributes: Mapping[str, Attribute]
) -> Iterator[Observation]:
    """A request is being answered inside, in this task and those it starts.

    Args:
        wire: ``http`` or ``grpc``.
        method: route template or RPC name; ``unknown`` for anything else.
        span: name of its span; empty for a probe, which has none and does not count as in flight.
        headers: or metadata, names in lower case.
        attributes: of its span.
    """
    seen = Observation(wire, method)
    token = _current.set(seen)
    try:
        if not span:
            yield seen
            return
        with metrics.IN_FLIGHT.labels(wire).track_inprogress(), tracing.server_span(span, headers, attributes):
            yield seen
    finally:
        _current.reset(token)


def picked(engine: str) -> None:
    """Note the engine of the current request, if there is one."""
    seen = _current.get()
    if seen is not None:
        seen.picked(engine)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """A stage of the current request that runs inside."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seen = _current.get()
        passed(name, seen.engine if seen is not None else metrics.NO_ENGINE, time.perf_counter() - began)


def passed(name: str, engine: str, seconds: float) -> None:
    """A stage of the current request is over now.

    Args:
        name: of the stage.
        engine: from a closed set.
        seconds: it took.
    """
    metrics.STAGE_SECONDS.labels(name, engine).observe(seconds)
    tracing.record(name, seconds)
