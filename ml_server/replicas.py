"""Processes that hold one worker each: start, warm, call, kill; and the inline twin with the same face.

A replica is a ProcessPoolExecutor of one process (spawned, so that it inherits no thread, lock or socket). Ending it
frees its memory and VRAM for certain. Nothing else ever touches the worker inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, process
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import psutil

from ml_server import child, logs
from ml_server.memory import Growth
from ml_server.workers import Worker, WorkerStats

T = TypeVar("T")
MakeWorker = Callable[[], Worker]
"""Builds the worker; picklable, called inside the replica's process."""
Room = Callable[[], AbstractAsyncContextManager[None]]
"""What a process is started in: frees memory for it, and sees whether that was enough."""


_EXECUTOR_ENDS_S = 5.0


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

    @property
    def pid(self) -> int | None:
        """Id of its own process, once that is up; None where it has none."""

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

    def grown(self, calls: int) -> bool:
        """Whether it holds so much more memory, after ``calls`` calls, that a fresh one should take its place."""

    def close(self) -> None:
        """End it, whatever it is doing. Does not wait."""


class ProcessReplica:
    """A worker in a process of its own.

    Args:
        make: builds the worker there.
        log_level: of the process's own log lines.
        log_format: ``json`` or ``console``.
        environment: variables that are set before the worker is built and its libraries are loaded.
        growth: see :class:`Growth`.
        room: entered before the process is started, left when it is warm or has failed.
    """

    def __init__(
        self,
        make: MakeWorker,
        log_level: str = "INFO",
        log_format: str = "json",
        *,
        environment: Mapping[str, str] | None = None,
        growth: float = 0.0,
        room: Room = contextlib.nullcontext,
    ) -> None:
        self._make = make
        self._room = room
        self._growth = Growth(growth)
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=child.settle_in,
            initargs=(dict(environment or {}), log_level, log_format),
        )
        self._process: psutil.Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id, once it is up."""
        return self._process.pid if self._process else None

    async def start(self, timeout_s: float) -> WorkerStats:
        """See Replica."""
        async with self._room():
            return await self._start(timeout_s)

    async def _start(self, timeout_s: float) -> WorkerStats:
        pid = await self._within(self._executor.submit(os.getpid), timeout_s)
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess as error:
            raise ReplicaDied from error
        await self._within(self._executor.submit(child.build, self._make), timeout_s)
        stats: WorkerStats = await self.call("warm_up", timeout_s=timeout_s)
        return stats

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        """See Replica."""
        try:
            future = self._executor.submit(child.call, logs.current_request_id(), method, args)
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

    def grown(self, calls: int) -> bool:
        """See Replica."""
        return self._process is not None and self._growth.beyond(self._process.pid, calls)

    def close(self) -> None:
        """See Replica."""
        if self._process is not None and not self._closed:
            self._closed = True
            # Its number may be another's by now, a thread's even; psutil compares the start times first.
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)


class InlineReplica:
    """The same worker in this process, on one thread of its own; a call that hangs cannot be killed."""

    def __init__(self, make: MakeWorker) -> None:
        self._make = make
        self._executor: Executor = ThreadPoolExecutor(max_workers=1)
        self._worker: Worker | None = None

    @property
    def pid(self) -> int | None:
        """None: it has no process of its own."""
        return None

    async def start(self, timeout_s: float) -> WorkerStats:
        """See Replica; the limit is not enforced."""
        loop = asyncio.get_running_loop()
        self._worker = await loop.run_in_executor(self._executor, self._make)
        return await loop.run_in_executor(self._executor, self._worker.warm_up)

    async def call(self, method: str, *args: Any, timeout_s: float) -> Any:
        """See Replica; the limit is not enforced."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, getattr(self._worker, method), *args)

    def grown(self, calls: int) -> bool:
        """Never: it would be replaced by another one in the same process."""
        return False

    def close(self) -> None:
        """See Replica."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def let_executors_end() -> None:
    """Wait for the threads that watch closed replicas: the interpreter, ending just then, would write to them."""
    for thread in threading.enumerate():
        if isinstance(thread, process._ExecutorManagerThread):
            thread.join(_EXECUTOR_ENDS_S)
