"""What is tried again and what is not: files, as a bucket that refuses must not end a night's run, and pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from ml_server.errors import (
    DeadlineExceeded,
    EngineCrashed,
    EngineFailed,
    EngineUnavailable,
    MLServerError,
    NotReady,
    ServerBusy,
    Unauthenticated,
    UnknownEngine,
    UnsupportedLanguage,
)

T = TypeVar("T")

FINAL: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError, MLServerError)
"""What another attempt at a file does not change."""

RETRIED: Final = (ServerBusy, NotReady, DeadlineExceeded, EngineFailed, EngineCrashed)
"""What another attempt at a page may change."""

ENDS_THE_RUN: Final = (EngineUnavailable, Unauthenticated, UnknownEngine, UnsupportedLanguage)
"""Errors that every other document would meet, too."""

_BACKOFF = wait_exponential(multiplier=0.25, max=30) + wait_random(0, 0.5)


async def retried(work: Callable[[], T], retries: int) -> T:
    """Do it in a thread, and again where that may help, with growing pauses.

    Args:
        work: blocks.
        retries: attempts after the first.

    Raises:
        Exception: what ``work`` raised the last time.
    """

    async def once() -> T:
        return await asyncio.to_thread(work)

    return await AsyncRetrying(sleep=asyncio.sleep, **_with_files(retries))(once)


def retried_here(work: Callable[[], T], retries: int) -> T:
    """The same in this thread; for no event loop's."""
    return Retrying(**_with_files(retries))(work)


def _with_files(retries: int) -> dict[str, Any]:
    return {
        "retry": retry_if_exception(lambda error: isinstance(error, Exception) and not isinstance(error, FINAL)),
        "stop": stop_after_attempt(retries + 1),
        "wait": wait_exponential(multiplier=0.5, max=20) + wait_random(0, 0.5),
        "reraise": True,
    }


def said(error: BaseException) -> str:
    """What an exception says, in one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:300] or type(error).__name__


def reading(retries: int, attempt: Callable[[int], None]) -> AsyncRetrying:
    """Reads a page, and again where that may help, with growing pauses.

    Args:
        retries: attempts after the first.
        attempt: told the number of each, from 1.
    """
    return AsyncRetrying(
        sleep=asyncio.sleep,
        before=lambda state: attempt(state.attempt_number),
        retry=retry_if_exception_type(RETRIED),
        stop=stop_after_attempt(retries + 1),
        wait=_pause,
        reraise=True,
    )


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: never fewer than a server asked for."""
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, MLServerError) else None
    return max(told or 0.0, _BACKOFF(state))
