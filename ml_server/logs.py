"""Structured logs: one JSON object a line (or a coloured line for people), each with the request id where there is one.

structlog renders our own lines and, through :class:`structlog.stdlib.ProcessorFormatter`, those of every library that
logs with the standard library, so that a log collector meets one format only.
"""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import Processor

REQUEST_ID = "request_id"
TRACE_ID = "trace_id"
LONGEST_REQUEST_ID = 128


def configure(level: str = "INFO", style: str = "json") -> None:
    """Set up logging for this process; call once, from an entry point.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        style: ``json`` or ``console``.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    if style != "json":
        shared.remove(structlog.processors.format_exc_info)  # the console renderer prints exceptions better
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry what is bound to the current context."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def new_request_id() -> str:
    """A fresh id, 32 hexadecimal digits."""
    return uuid.uuid4().hex


def is_request_id(text: str) -> bool:
    """Whether a caller's id is fit for a header and a log line: printable ASCII, 1 to LONGEST_REQUEST_ID characters."""
    return 0 < len(text) <= LONGEST_REQUEST_ID and text.isascii() and text.isprintable()


@contextmanager
def bind_request_id(request_id: str) -> Iterator[None]:
    """Every line logged inside, in this task and those it starts, carries ``request_id``."""
    with structlog.contextvars.bound_contextvars(**{REQUEST_ID: request_id}):
        yield


@contextmanager
def bind_trace_id(trace_id: str) -> Iterator[None]:
    """As :func:`bind_request_id`, for the trace that the request belongs to."""
    with structlog.contextvars.bound_contextvars(**{TRACE_ID: trace_id}):
        yield


def current_request_id() -> str:
    """The id bound to the current context, or an empty string."""
    return str(structlog.contextvars.get_contextvars().get(REQUEST_ID, ""))
