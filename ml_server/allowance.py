"""So many bytes of one kind, which many share: taken before they come or as they come, given back, waited for."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque

from ml_server import metrics
from ml_server.errors import ServerBusy

_SMALL = 64
"""A share is small if it is at most one part in so many of the whole."""

_TRUSTED_S = 2.0
"""For so long it counts what a share has reserved; after that, when others need the room, what has come of it."""

_LONGEST_AWAY_S = 60


class Share:
    """What one body has of an allowance.

    Args:
        allowance: the whole.

    Attributes:
        size: bytes that count.
        come: bytes of them that are there; the others are only reserved.
        expected: bytes that it is going to have in the end; infinite where nobody knows.
        unseen: whether its bytes come where nobody can count them before they are all there. They may be few, so it is
            let in like a small one.
        large: whether it counts as a large one; it is found out with the first byte.
        since: ``time.monotonic()`` when it took its first byte.
    """

    __slots__ = ("_allowance", "come", "expected", "large", "since", "size", "unseen")

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.size = self.come = 0
        self.expected = math.inf
        self.unseen = self.large = False
        self.since = 0.0

    def reserve(self, size: int) -> None:
        """Take what is going to come, all of it.

        Raises:
            ServerBusy: it does not fit.
        """
        self.expected = size
        self._allowance.take(self, size - self.size)

    async def reserve_in_turn(self, size: int, patience_s: float, *, unseen: bool = False) -> None:
        """Take as much as is going to come next, as soon as it fits and nobody has waited for longer.

        Args:
            size: bytes, beside those that have come. They count as if they were there.
            patience_s: seconds to wait.
            unseen: nobody knows how much it is going to be; :meth:`settle` says so.

        Raises:
            ServerBusy: it did not fit in all that time.
        """
        self.unseen = unseen
        if not self.size:
            self.expected = size
        await self._allowance.take_in_turn(self, size, patience_s)
        self.come += size

    def settle(self, size: int) -> None:
        """What was unseen is there and has this size.

        Raises:
            ServerBusy: it is more than was taken for it, or not small, and there is no room for that.
        """
        self.unseen = False
        self.expected = size
        self.come = 0
        self._allowance.retake(self, size)
        self.come = size

    def add(self, count: int) -> None:
        """So many bytes have come.

        Raises:
            ServerBusy: they do not fit. They do not count then and must not be kept.
        """
        if (missing := self.come + count - self.size) > 0:
            self._allowance.take(self, missing)
        self.come += count

    def drop(self, count: int) -> None:
        """So many of the bytes that have come are no longer there."""
        self.come -= count
        self._allowance.release(self, count)

    def give_back(self) -> None:
        """Nothing of it is needed any more."""
        self.come = 0
        self._allowance.release(self, self.size)


class Allowance:
    """The whole. It belongs to one event loop.

    Args:
        where: ``memory`` or ``disk``, for messages and metrics.
        limit: bytes.
        for_small: bytes of them that large shares cannot have.

    Attributes:
        limit: bytes.
        used: bytes, 0 to ``limit``.
    """

    def __init__(self, where: str, limit: int, for_small: int = 0) -> None:
        self.limit = limit
        self.used = 0
        self._used_by_large = 0
        self._where = where
        self._for_small = for_small
        self._shares: set[Share] = set()
        self._waiting: deque[tuple[asyncio.Future[None], Share, int]] = deque()
        self._gauge = metrics.BODY_BYTES.labels(where)
        metrics.BODY_BYTES_LIMIT.labels(where).set(limit)

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for room."""
        return bool(self._waiting)

    def take(self, share: Share, count: int) -> None:
        """Let a share grow.

        Raises:
            ServerBusy: it does not fit.
        """
        if not self._taken(share, count):
            raise self._busy(count)

    def retake(self, share: Share, count: int) -> None:
        """Let a share have another size, and what it has by now found out to be.

        Raises:
            ServerBusy: it does not fit. It has nothing then.
        """
        self._shrink(share, share.size)
        try:
            self.take(share, count)
        finally:
            self._serve_waiting()

    async def take_in_turn(self, share: Share, count: int, patience_s: float) -> None:
        """Let a share grow when it fits and nobody has waited for longer.

        Raises:
            ServerBusy: it did not fit for ``patience_s`` seconds.
        """
        if not self._waiting and self._taken(share, count):
            return
        loop = asyncio.get_running_loop()
        entry = (loop.create_future(), share, count)
        self._waiting.append(entry)
        again = loop.call_later(_TRUSTED_S, self._serve_waiting)  # what is only reserved now does not count any more
        try:
            async with asyncio.timeout(patience_s):
                await entry[0]
        except TimeoutError:
            raise self._busy(count) from None
        finally:
            again.cancel()
            with contextlib.suppress(ValueError):
                self._waiting.remove(entry)
                self._serve_waiting()  # it may have been in the way of a smaller one

    def release(self, share: Share, count: int) -> None:
        """Let a share shrink."""
        if count:
            self._shrink(share, count)
            self._serve_waiting()

    def _taken(self, share: Share, count: int) -> bool:
        if not share.size:
            share.large = not share.unseen and share.expected > self.limit // _SMALL
            share.since = time.monotonic()
        if not self._fits(share, count):
            self._forget_reserved()
            if not self._fits(share, count):
                return False
        if count:
            self._shares.add(share)
            self._grow(share, count)
        return True

    def _fits(self, share: Share, count: int) -> bool:
        if share.large and self._used_by_large + count > self.limit - self._for_small:
            return False
        return self.used + count <= self.limit

    def _forget_reserved(self) -> None:
        old = time.monotonic() - _TRUSTED_S
        for share in [each for each in self._shares if each.since < old and each.come < each.size]:
            self._shrink(share, share.size - share.come)

    def _shrink(self, share: Share, count: int) -> None:
        self._grow(share, -count)
        if not share.size:
            self._shares.discard(share)

    def _grow(self, share: Share, count: int) -> None:
        self.used += count
        self._used_by_large += count if share.large else 0
        share.size += count
        self._gauge.inc(count)

    def _serve_waiting(self) -> None:
        while self._waiting:
            turn, share, count = self._waiting[0]
            if not turn.done() and not self._taken(share, count):
                return
            self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)

    def _busy(self, count: int) -> ServerBusy:
        """The refusal. The mean time for which the others have had theirs says when to try again."""
        metrics.REFUSALS.labels("bodies").inc()
        now = time.monotonic()
        age_s = sum(now - each.since for each in self._shares) / max(1, len(self._shares))
        return ServerBusy(
            f"request bodies have {self.used} of {self.limit} bytes of {self._where} and {count} more do not fit; "
            "try again later",
            retry_after_s=min(max(1, math.ceil(age_s)), _LONGEST_AWAY_S),
        )
