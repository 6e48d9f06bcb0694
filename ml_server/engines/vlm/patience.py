"""What is asked of a model server once more, and after how long."""

from __future__ import annotations

from tenacity import RetryCallState, wait_exponential, wait_random

from ml_server.errors import EngineFailed, MLServerError

_BACKOFF = wait_exponential(multiplier=0.25, max=10) + wait_random(0, 0.5)
_FAILURES = 3
"""How often a server may fail at one page (500) before it is the page's fault; a server that is away is waited for."""


def passes(error: BaseException) -> bool:
    """Whether it may be over in a moment: the server is away or full, or it failed without blaming the request."""
    return isinstance(error, MLServerError) and error.retry_after_s is not None


class FewFailures:
    """As :func:`passes`, until the server has failed at one request too often. For a single request."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, error: BaseException) -> bool:
        """Whether it is worth another try."""
        self._seen += isinstance(error, EngineFailed)
        return passes(error) and self._seen < _FAILURES


def as_told(state: RetryCallState) -> float:
    """Seconds to wait: growing, and no less than the server asks for."""
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, MLServerError) else None
    return max(told or 0.0, _BACKOFF(state))
