"""Where documents come from and results go, from an event loop, with retries."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ml_server.bulk.again import retried, said
from ml_server.bulk.originals import Originals
from ml_server.bulk.places import Place
from ml_server.decode_limits import DecodeLimits

T = TypeVar("T")


class OutputFailed(Exception):
    """The results cannot be written; it makes no sense to read on."""


class Storage:
    """Reads and writes results, and has what reads the documents. Belongs to one event loop.

    Args:
        place: of the results.
        retries: attempts after the first.
        limits: of a document's bytes; None for none.

    Attributes:
        place: as given.
        originals: the documents.
        retries: as given.
    """

    def __init__(self, place: Place, retries: int, limits: DecodeLimits | None = None) -> None:
        self.place = place
        self.originals = Originals(retries, limits)
        self.retries = retries

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

    async def _output(self, work: Callable[[], T]) -> T:
        try:
            return await retried(work, self.retries)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise OutputFailed(f"cannot write to {self.place.url}: {said(error)}") from error
