"""The vision-language engine on a stand-in for its model server, and pages for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from vlm_stand_in import StandIn

from ml_server.document import Page
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.vlm.options import VLMOptions
from ml_server.engines.vlm_engine import VLMEngine
from ml_server.languages import parse

KOREAN = ReadOptions(parse("korean"))


def page(width: int = 560, height: int = 280, number: int = 1) -> Page:
    """A white page."""
    return Page(np.full((height, width, 3), 255, dtype=np.uint8), number)


@contextmanager
def engine(server: StandIn, **options: Any) -> Iterator[VLMEngine]:
    """The engine on a server."""
    values: dict[str, Any] = {"url": server.url, "wait_s": 5.0, **options}
    made = VLMEngine(EngineConfig(parse("korean"), vlm=VLMOptions(**values)))
    try:
        yield made
    finally:
        made.close()
