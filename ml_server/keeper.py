"""Keeps the replicas of a pool alive: brings them up, tries again when that fails, and knows whether any is warm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import copy

from ml_server import logs, metrics
from ml_server.errors import EngineFailed, MLServerError
from ml_server.jobs import PoolOptions
from ml_server.outcomes import is_out_of_memory
from ml_server.replicas import Replica

_RESTART_DELAYS_S = (0.0, 1.0, 5.0, 30.0)
"""Waits before a replica that does not come up is tried again; the last one repeats."""


class ReplicaKeeper:
    """The replicas of one pool, warm or on their way. All methods belong to one event loop.

    Args:
        options: see :class:`PoolOptions`.
        make_replica: a new replica for one of the pool's places, 0-based; not started.
        on_failure: called when a replica did not come up and no other is warm.
    """

    def __init__(
        self, options: PoolOptions, make_replica: Callable[[int], Replica], on_failure: Callable[[], None]
    ) -> None:
        self._options = options
        self._make_replica = make_replica
        self._on_failure = on_failure
        self._live: set[Replica] = set()
        self._places: dict[Replica, int] = {}
        self._first: asyncio.Future[None] | None = None
        self._failure: MLServerError | None = None
        self._log = logs.get_logger("ml_server.keeper").bind(engine=options.name)

    @property
    def live(self) -> frozenset[Replica]:
        """Replicas that are warm."""
        return frozenset(self._live)

    @property
    def failure(self) -> MLServerError | None:
        """Why no replica can be loaded, a fresh copy each time; None while one is warm or still on its way."""
        # A copy: a raised error keeps the frames it passed through, and with them the requests, alive.
        return copy(self._failure) if self._failure is not None and not self._live else None

    async def ready(self) -> None:
        """Wait until the first replica is warm.

        Raises:
            MLServerError: why it could not be loaded.
        """
        await asyncio.shield(self._future())

    def worn(self, replica: Replica, calls: int) -> bool:
        """Whether a replica is due for a fresh one in its place: after many calls, or because its memory has grown.

        Args:
            replica: one that is warm.
            calls: it has answered so far.
        """
        most = self._options.recycle_after
        if most and calls >= most:
            return True
        if replica.grown(calls):
            self._log.warning("replica_grown", pid=replica.pid, calls=calls)
            return True
        return False

    async def bring_up(self, reason: str, instead_of: Replica | None = None) -> Replica:
        """Start a replica, again and again until one is warm.

        Args:
            reason: ``start``, ``crash``, ``hang`` or ``recycle``; for logs and metrics.
            instead_of: one that still works and whose place, and with it its GPU, the new one is to have; without, it
                has the first free place.
        """
        kept = self._places.get(instead_of) if instead_of is not None else None
        for attempt in range(10**9):
            await asyncio.sleep(_RESTART_DELAYS_S[min(attempt, len(_RESTART_DELAYS_S) - 1)])
            place = self._free_place() if kept is None else kept
            replica = self._make_replica(place)
            self._places[replica] = place
            metrics.REPLICA_STARTS.labels(self._options.name, reason).inc()
            try:
                stats = await replica.start(self._options.load_timeout_s)
            except BaseException as error:
                replica.close()
                del self._places[replica]
                if not isinstance(error, Exception):
                    raise
                self._note_failure(error)
                continue
            self._live.add(replica)
            self._failure = None
            metrics.REPLICAS.labels(self._options.name).set(len(self._live))
            self._log.info("replica_ready", pid=stats.pid, reason=reason)
            self._tell_ready()
            return replica
        raise AssertionError("unreachable")

    def retire(self, replica: Replica) -> None:
        """End a replica, whatever it is doing."""
        replica.close()
        self._live.discard(replica)
        self._places.pop(replica, None)
        metrics.REPLICAS.labels(self._options.name).set(len(self._live))

    def close(self) -> None:
        """End all of them, and the waiting for the first. The next :meth:`bring_up` begins anew."""
        for replica in self.live:
            self.retire(replica)
        if self._first is not None and not self._first.done():
            self._first.cancel()
        self._first, self._failure = None, None

    def _free_place(self) -> int:
        taken = set(self._places.values())
        return next(place for place in range(len(taken) + 1) if place not in taken)

    def _future(self) -> asyncio.Future[None]:
        if self._first is None:
            self._first = asyncio.get_running_loop().create_future()
        return self._first

    def _tell_ready(self) -> None:
        if self._future().done():
            self._first = asyncio.get_running_loop().create_future()
        self._future().set_result(None)

    def _note_failure(self, error: Exception) -> None:
        self._log.error("replica_failed", error=f"{type(error).__name__} {error}".rstrip())
        known = error if isinstance(error, MLServerError) else None
        said = "has not enough memory to start" if is_out_of_memory(error) else "does not start"
        self._failure = known or EngineFailed(f"engine {self._options.name} {said}; the server's log says why")
        if self._live:
            return
        if not self._future().done():
            self._future().set_exception(copy(self._failure))
            self._future().exception()  # marks it seen: nobody may be waiting
        self._on_failure()
