"""Places and inputs from an event loop, with retries: a bucket that refuses now and then must not end a night's run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.places import Place, file_system, is_remote, local_path
from ml_server.errors import InvalidRequest, MLServerError, NotReady

T = TypeVar("T")

_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError, MLServerError)
"""What another attempt does not change."""


class OutputFailed(Exception):
    """The results cannot be written; it makes no sense to read on."""


class Storage:
    """Reads documents and reads and writes results. Belongs to one event loop.

    Args:
        place: of the results.
        retries: attempts after the first.
    """

    def __init__(self, place: Place, retries: int) -> None:
        self.place = place
        self._retries = retries
        self._systems: dict[str, Any] = {}

    async def fetch(self, document: BulkDocument) -> bytes:
        """A document's bytes.

        Raises:
            InvalidRequest: there is no such file, or it may not be read.
            NotReady: the storage did not give it; another time it may.
        """
        try:
            return await self._retried(partial(self._fetch, document))
        except _FINAL as error:
            raise InvalidRequest(f"cannot read the file: {_said(error)}") from error
        except Exception as error:
            raise NotReady(f"cannot read the file now: {_said(error)}") from error

    async def read(self, name: str) -> bytes | None:
        """A file of the results; None where there is none.

        Raises:
            OutputFailed: it cannot be read.
        """
        try:
            return await self._output(partial(self.place.read, name))
        except FileNotFoundError:
            return None

    async def write(self, name: str, data: bytes) -> None:
        """Write a file of the results.

        Raises:
            OutputFailed: it cannot be written.
        """
        await self._output(partial(self.place.write, name, data))

    async def sizes(self, folder: str) -> dict[str, int]:
        """See :class:`Place`.

        Raises:
            OutputFailed: the folder cannot be listed.
        """
        return await self._output(partial(self.place.sizes, folder))

    async def delete(self, name: str) -> None:
        """See :class:`Place`.

        Raises:
            OutputFailed: it cannot be removed.
        """
        await self._output(partial(self.place.delete, name))

    def _fetch(self, document: BulkDocument) -> bytes:
        url = document.url
        if not is_remote(url):
            path = Path(local_path(url))
            if path.is_dir():
                os.listdir(path)  # says why it was not looked into
            return path.read_bytes()
        bucket = "/".join(url.split("/", 3)[:3])
        if bucket not in self._systems:
            self._systems[bucket] = file_system(bucket)[0]
        data = bytes(self._systems[bucket].cat_file(url))
        if len(data) < document.size:
            raise OSError(f"the connection ended after {len(data)} of {document.size} bytes")
        return data

    async def _output(self, work: Callable[[], T]) -> T:
        try:
            return await self._retried(work)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise OutputFailed(f"cannot write to {self.place.url}: {_said(error)}") from error

    async def _retried(self, work: Callable[[], T]) -> T:
        retrying = AsyncRetrying(
            sleep=asyncio.sleep,
            retry=retry_if_exception(lambda error: isinstance(error, Exception) and not isinstance(error, _FINAL)),
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_exponential(multiplier=0.5, max=20) + wait_random(0, 0.5),
            reraise=True,
        )

        async def once() -> T:
            return await asyncio.to_thread(work)

        return await retrying(once)


def _said(error: BaseException) -> str:
    """What an exception says, in one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:300] or type(error).__name__
