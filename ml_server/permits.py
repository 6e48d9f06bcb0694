"""Admission: how many requests may have work in a queue or with a replica."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType


class Permit:
    """The right of one request to have work done, a context manager.

    It comes back when the request is over *and* no replica works for it any more, so that callers who give up do not
    let more work in than the replicas can do.

    Args:
        returned: called once, with the permit, when it comes back.

    Attributes:
        since: ``time.monotonic()`` when it was given.
    """

    def __init__(self, returned: Callable[[Permit], None]) -> None:
        self.since = time.monotonic()
        self._returned = returned
        self._open = True
        self._jobs = 0
        self._pages_left = 1

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._settle()

    @property
    def pages_left(self) -> int:
        """Pages that are still to be done, as far as it is known; only those under way if the request is over."""
        return max(self._jobs, self._pages_left, 1) if self._open else self._jobs

    def expect(self, pages: int) -> None:
        """Say how many pages the request is going to ask for from now on; it counts as one before."""
        self._pages_left = pages

    def job_started(self) -> None:
        """A page of this request is in line or with a replica."""
        self._jobs += 1

    def job_ended(self) -> None:
        """It no longer is."""
        self._jobs -= 1
        self._pages_left -= 1
        self._settle()

    def _settle(self) -> None:
        if not self._open and self._jobs == 0:
            self._returned(self)
