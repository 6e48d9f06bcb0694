"""Which small pages are read enlarged: where it was measured to read better, see docs/bulk.md."""

from __future__ import annotations

from typing import Final

from ml_server.bulk.options import SMALL_PIXELS
from ml_server.settings import Settings

_HELPED: Final = frozenset({"tesseract"})
"""Engines that read small pages better when they are enlarged."""


def enlarge_below(wanted: bool | None, settings: Settings) -> int:
    """Pixels up to which pages are read enlarged; 0 for none.

    Args:
        wanted: as the user says; None for what was measured.
        settings: for the engine; ``auto`` is taken for one that does not need it.
    """
    if wanted is None:
        wanted = settings.engine in _HELPED
    return SMALL_PIXELS if wanted else 0
