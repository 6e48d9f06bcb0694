"""How large a document may be, and the errors that say so. Light: no Pillow, no pdfium."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ml_server.errors import PayloadTooLarge
from ml_server.freed_memory import return_freed_memory

if TYPE_CHECKING:  # pydantic takes an eighth of a second to import, in every process
    from ml_server.settings import Settings

_OWN_BLOCK: Final = 31 * 2**19
"""15.5 MiB: an A4 page at 200 dpi stays below, and Pillow's blocks of large images, 16 MB each, are above."""
_KEPT: Final = 2**25
"""What an ordinary page needs is there for the next one."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a decoder accepts.

    Attributes:
        max_image_bytes: length of a PNG, JPEG, WebP, BMP or GIF file.
        max_document_bytes: length of a file that may hold several pages, PDF or TIFF.
        max_pixels: width x height of one page.
        max_pages: pages of one document.
        pdf_dpi: resolution PDF pages are rendered at, pixels per inch.
    """

    max_image_bytes: int
    max_document_bytes: int
    max_pixels: int
    max_pages: int
    pdf_dpi: int

    @classmethod
    def from_settings(cls, settings: Settings) -> DecodeLimits:
        """The limits an operator has set."""
        return cls(
            max_image_bytes=settings.max_image_bytes,
            max_document_bytes=settings.max_document_bytes,
            max_pixels=settings.max_pixels,
            max_pages=settings.max_pages,
            pdf_dpi=settings.pdf_dpi,
        )

    def check_pages(self, found: int, *, at_least: bool = False) -> None:
        """Refuse a document of too many pages.

        Args:
            found: number of pages.
            at_least: counting stopped at ``found``; there may be more.

        Raises:
            PayloadTooLarge: more than ``max_pages``.
        """
        if found > self.max_pages:
            more = "at least " if at_least else ""
            raise PayloadTooLarge(f"too many pages: found {more}{found} pages, {self.max_pages} allowed")

    def check_pixels(self, width: int, height: int, number: int) -> None:
        """Refuse a page that is too large, before it is decoded.

        Args:
            width: pixels.
            height: pixels.
            number: of the page, 1-based.

        Raises:
            PayloadTooLarge: more than ``max_pixels``.
        """
        if width * height > self.max_pixels:
            raise PayloadTooLarge(
                f"page {number} is too large: found {width} x {height} = {width * height} pixels, "
                f"{self.max_pixels} allowed"
            )


def limit_address_space(extra_bytes: int) -> None:
    """Let this process map no more than ``extra_bytes`` beyond what it has mapped now.

    There is no limit where there is no ``/proc`` (not Linux). What is freed after a large page goes back to the system
    at once.

    Args:
        extra_bytes: at least 0.
    """
    return_freed_memory(_OWN_BLOCK, _KEPT)
    statm = Path("/proc/self/statm")
    if sys.platform != "linux" or not statm.exists():
        return
    import resource

    # First field of statm: total program size in pages; proc(5).
    limit = int(statm.read_text().split()[0]) * resource.getpagesize() + extra_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
