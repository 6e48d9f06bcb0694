"""Reading messages. That of a call which is no stream is read when there is room for it, and counted.

grpc puts a message together out of our sight, however long that takes. So as much as an image may have counts for it
until it is there, and few are under way at a time; they take turns. Calls are read from by ``context.read``, because
grpc's iterator keeps each message until the next one has come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from grpc import aio

from ml_server.allowance import Share
from ml_server.body_budget import BODY_SLACK, BodyBudget
from ml_server.errors import DeadlineExceeded, InvalidRequest
from ml_server.settings import Settings

_LOOK_AGAIN_S = 1.0
_END: Any = aio.EOF  # type: ignore[attr-defined]  # the stubs lack it

Context: TypeAlias = "aio.ServicerContext[Any, Any]"  # quoted: generic in the stubs only


async def every(context: Context, parsed: Callable[[bytes], Any]) -> AsyncGenerator[Any, None]:
    """The messages of a stream, none of which is kept here while the next one comes.

    Args:
        context: of the call.
        parsed: makes a message of its bytes.
    """
    raw = await context.read()
    while raw is not _END:
        message = parsed(raw)
        del raw
        yield message
        del message
        raw = await context.read()


class Messages:
    """Reads them.

    Args:
        bodies: what request bodies may have together.
        settings: ``max_image_bytes``; ``body_timeout_s``, for a turn to come, and after which a message that is still
            not there gives way to others; ``request_timeout_s``, which it has at most.
    """

    def __init__(self, bodies: BodyBudget, settings: Settings) -> None:
        self._memory = bodies.memory
        self._unseen = min(settings.max_image_bytes + BODY_SLACK, bodies.memory.limit)
        self._patience_s = settings.body_timeout_s
        self._limit_s = settings.request_timeout_s

    async def only(self, context: Context, share: Share) -> bytes:
        """A call's first message; others are not read.

        Args:
            context: of the call, nothing of which has been read.
            share: counts it.

        Raises:
            InvalidRequest: there is none.
            ServerBusy: there is no room for it.
            DeadlineExceeded: it does not come.
        """
        await share.reserve_in_turn(self._unseen, self._patience_s, unseen=True)
        async with self._in_time():
            raw: bytes = await context.read()
        if raw is _END:
            await asyncio.sleep(_LOOK_AGAIN_S)  # a caller who has gone in the middle of it: we are cancelled now
            raise InvalidRequest("the call has no message")
        share.settle(len(raw))
        return raw

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None, None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        looking: asyncio.TimerHandle

        def look() -> None:
            nonlocal looking
            if self._memory.wanted:
                scope.reschedule(loop.time())
            else:
                looking = loop.call_later(_LOOK_AGAIN_S, look)

        try:
            async with asyncio.timeout(self._limit_s) as scope:
                looking = loop.call_later(self._patience_s, look)
                try:
                    yield
                finally:
                    looking.cancel()
        except TimeoutError:
            raise DeadlineExceeded(f"the message was not there after {loop.time() - began:.0f} s") from None
