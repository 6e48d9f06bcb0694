"""Several servers as one: each call goes to the least busy one that is up, and to another where that has gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from ml_server import logs
from ml_server.bulk.again import ENDS_THE_RUN
from ml_server.clients import AsyncOCRClient
from ml_server.errors import MLServerError, NotReady

T = TypeVar("T")

_log = logs.get_logger(__name__)

_LOOK_AGAIN_S: Final = 30.0

_TIMES_EACH: Final = 2
"""A call is made on the servers there are; whoever called may try again later."""

_PAUSE_S: Final = 0.5
"""Before a server that refused though it was ready is asked again whether it is; doubled each time."""


@dataclass(slots=True, eq=False)
class _Server:
    """One of them.

    Attributes:
        client: how it is reached.
        address: as given.
        calls: in work.
        up: whether it answers.
        refused: calls in a row that it was not ready for.
        waiting: the task that waits for it.
        unfit: why it cannot read what is asked for; None where it can.
    """

    client: AsyncOCRClient
    address: str
    calls: int = 0
    up: bool = True
    refused: int = 0
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)
    unfit: MLServerError | None = None


class Servers:
    """Belongs to one event loop.

    Args:
        addresses: ``grpc://host:50051``, ``http://host:3000`` and so on; at least one.
        calls_each: at a time on one server.
        patience_s: how long to wait while no server is up.
        timeout_s: for one call.
        api_key: sent with every call; None for none.
        ca_file: PEM file of the certificate authorities to trust instead of the usual ones.

    Raises:
        ValueError: an address is not valid.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        calls_each: int,
        patience_s: float,
        timeout_s: float,
        api_key: str | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._servers = [
            # Few attempts of its own: where a server has gone, another one is asked.
            _Server(AsyncOCRClient(each, timeout_s=timeout_s, retries=1, api_key=api_key, ca_file=ca_file), each)
            for each in addresses
        ]
        self._calls_each = calls_each
        self._patience_s = patience_s
        self._changed = asyncio.Condition()

    async def wait_until_ready(self) -> None:
        """Wait until one of them is ready; the others are used as they come up.

        Raises:
            NotReady: none is within the patience.
        """
        for server in self._servers:
            self._down(server)
        await self._until(lambda: any(server.up for server in self._servers))

    async def call(self, work: Callable[[AsyncOCRClient], Awaitable[T]]) -> T:
        """Do one call on one of the servers; where that one has gone or cannot read this way, on another.

        Raises:
            NotReady: no server is up, and none came up within the patience, or none takes it though it says it would.
            EngineUnavailable, Unauthenticated, UnknownEngine, UnsupportedLanguage: no server can read this way.
            MLServerError: what the call raises.
        """
        times: Counter[_Server] = Counter()
        while True:
            server = await self._take(times)
            try:
                result = await work(server.client)
            except NotReady:
                times[server] += 1
                server.refused += 1
                self._down(server)
                if times.total() >= _TIMES_EACH * len(self._fit()):
                    raise
            except ENDS_THE_RUN as error:
                self._leave_out(server, error)
                if not self._fit():
                    raise
            else:
                server.refused = 0
                return result
            finally:
                server.calls -= 1
                async with self._changed:
                    self._changed.notify_all()

    async def close(self) -> None:
        """Close the connections."""
        waiting = [server.waiting for server in self._servers if server.waiting is not None]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(server.client.close() for server in self._servers))

    def _fit(self) -> list[_Server]:
        return [server for server in self._servers if server.unfit is None]

    def _down(self, server: _Server) -> None:
        """Done without until it says that it is ready."""
        server.up = False
        if server.waiting is None or server.waiting.done():
            server.waiting = asyncio.create_task(self._wait_for(server))

    def _leave_out(self, server: _Server, error: MLServerError) -> None:
        """Done without for the rest of the run; that is told of once."""
        server.up = False
        if server.unfit is None:
            server.unfit = error
            if self._fit():
                _log.error("server_left_out", server=server.address, reason=error.message)

    async def _take(self, times: Counter[_Server]) -> _Server:
        """The least busy server that is up, of those that have refused the call least; waits for one."""

        def up() -> list[_Server]:
            return [each for each in self._fit() if each.up]

        while True:
            await self._until(lambda: bool(up()) or not self._fit())
            async with self._changed:
                if not self._fit():  # while this call waited
                    raise self._unfit()
                free = [each for each in up() if each.calls < self._calls_each]
                if free:
                    server = min(free, key=lambda each: (times[each], each.calls))
                    server.calls += 1
                    return server
                if up():
                    await self._changed.wait()

    def _unfit(self) -> MLServerError:
        """Why no server can read this way."""
        return next(server.unfit for server in self._servers if server.unfit is not None)

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(self._patience_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError as error:
            names = ", ".join(server.address for server in self._servers)
            raise NotReady(f"no server was ready within {self._patience_s:g} s: {names}") from error

    async def _wait_for(self, server: _Server) -> None:
        if server.refused:
            await asyncio.sleep(min(_PAUSE_S * 2 ** (server.refused - 1), _LOOK_AGAIN_S))
        while not server.up:
            try:
                await server.client.wait_until_ready(_LOOK_AGAIN_S)
            except NotReady:
                continue
            server.up = True
        async with self._changed:
            self._changed.notify_all()
