"""Memory that is freed goes back to the system, instead of staying with a process that once needed a lot."""

from __future__ import annotations

import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def return_freed_memory(block: int, kept: int) -> None:
    """Fix what glibc otherwise raises by itself with every large block that is freed: up to 32 MB and 64 MB.

    See mallopt(3); the numbers of the parameters are in malloc.h. Nothing to do without glibc.

    Args:
        block: bytes from which on a block is mapped by itself, and gone when it is freed.
        kept: bytes at the top of a heap that stay.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, block)
        mallopt(_M_TRIM_THRESHOLD, kept)
