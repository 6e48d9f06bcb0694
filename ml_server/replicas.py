"""Processes that hold one worker each: start, warm, call, kill; and the inline twin with the same face.

A replica is a ProcessPoolExecutor of one process (spawned, so that it inherits no thread, lock or socket). Ending it
frees its memory and VRAM for certain. Nothing else ever touches the worker inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Protocol, TypeVar

from ml_server import logs
from ml_server.workers import Worker, WorkerStats

T = TypeVar("T")
MakeWorker = Callable[[], Worker]
"""Builds the worker; picklable, called inside the replica's process."""


class ReplicaDied(Exception):
    """The process ended.

    Args:
        before: it was dead before it was asked, so what it was asked is not to blame.
    """

    def __init__(self, *, before: bool = False) -> None:
        super().__init__()
        self.before = before


class ReplicaHung(Exception):
    """No answer within the hard limit; the process has been killed."""


class Replica(Protocol):
    """One worker, reachable from the event loop; one call at a time."""

    async def start(self, timeout_s: float) -> WorkerStats:
        """Build and warm up the worker.

        Raises:
            MLServerError: as the worker's constructor or warm-up raised.
            ReplicaDied: the process ended meanwhile.
            ReplicaHung: not warm after ``timeout_s`` seconds.
        """

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        """Call a method of the worker.

        Raises:
            ReplicaDied: the process ended before it answered.
            ReplicaHung: no answer after ``timeout_s`` seconds; the process has been killed.
            Exception: what the method raised.
        """

    def close(self) -> None:
        """End it, whatever it is doing. Does not wait."""


class ProcessReplica:
    """A worker in a process of its own.

    Args:
        make: builds the worker there.
        log_level: of the process's own log lines.
        log_format: ``json`` or ``console``.
    """

    def __init__(self, make: MakeWorker, log_level: str = "INFO", log_format: str = "json") -> None:
        self._make = make
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_settle_in,
            initargs=(log_level, log_format),
        )
        self._pid: int | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id, once it is up."""
        return self._pid

    async def start(self, timeout_s: float) -> WorkerStats:
        """See Replica."""
        self._pid = await self._within(self._executor.submit(os.getpid), timeout_s)
        await self._within(self._executor.submit(_build, self._make), timeout_s)
        stats: WorkerStats = await self.call("warm_up", timeout_s=timeout_s)
        return stats

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        """See Replica."""
        try:
            future = self._executor.submit(_call, logs.current_request_id(), method, args)
        except BrokenProcessPool as error:
            raise ReplicaDied(before=True) from error
        return await self._within(future, timeout_s)

    async def _within(self, future: Future[T], timeout_s: float) -> T:
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if future.done() and not future.cancelled():
                raise  # the worker's own TimeoutError
            self.close()
            raise ReplicaHung from error
        except BrokenProcessPool as error:
            raise ReplicaDied from error

    def close(self) -> None:
        """See Replica."""
        if self._pid is not None and not self._closed:
            self._closed = True  # once only: the number may belong to another process later
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._executor.shutdown(wait=False, cancel_futures=True)


class InlineReplica:
    """The same worker in this process, on one thread of its own; a call that hangs cannot be killed."""

    def __init__(self, make: MakeWorker) -> None:
        self._make = make
        self._executor: Executor = ThreadPoolExecutor(max_workers=1)
        self._worker: Worker | None = None

    async def start(self, timeout_s: float) -> WorkerStats:
        """See Replica; the limit is not enforced."""
        loop = asyncio.get_running_loop()
        self._worker = await loop.run_in_executor(self._executor, self._make)
        return await loop.run_in_executor(self._executor, self._worker.warm_up)

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        """See Replica; the limit is not enforced."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, getattr(self._worker, method), *args)

    def close(self) -> None:
        """See Replica."""
        self._executor.shutdown(wait=False, cancel_futures=True)


# What follows runs inside the process.

_worker: Worker | None = None


def _settle_in(log_level: str, log_format: str) -> None:
    """Leave signals to the server, die with it, log like it."""
    # Ctrl-C and supervisors signal the whole family; a replica must finish its page while the server drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A ProcessPoolExecutor's process holds both ends of its queue and would outlive a killed parent for ever.
        def follow(sentinel: int = parent.sentinel) -> None:
            wait([sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
    logs.configure(log_level, log_format)


def _build(make: MakeWorker) -> None:
    global _worker
    _worker = make()


def _call(request_id: str, method: str, args: tuple[Any, ...]) -> Any:
    with logs.bind_request_id(request_id):
        return getattr(_worker, method)(*args)
