"""When a call is tried again: what failed because of the moment and not because of the request.

That is a full queue (429, RESOURCE_EXHAUSTED) and a server that cannot be reached, starts or stops (503, UNAVAILABLE).
Reading a page changes nothing on the server, so trying again is always safe.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    stop_never,
    wait_exponential,
    wait_random,
)

from ml_server.clients.calls import Call
from ml_server.errors import DeadlineExceeded, MLServerError, NotReady, ServerBusy

_log = logging.getLogger(__name__)

# 0.25, 0.5, 1, … seconds, each with up to half a second more, so that callers who were refused together come back
# one by one: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_BACKOFF = wait_exponential(multiplier=0.25, max=10) + wait_random(0, 0.5)
_POLLING = wait_exponential(multiplier=0.1, max=1) + wait_random(0, 0.1)


def retrying(retries: int, call: Call) -> Retrying:
    """For blocking calls: at most ``retries`` more attempts, none that could only begin after the deadline."""
    return Retrying(**_policy(retries, call))


def async_retrying(retries: int, call: Call) -> AsyncRetrying:
    """The same for coroutines."""
    return AsyncRetrying(sleep=asyncio.sleep, **_policy(retries, call))


def polling(call: Call) -> Retrying:
    """For asking whether a server is ready until it is or the deadline comes."""
    return Retrying(**_patience(call))


def async_polling(call: Call) -> AsyncRetrying:
    """The same for coroutines."""
    return AsyncRetrying(sleep=asyncio.sleep, **_patience(call))


def _policy(retries: int, call: Call) -> dict[str, Any]:
    def log(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        _log.warning(
            "request %s: attempt %d of %d failed (%s); the next one in %.2f s",
            call.request_id, state.attempt_number, retries + 1, error, state.upcoming_sleep,
        )  # fmt: skip

    return {
        "retry": retry_if_exception_type((ServerBusy, NotReady)),
        "stop": stop_after_attempt(retries + 1) | stop_before_delay(call.left_s()),
        "wait": _as_told,
        "before_sleep": log,
        "reraise": True,
    }


def _patience(call: Call) -> dict[str, Any]:
    return {
        "retry": retry_if_exception_type((NotReady, DeadlineExceeded)),
        "stop": stop_never | stop_before_delay(call.left_s()),
        "wait": _POLLING,  # a probe is cheap, and a server that is starting only guesses how long it takes
        "reraise": True,
    }


def _as_told(state: RetryCallState) -> float:
    """Seconds to wait: never fewer than the server asked for."""
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, MLServerError) else None
    return (told or 0.0) + _BACKOFF(state)
