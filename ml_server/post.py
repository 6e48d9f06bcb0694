"""Who works in a slot: a replica, and the one that takes over from it once it is worn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ml_server import logs
from ml_server.keeper import ReplicaKeeper
from ml_server.replicas import Replica


class Post:
    """Holds one replica, and a successor while that loads. All methods belong to one event loop.

    A successor takes over as soon as it is warm: at once if the worn replica has nothing to do, else after its call. It
    must not wait for the next request, or the memory of both would be held until there is one.

    Args:
        name: of the engine, for the log.
        keeper: of the pool.
    """

    def __init__(self, name: str, keeper: ReplicaKeeper) -> None:
        self._keeper = keeper
        self._log = logs.get_logger("ml_server.post").bind(engine=name)
        self._holder: Replica | None = None
        self._calls = 0
        self._working = False
        self._successor: asyncio.Task[Replica] | None = None

    async def fill(self, reason: str) -> None:
        """End the replica that holds the post, if any, and wait until another one is warm.

        Args:
            reason: see :meth:`ReplicaKeeper.bring_up`; unless a successor is on its way already.
        """
        self._retire()
        coming, self._successor = self._successor, None
        self._hold(await (coming if coming is not None else self._keeper.bring_up(reason)))

    @contextmanager
    def at_work(self) -> Iterator[Replica]:
        """The replica, for one call; it keeps the post meanwhile."""
        assert self._holder is not None
        self._working = True
        try:
            yield self._holder
        finally:
            self._working = False
            self._calls += 1

    def renew(self) -> None:
        """After a call that went well: let a successor that is warm take over, or have one brought up if it is time."""
        if self._successor is not None:
            self._take_over(self._successor)
        elif self._holder is not None and self._keeper.worn(self._holder, self._calls):
            self._successor = asyncio.create_task(self._keeper.bring_up("recycle", instead_of=self._holder))
            self._successor.add_done_callback(self._take_over)

    def leave(self) -> None:
        """End the replica and its successor."""
        if self._successor is not None and not self._successor.cancel():
            self._take_over(self._successor)
        self._successor = None
        self._retire()

    def _take_over(self, successor: asyncio.Task[Replica]) -> None:
        if successor is not self._successor or self._working or not successor.done():
            return
        self._successor = None
        if successor.cancelled():
            return
        if (error := successor.exception()) is not None:  # a fault of ours; the next call asks for another one
            self._log.error("successor_failed", error=f"{type(error).__name__} {error}".rstrip())
            return
        self._retire()
        self._hold(successor.result())

    def _hold(self, replica: Replica) -> None:
        self._holder, self._calls = replica, 0

    def _retire(self) -> None:
        if self._holder is not None:
            self._keeper.retire(self._holder)
        self._holder = None
