"""Batches of pages in which one bad page fails alone, and which get smaller when memory does not suffice.

It runs inside an engine's process. Frameworks are looked at only where they are loaded already.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Generic, TypeVar

from ml_server import logs
from ml_server.errors import EngineFailed, MLServerError

In = TypeVar("In")
Out = TypeVar("Out")

IN_THE_LOG = "the server's log has the details under this request id"
"""Said instead of an exception's own text, which may show the inside of the server."""

_OUT_OF_MEMORY = (
    "out of memory",  # torch, paddle, CUDA itself
    "failed to allocate memory",  # onnxruntime's arena
    "_status_alloc_failed",  # cuBLAS, cuDNN
    "can't allocate memory",  # torch's CPU allocator
    "bad allocation",  # C++, through onnxruntime
    "bad_alloc",
)


def outcomes(run: Callable[[Sequence[In]], list[Out]], items: Sequence[In], who: str) -> list[Out | MLServerError]:
    """Run a batch; what fails gives its error in its place.

    A batch that raises is run again item by item. One that runs out of memory is run again in halves, after the
    framework's caches are freed, and a half that does so too item by item. Each item has its last try alone.

    Args:
        run: one result for each item, in order.
        items: any number.
        who: begins the message of a failure, as ``engine paddle``.

    Returns:
        As many as there are items, in their order. An MLServerError is a copy of the one that was raised; anything
        else becomes EngineFailed.
    """
    return _Batch(run, who).outcomes(items)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a framework says that host or device memory did not suffice, directly or as the cause of ``error``."""
    seen: BaseException | None = error
    while seen is not None:
        names = {kind.__name__ for kind in type(seen).__mro__}
        text = str(seen).lower()
        if names & {"MemoryError", "OutOfMemoryError"} or any(marker in text for marker in _OUT_OF_MEMORY):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@dataclass(frozen=True, slots=True)
class _Failed:
    """Attributes: what to tell the caller; whether memory was what was missing."""

    error: MLServerError
    starved: bool


class _Batch(Generic[In, Out]):
    def __init__(self, run: Callable[[Sequence[In]], list[Out]], who: str) -> None:
        self._run = run
        self._who = who

    def outcomes(self, items: Sequence[In]) -> list[Out | MLServerError]:
        found = self._attempt(items)
        if not isinstance(found, _Failed):
            return list(found)
        if not found.starved:
            return [found.error] if len(items) == 1 else self._one_by_one(items)
        logs.get_logger("ml_server.outcomes").warning("out_of_memory", who=self._who, pages=len(items))
        half = (len(items) + 1) // 2
        return [*self._half(items[:half]), *self._half(items[half:])]

    def _half(self, items: Sequence[In]) -> list[Out | MLServerError]:
        if len(items) > 1:
            found = self._attempt(items)
            if not isinstance(found, _Failed):
                return list(found)
        return self._one_by_one(items)

    def _one_by_one(self, items: Sequence[In]) -> list[Out | MLServerError]:
        every: list[Out | MLServerError] = []
        for index in range(len(items)):
            found = self._attempt(items[index : index + 1])
            every.append(found.error if isinstance(found, _Failed) else found[0])
        return every

    def _attempt(self, items: Sequence[In]) -> list[Out] | _Failed:
        """The results; memory that was missing has been freed as far as that goes when it returns."""
        try:
            found = self._run(items)
            if len(found) != len(items):
                raise EngineFailed(f"{self._who} gave {len(found)} results for {len(items)} pages")
            return found
        except Exception as error:
            failed = self._failed(error)
        if failed.starved:
            _free_caches()  # out here, where the traceback holds no tensors any more
        return failed

    def _failed(self, error: Exception) -> _Failed:
        # What a framework says of itself, paths and all, is for the log; callers are told what they can use.
        log = logs.get_logger("ml_server.outcomes").bind(who=self._who)
        if is_out_of_memory(error):
            log.exception("out_of_memory")
            return _Failed(EngineFailed(f"{self._who} has not enough memory for this page"), True)
        if isinstance(error, MLServerError):
            return _Failed(copy(error), False)  # a copy: the traceback of the error itself keeps the pages alive
        log.exception("engine_failed")
        return _Failed(EngineFailed(f"{self._who} failed on this page; {IN_THE_LOG}"), False)


def _free_caches() -> None:
    """Give back what the loaded frameworks keep for later."""
    gc.collect()
    torch, paddle = sys.modules.get("torch"), sys.modules.get("paddle")
    # A device that has just failed may refuse this too; the next try tells.
    if torch is not None:
        with contextlib.suppress(AttributeError, RuntimeError):
            torch.cuda.empty_cache()
    if paddle is not None:
        with contextlib.suppress(AttributeError, RuntimeError, ValueError):
            paddle.device.cuda.empty_cache()
