"""Admission: how many requests may have work in a queue or with a replica."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Permit:
    """The right of one request to have work done, a context manager.

    It comes back when the request is over *and* no replica works for it any more, so that callers who give up do not
    let more work in than the replicas can do.

    Args:
        returned: called once, when it comes back.
    """

    def __init__(self, returned: Callable[[], None]) -> None:
        self._returned = returned
        self._open = True
        self._jobs = 0

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._settle()

    def job_started(self) -> None:
        """A page of this request is in line or with a replica."""
        self._jobs += 1

    def job_ended(self) -> None:
        """It no longer is."""
        self._jobs -= 1
        self._settle()

    def _settle(self) -> None:
        if not self._open and self._jobs == 0:
            self._returned()
