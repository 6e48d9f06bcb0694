"""PDF pages as pixels, by pdfium. Callers hold one lock around everything here: pdfium has global state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ml_server.decode_limits import DecodeLimits
from ml_server.document import Page
from ml_server.errors import InvalidImage, PayloadTooLarge

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

POINTS_PER_INCH: Final = 72.0
"""Default user space unit of a PDF (ISO 32000-1, 8.3.2.3)."""

LOWEST_DPI: Final = 36.0
"""A page that does not fit ``max_pixels`` at this resolution is refused: body text would be 5 pixels high."""


def count_pages(data: bytes) -> int:
    """Number of pages, at least 1.

    Raises:
        InvalidImage: not a readable PDF, no pages, or a password is needed.
    """
    with _open(data) as document:
        return len(document)


def render_pages(data: bytes, first: int, count: int, limits: DecodeLimits) -> list[Page]:
    """Pages ``first`` to ``first + count`` (0-based, as many as there are), with annotations and filled form fields.

    Raises:
        InvalidImage: not a readable PDF, no pages, a password is needed, or a page is damaged.
        PayloadTooLarge: too many pages, or a page that does not fit even at ``LOWEST_DPI``.
    """
    with _open(data) as document:
        limits.check_pages(len(document))
        return [_render(document, index, limits) for index in range(first, min(first + count, len(document)))]


@contextmanager
def _open(data: bytes) -> Iterator[PdfDocument]:
    import pypdfium2
    import pypdfium2.raw as pdfium

    # Not PdfDocument(data): it keeps a document without pages open for ever, and hides which error it was.
    raw = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not raw:
        reason = pdfium.FPDF_GetLastError()
        if reason == pdfium.FPDF_ERR_PASSWORD:
            raise InvalidImage("the PDF needs a password; send it without encryption")
        if reason == pdfium.FPDF_ERR_SECURITY:
            raise InvalidImage("the PDF is encrypted in a way that cannot be read; send it without encryption")
        raise InvalidImage("found a PDF that cannot be read: it is damaged or incomplete")
    with pypdfium2.PdfDocument(raw) as document:
        if len(document) < 1:
            raise InvalidImage("found a PDF without pages")
        document.init_forms()
        yield document


def _render(document: PdfDocument, index: int, limits: DecodeLimits) -> Page:
    import pypdfium2

    try:
        page = document.get_page(index)
    except pypdfium2.PdfiumError as error:
        raise InvalidImage(f"page {index + 1} of the PDF is damaged or missing") from error
    try:
        scale = _scale(page.get_width(), page.get_height(), index + 1, limits)
        bitmap = page.render(scale=scale, rev_byteorder=True)
        if not bitmap.raw:
            raise MemoryError(f"no bitmap for page {index + 1}")
        # A view of the bitmap's own buffer, packed RGB; numpy keeps it alive.
        return Page(pixels=bitmap.to_numpy(), number=index + 1)
    finally:
        page.close()


def _scale(width: float, height: float, number: int, limits: DecodeLimits) -> float:
    """Pixels per point: ``pdf_dpi``, or less for a page that would not fit ``max_pixels`` (a large drawing).

    The largest s with (width * s + 1) * (height * s + 1) <= max_pixels, as each side is rounded up. Solved in the
    form that does not cancel for very large pages.

    Args:
        width: points.
        height: points.
        number: of the page, 1-based.
        limits: gives the resolution and the pixels.

    Raises:
        InvalidImage: the page has no area.
        PayloadTooLarge: it would have to be rendered below ``LOWEST_DPI``.
    """
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise InvalidImage(f"page {number} of the PDF has no size: found {width:g} x {height:g} points")
    room = limits.max_pixels - 1
    fitting = 2 * room / (width + height + math.sqrt((width + height) ** 2 + 4 * width * height * room))
    wanted = limits.pdf_dpi / POINTS_PER_INCH
    if fitting < min(wanted, LOWEST_DPI / POINTS_PER_INCH):
        raise PayloadTooLarge(
            f"page {number} is too large: found {width / POINTS_PER_INCH:.1f} x {height / POINTS_PER_INCH:.1f} inches, "
            f"which at {LOWEST_DPI:g} dpi exceeds the {limits.max_pixels} pixels allowed"
        )
    # Sides are rounded up; this keeps a scan of 1654 pixels from becoming 1655 by the rounding of its size in points.
    return min(wanted, fitting) * (1 - 1e-5)
