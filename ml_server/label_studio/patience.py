"""How long to try: a few times where a task goes wrong, and until Label Studio is back where it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import tenacity

from ml_server.errors import DeadlineExceeded, EngineCrashed, MLServerError, NotReady, ServerBusy
from ml_server.label_studio.api import LabelStudio

T = TypeVar("T")

PASSING = (NotReady, ServerBusy, DeadlineExceeded, EngineCrashed)
"""Errors of which another attempt may know nothing."""

_PROBE_S = 5.0
_PAUSE_DOWN_S = 1.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class _GoneError(Exception):
    """Label Studio was down for too long: no call is tried again."""


class Patience:
    """Makes calls again. One instance for a run, so that one prober asks for all whether Label Studio is back.

    Args:
        api: whose ``/health`` tells.
        attempts: for what goes wrong while Label Studio is up, at least 1.
        down_s: seconds it may be down at a stretch before the calls that wait for it fail.
        say: told when it is down, and when it is back.
    """

    def __init__(self, api: LabelStudio, attempts: int, down_s: float, say: Callable[[str], None]) -> None:
        self._api = api
        self._attempts = attempts
        self._down_s = down_s
        self._say = say
        self._probing = asyncio.Lock()
        self._gave_up = float("-inf")  # event-loop time

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it succeeds, fails for good, or has failed too often.

        Raises:
            MLServerError: what it raised last; NotReady where Label Studio was down for too long.
        """
        policy = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S)
            + tenacity.wait_random(0, _FIRST_PAUSE_S),
            retry=tenacity.retry_if_exception_type(PASSING),
            reraise=True,
        )
        try:
            return await policy(self._while_up, call)
        except _GoneError as error:
            raise NotReady(str(error)) from error

    async def _while_up(self, call: Callable[[], Awaitable[T]]) -> T:
        """One attempt; those that fail because Label Studio is down do not count."""
        while True:
            try:
                return await call()
            except PASSING:
                if await self._is_up():
                    raise
                await self._back()

    async def _is_up(self) -> bool:
        request = self._api.client.build_request("GET", f"{self._api.url}/health", timeout=_PROBE_S)
        try:
            answer = await self._api.send_bare(request)
        except MLServerError:
            return False
        return answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR

    async def _back(self) -> None:
        clock = asyncio.get_running_loop().time
        asked = clock()
        async with self._probing:
            if await self._is_up():
                return
            gone = _GoneError(f"{self._api.url} did not answer for {self._down_s:.0f} s")
            if asked < self._gave_up:
                raise gone  # another call has waited for all
            self._say(f"Label Studio does not answer; waiting for it, at most {self._down_s:.0f} s")
            began = clock()
            while not await self._is_up():
                if clock() - began > self._down_s:
                    self._gave_up = clock()
                    raise gone
                await asyncio.sleep(_PAUSE_DOWN_S)
            self._say("Label Studio is back")
