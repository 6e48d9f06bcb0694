"""Decoded pages on their way from a decoder to an engine: written once, and mapped where they are read.

A page of A4 at 200 dpi is 12 MB, which two pipes and the server between them would copy six times. So the decoder
:meth:`parks <Parking.park>` it in shared memory; what is sent is a name. In the server that is unpickled as a
:class:`HeldPage`, whose file is given back when nobody refers to it any more, and a held page that is sent on, as the
:class:`Page` itself. Where there is no shared memory, or no room in it, pages are sent as they are.

A decoder writes its next page into a file that was given back: to get fresh memory from the system costs several times
what copying a page does.
"""

from __future__ import annotations

import math
import mmap
import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_server import shared_files
from ml_server.document import Page

_MOST_KEPT = 2
_LARGEST_KEPT = 2**25
"""Files that a decoder keeps for its next pages, and their bytes: an A4 page at 300 dpi has 26 million."""

Shape = tuple[int, ...]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """What a decoder sends instead of a page; arrives as a :class:`HeldPage`.

    Attributes:
        path: of the file with the pixels.
        shape: of the pixels.
        number: see :class:`Page`.
    """

    path: str
    shape: Shape
    number: int

    def __reduce__(self) -> tuple[Callable[..., HeldPage], tuple[Any, ...]]:
        return hold, (self.path, self.shape, self.number)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class HeldPage:
    """A parked page in the server, which passes it on without looking at it; arrives as a :class:`Page`.

    Its file is given back with the object.
    """

    path: str
    shape: Shape
    number: int

    def __reduce__(self) -> tuple[Callable[..., Page], tuple[Any, ...]]:
        return _mapped, (self.path, self.shape, self.number)


class Parking:
    """Where one decoder's process parks its pages."""

    def __init__(self) -> None:
        self._files: dict[str, Bytes] = {}  # mapped, by path

    def park(self, page: Page) -> Page | ParkedPage:
        """Write a page to shared memory; the page itself where it is small, or where that cannot be done."""
        needed = page.pixels.nbytes
        if needed < shared_files.WORTH_IT:
            return page
        again = self._again(needed)
        if again:
            np.copyto(self._files[again][:needed], page.pixels.reshape(-1))
            return ParkedPage(again, page.pixels.shape, page.number)
        path = shared_files.new_path(os.getppid())
        if not shared_files.write(path, page.pixels.data.cast("B")):
            return page
        if needed <= _LARGEST_KEPT:
            with open(path, "r+b") as file:
                self._files[path] = np.frombuffer(mmap.mmap(file.fileno(), needed), np.uint8)
        return ParkedPage(path, page.pixels.shape, page.number)

    def _again(self, needed: int) -> str:
        """A file that was given back and is large enough, if there is one; those that are too many are removed."""
        found, kept = "", 0
        for path, content in list(self._files.items()):
            if not shared_files.take_back(path):
                if not shared_files.exists(path):
                    del self._files[path]
            elif not found and needed <= len(content):
                found = path
            elif kept < _MOST_KEPT:
                kept += 1
                shared_files.give_back(path)
            else:
                os.unlink(path)
                del self._files[path]
        return found


def hold(path: str, shape: Shape, number: int) -> HeldPage:
    """Take over a parked page: its file is given back with the object that is returned."""
    lock = shared_files.lock(path)
    page = HeldPage(path, shape, number)
    weakref.finalize(page, _release, path, math.prod(shape), lock)
    return page


def _mapped(path: str, shape: Shape, number: int) -> Page:
    with open(path, "rb") as file:
        # Private: an engine that writes into its page changes nobody else's.
        pixels = mmap.mmap(file.fileno(), math.prod(shape), access=mmap.ACCESS_COPY)
    return Page(np.frombuffer(pixels, np.uint8).reshape(shape), number)


def _release(path: str, size: int, lock: int) -> None:
    if lock >= 0:
        os.close(lock)
    if size <= _LARGEST_KEPT:
        shared_files.give_back(path)
    else:
        Path(path).unlink(missing_ok=True)
