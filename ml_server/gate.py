"""The door of the server: open while pages can be read, and it knows when those let in have left."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ml_server import metrics
from ml_server.errors import MLServerError, NotReady
from ml_server.scheduler import Pool

_POLL_S = 0.5
_PATIENCE_S = 30.0
"""How long a pool may be without a warm replica while its replacement loads, before the door closes. The line in front
of it fills meanwhile and nobody is refused; most engines load within a few seconds."""


class Gate:
    """Lets requests in, or says why not. All methods belong to one event loop.

    Args:
        hopeless_after_s: seconds for which a pool may fail to start before the server is given up.
    """

    def __init__(self, hopeless_after_s: float) -> None:
        self._hopeless_after_s = hopeless_after_s
        self._pools: Sequence[Pool] = ()
        self._no_default = ""
        self._opened = False
        self._closed = False
        self._bare_since: dict[Pool, float] = {}
        self._waking: dict[Pool, asyncio.Task[None]] = {}
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._hopeless = asyncio.Event()

    @property
    def state(self) -> str:
        """``starting``, ``ready``, ``stopping``, or ``failed`` while the default engine cannot read."""
        if self._closed:
            return "stopping"
        if self.reason:
            return "failed"
        return "ready" if self._opened else "starting"

    @property
    def reason(self) -> str:
        """Why the state is ``failed``; empty otherwise. It may pass: loading is tried again."""
        if self._no_default:
            return self._no_default
        for pool in self._pools:
            if (failure := pool.failure) is not None:
                return failure.message
            bare_s = time.monotonic() - self._bare_since.get(pool, math.inf)
            if self._opened and pool.bare and bare_s > _PATIENCE_S:
                return f"engine {pool.options.name} has had no process for {bare_s:.0f} s"
        return ""

    def check(self) -> None:
        """Refuse unless requests can be served.

        Raises:
            NotReady: says why, and when to try again.
        """
        match self.state:
            case "starting":
                raise NotReady("the server is starting: its default engine is still loading", retry_after_s=3)
            case "stopping":
                raise NotReady("the server is stopping", retry_after_s=5)
            case "failed":
                raise NotReady(f"the server's default engine does not start: {self.reason}", retry_after_s=30)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """A request that is let in; it is done when this is left, even if the door has been closed meanwhile.

        Raises:
            NotReady: see :meth:`check`.
        """
        self.check()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    def follow(self, *pools: Pool) -> None:
        """Make the state depend on these pools: without one of them no page can be read."""
        self._pools, self._no_default = pools, ""

    def give_up(self, reason: str) -> None:
        """There is no default engine and will be none."""
        self._no_default = reason

    def open(self) -> None:
        """Decoder and default engine are warm."""
        self._opened = True
        metrics.READY.set(self.state == "ready")

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True
        metrics.READY.set(0)

    async def emptied(self) -> None:
        """Wait until nobody is inside."""
        await self._empty.wait()

    async def watch(self) -> None:
        """Keep an eye on the pools until one has failed to start for too long."""
        failing_since: float | None = None
        while not self._hopeless.is_set():
            await asyncio.sleep(min(_POLL_S, self._hopeless_after_s / 2))
            now = time.monotonic()
            for pool in self._pools:
                if not pool.bare:
                    self._bare_since.pop(pool, None)
                    self._wake(pool)
                else:
                    self._bare_since.setdefault(pool, now)
            if self._opened:
                metrics.READY.set(self.state == "ready")
            failing = bool(self._no_default) or any(pool.failure is not None for pool in self._pools)
            failing_since = (failing_since or now) if failing else None
            if failing_since is not None and now - failing_since >= self._hopeless_after_s:
                self._hopeless.set()

    def _wake(self, pool: Pool) -> None:
        """Give a pool something to do if all its processes are dead: one that died idle is noticed by its next call."""
        under_way = self._waking.get(pool)
        if pool.pids and not any(map(_is_alive, pool.pids)) and (under_way is None or under_way.done()):
            self._waking[pool] = asyncio.create_task(_warm_up(pool))

    async def hopeless(self) -> str:
        """Wait for the end of :meth:`watch`; says why the default engine does not start."""
        await self._hopeless.wait()
        return self.reason


async def _warm_up(pool: Pool) -> None:
    try:
        with pool.admit() as permit:
            await pool.call(permit, asyncio.get_running_loop().time() + pool.options.load_timeout_s, "warm_up")
    except MLServerError:
        pass  # the pool knows, and so do those who ask it


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
