"""Documents on their way from the server to a decoder: written once, however many of their pages are decoded."""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_server import shared_files

_BLOCKS_NOBODY = 2**22
"""Bytes that are written while the event loop waits: a millisecond or two."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class SharedDocument:
    """A document in shared memory. Arrives in another process as its bytes; its file is removed with the object."""

    path: str

    def __reduce__(self) -> tuple[Callable[[str], bytes], tuple[str]]:
        return _read, (self.path,)


async def share(data: bytes) -> bytes | SharedDocument:
    """Put a document where other processes can read it; the bytes where they are few, or where that cannot be done."""
    if len(data) < shared_files.WORTH_IT:
        return data
    path = shared_files.new_path(os.getpid())
    view = memoryview(data)
    written = (
        shared_files.write(path, view)
        if len(data) <= _BLOCKS_NOBODY
        else await asyncio.to_thread(shared_files.write, path, view)
    )
    if not written:
        return data
    document = SharedDocument(path)
    weakref.finalize(document, _remove, path, shared_files.lock(path))
    return document


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _remove(path: str, lock: int) -> None:
    Path(path).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.close(lock)
