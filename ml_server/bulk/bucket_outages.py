"""Says that a bucket does not answer while that is tried again, which the libraries below do for half a minute."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, Final

from ml_server.bulk.again import said

_BROKEN: Final = 500
"""Status of an answer from which on the server is at fault."""

_AGAIN: Final = 3
"""Attempts of one request that fail until it is told of a bucket that has answered before: they do now and then."""


@cache
def outages(url: str) -> Outages:
    """Those of an address, the same for all of this process that use it: so that it is told once."""
    return Outages(url)


class Outages:
    """What happens on one's connections to a bucket, as botocore tells of each attempt.

    Args:
        url: of the bucket, or below it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._answered = self._told = False

    def session(self) -> Any:
        """A session of S3 that tells this one.

        Raises:
            ImportError: the package for it is not installed.
        """
        from aiobotocore.session import AioSession

        session = AioSession()
        session.register("needs-retry.s3", self.attempted)
        return session

    def attempted(
        self, attempts: int, endpoint: Any, response: Any = None, caught_exception: Exception | None = None, **_: Any
    ) -> None:
        """An attempt at a request is over. One line on standard error for each time that the bucket stops answering.

        Args:
            attempts: at this request, this one too.
            endpoint: whose ``host`` is the address that was asked.
            response: what came, a pair whose first part has the ``status_code``; None for nothing.
            caught_exception: why nothing came.
        """
        status = response[0].status_code if response is not None else 0
        if caught_exception is None and status < _BROKEN:
            self._answered, self._told = True, False
        elif not self._told and (not self._answered or attempts >= _AGAIN):
            self._told = True
            why = f"it says {status}" if caught_exception is None else said(caught_exception)
            sys.stderr.write(f"ml-server: {self._url}: {endpoint.host} does not answer, it is tried again: {why}\n")
            sys.stderr.flush()
