"""How many bytes of request bodies the server holds at once, over both wires: in memory, and on its temporary disk.

A body takes its bytes before they are read where their number is known, else as they come, and gives them back when
its request needs them no more. One that does not fit is refused: too many uploads cost their callers a 429, and not the
server its memory. What a body has declared and not sent counts for its first seconds only, so that slow uploads have
what they have sent. A quarter of the memory is for small bodies alone.
"""

from __future__ import annotations

from types import TracebackType

from ml_server.allowance import Allowance, Share
from ml_server.freed_memory import return_freed_memory
from ml_server.settings import Settings

BODY_SLACK = 2**20
"""Bytes a request may have besides its files: the rest of a form, or of a gRPC message."""


_OWN_BLOCK = 2**22  # bytes; an ordinary page, of a megabyte or two, stays below
_KEPT = 2**24


def return_memory_of_bodies() -> None:
    """Have this process give memory back as bodies give back their room; else it keeps a multiple of it."""
    return_freed_memory(_OWN_BLOCK, _KEPT)


def memory_bytes(settings: Settings) -> int:
    """Bytes of bodies that may be in memory at once; never less than twice the largest body.

    Where the setting is empty: a fifth of a full queue of the largest images.
    """
    wanted = settings.body_memory_mb
    size = settings.queue_size * settings.max_image_bytes // 5 if wanted is None else wanted * 2**20
    return max(size, 2 * _largest(settings))


def disk_bytes(settings: Settings) -> int:
    """Bytes of bodies that may be on disk at once; never less than the largest body.

    Where the setting is empty: ten of the largest documents.
    """
    wanted = settings.body_disk_mb
    size = 10 * settings.max_document_bytes if wanted is None else wanted * 2**20
    return max(size, _largest(settings))


def _largest(settings: Settings) -> int:
    return max(settings.max_document_bytes, settings.max_image_bytes) + BODY_SLACK


class BodyBudget:
    """What the bodies of all requests may have together.

    Args:
        settings: ``body_memory_mb``, ``body_disk_mb``, and the limits they are made of where they are empty.
    """

    def __init__(self, settings: Settings) -> None:
        memory = memory_bytes(settings)
        self.memory = Allowance("memory", memory, memory // 4)
        self.disk = Allowance("disk", disk_bytes(settings))

    def body(self) -> Body:
        """The body of a new request, which has nothing yet."""
        return Body(self)


class Body:
    """What the body of one request has: a context manager that gives it all back.

    Args:
        budget: of all.

    Attributes:
        memory: what a wire has read of it.
        disk: what has been spooled of it.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self.memory = Share(budget.memory)
        self.disk = Share(budget.disk)
        self._budget = budget
        self._parts: set[Share] = set()

    def __enter__(self) -> Body:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def part(self) -> Share:
        """A share of memory for one of several messages of this request, until it is :meth:`answered`."""
        part = Share(self._budget.memory)
        self._parts.add(part)
        return part

    def answered(self, part: Share) -> None:
        """That message is needed no more."""
        part.give_back()
        self._parts.discard(part)

    def spooled(self, size: int) -> None:
        """So many bytes are on disk now, and no longer in memory; never fewer than before.

        Raises:
            ServerBusy: there is no room for them on disk.
        """
        more = size - self.disk.come
        if more > 0:
            self.disk.add(more)
            self.memory.drop(more)

    def give_back(self) -> None:
        """The request needs no byte of it any more."""
        for share in (self.memory, self.disk, *self._parts):
            share.give_back()
