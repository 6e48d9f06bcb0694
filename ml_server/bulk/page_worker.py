"""Pages as pictures, in processes of their own: drawn on with what was read, as files for a server, and their lines."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ml_server import cores, scaling
from ml_server.bulk.grids import Grid, grids_of
from ml_server.decode import DecodeLimits, decode_pages
from ml_server.decode_format import sniff
from ml_server.document import OCRPage
from ml_server.errors import InvalidImage
from ml_server.jobs import PoolOptions
from ml_server.key_value import KeyValuePage
from ml_server.replicas import InlineReplica, ProcessReplica, Replica
from ml_server.scheduler import Pool
from ml_server.settings import Settings
from ml_server.workers import DecodeWorker

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = 85
_MIB = 2**20

_FINE = 95
"""JPEG's quality where the picture is to be read: letters keep their edges."""

_JPEG_SIDE = 65_500
"""Pixels that libjpeg takes on a side."""

_SINGLE = frozenset({"PNG", "JPEG", "WebP", "BMP", "GIF"})
"""Formats of which a server takes a file as one page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page for a server.

    Attributes:
        data: the page as it is to be read, in a file.
        width: of the page as it is, pixels.
        height: of the page as it is, pixels.
        smallest: whether there is no use in asking for a smaller file.
    """

    data: bytes
    width: int
    height: int
    smallest: bool


class PageWorker(DecodeWorker):
    """What runs in the process."""

    def __init__(self, limits: DecodeLimits, memory_bytes: int, inline: bool) -> None:
        super().__init__(limits, memory_bytes, inline)
        self._decode_limits = limits

    def picture(self, data: bytes, index: int, max_pixels: int, enlarge_below: int, most: int) -> Picture:
        """A page in a file, at the size it is to be read; 0-based.

        The file that it came in, where that is all there is to it; else PNG, or JPEG where that has too many bytes.

        Args:
            data: the document.
            index: of the page.
            max_pixels: as for :func:`ml_server.scaling.factor`.
            enlarge_below: likewise.
            most: bytes, where it can be helped; 0 for as few as can be without harm.
        """
        from PIL.Image import fromarray

        (page,) = decode_pages(data, index, 1, self._decode_limits)
        times = scaling.factor(page.width, page.height, max_pixels, enlarge_below)
        if times == 1.0 and len(data) <= most and sniff(data) in _SINGLE:
            return Picture(data, page.width, page.height, smallest=False)
        picture = fromarray((page if times == 1.0 else scaling.scaled(page, times)).pixels)
        lossy = max(picture.size) <= _JPEG_SIDE
        if most or not lossy:
            png = _file(picture, "PNG", compress_level=1)
            if len(png) <= most or not lossy:
                return Picture(png, page.width, page.height, smallest=not lossy)
        jpeg = _file(picture, "JPEG", quality=_FINE, subsampling=0)
        return Picture(jpeg, page.width, page.height, smallest=True)

    def grids(self, data: bytes, index: int) -> tuple[Grid, ...]:
        """A page's ruled tables; 0-based."""
        from ml_server.bulk.rules import rules_of

        (page,) = decode_pages(data, index, 1, self._decode_limits)
        return tuple(grids_of(*rules_of(page), max(page.width, page.height)))

    def draw(self, data: bytes, found: OCRPage, key_values: KeyValuePage | None) -> bytes:
        """A page as JPEG with what was read on it, or with its keys and values where they were looked for."""
        from ml_server import key_value_overlay, overlay

        (page,) = decode_pages(data, found.number - 1, 1, self._decode_limits)
        drawn = overlay.draw(page, found) if key_values is None else key_value_overlay.draw(page, key_values)
        file = io.BytesIO()
        drawn.save(file, "JPEG", quality=_QUALITY, optimize=True)
        return file.getvalue()


def _file(picture: Image, form: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


class PagePool:
    """Processes of :class:`PageWorker`, started with the first page.

    Args:
        settings: limits and resolution.
        inline: run in this process.
    """

    def __init__(self, settings: Settings, *, inline: bool = False) -> None:
        limits = DecodeLimits.from_settings(settings)
        make = partial(PageWorker, limits, settings.decode_memory_mb * _MIB, inline)
        seconds = settings.decode_timeout_s + settings.page_timeout_s

        def replica(place: int) -> Replica:
            if inline:
                return InlineReplica(make)
            environment = cores.thread_environment(1)
            return ProcessReplica(make, settings.log_level, settings.log_format, environment=environment)

        self._pool = Pool(
            PoolOptions(
                name="pages",
                replicas=1 if inline else settings.decode_workers,
                queue_size=settings.queue_size,
                call_timeout_s=seconds,
                load_timeout_s=settings.load_timeout_s,
                recycle_after=settings.recycle_after,
            ),
            replica,
            on_hang=lambda: InvalidImage(f"the page was not decoded within {seconds:g} s; it may be damaged"),
            on_crash=lambda: InvalidImage("the decoder died of this page; it is damaged or hostile"),
        )
        self._patience_s = settings.request_timeout_s

    async def count(self, data: bytes) -> int:
        """Pages of a document.

        Raises:
            InvalidImage, PayloadTooLarge: as the decoder's.
        """
        return int((await self._call("probe", data)).pages)

    async def picture(self, data: bytes, number: int, max_pixels: int, enlarge_below: int, most: int) -> Picture:
        """A page, 1-based, for a server, see :meth:`PageWorker.picture`.

        Raises:
            InvalidImage, PayloadTooLarge: as the decoder's.
        """
        found: Picture = await self._call("picture", data, number - 1, max_pixels, enlarge_below, most)
        return found

    async def draw(self, data: bytes, page: OCRPage, key_values: KeyValuePage | None) -> bytes:
        """The JPEG of a page with what was found on it.

        Raises:
            InvalidImage, PayloadTooLarge: as the decoder's.
        """
        return bytes(await self._call("draw", data, page, key_values))

    async def grids(self, data: bytes, page: OCRPage) -> tuple[Grid, ...]:
        """A page's ruled tables; none for a page whose engine has written its tables itself.

        Raises:
            InvalidImage, PayloadTooLarge: as the decoder's.
        """
        if not page.lines or any(block.confidence is None for block in page.blocks):
            return ()
        found: tuple[Grid, ...] = await self._call("grids", data, page.number - 1)
        return found

    async def close(self) -> None:
        """End the processes."""
        await self._pool.close()

    async def _call(self, method: str, *args: object) -> Any:
        with self._pool.admit() as permit:
            deadline = asyncio.get_running_loop().time() + self._patience_s
            return await self._pool.call(permit, deadline, method, *args)
