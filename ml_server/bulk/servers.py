"""Several servers as one: each call goes to the least busy one that is up, and to another where that has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ml_server.clients import AsyncOCRClient
from ml_server.errors import NotReady

T = TypeVar("T")

_LOOK_AGAIN_S = 30.0


@dataclass(slots=True, eq=False)
class _Server:
    """Attributes: how it is reached; its address; calls in work; whether it answers; the task that waits for it."""

    client: AsyncOCRClient
    address: str
    calls: int = 0
    up: bool = True
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)


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
            server.up = False
            server.waiting = asyncio.create_task(self._wait_for(server))
        await self._until(lambda: any(server.up for server in self._servers))

    async def call(self, work: Callable[[AsyncOCRClient], Awaitable[T]]) -> T:
        """Do one call on one of the servers; where that one has gone, on another.

        Raises:
            NotReady: no server is up, and none came up within the patience.
            MLServerError: what the call raises.
        """
        while True:
            server = await self._take()
            try:
                return await work(server.client)
            except NotReady:
                server.up = False
                if server.waiting is None or server.waiting.done():
                    server.waiting = asyncio.create_task(self._wait_for(server))
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

    async def _take(self) -> _Server:
        """The least busy server that is up; waits for one."""

        def free() -> list[_Server]:
            return [server for server in self._servers if server.up and server.calls < self._calls_each]

        while True:
            await self._until(lambda: any(server.up for server in self._servers))
            async with self._changed:
                if not free():
                    await self._changed.wait()
                for server in sorted(free(), key=lambda server: server.calls)[:1]:
                    server.calls += 1
                    return server

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(self._patience_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError as error:
            names = ", ".join(server.address for server in self._servers)
            raise NotReady(f"no server was ready within {self._patience_s:g} s: {names}") from error

    async def _wait_for(self, server: _Server) -> None:
        while not server.up:
            try:
                await server.client.wait_until_ready(_LOOK_AGAIN_S)
            except NotReady:
                continue
            server.up = True
        async with self._changed:
            self._changed.notify_all()
