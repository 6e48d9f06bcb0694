"""A decoded page as a PNG file. Light until it is asked for one: Pillow is loaded then."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_server.document import Page
from ml_server.errors import PayloadTooLarge


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as a file that browsers show.

    Attributes:
        png: the file's bytes; nothing of the page is lost in it.
        width: pixels.
        height: pixels.
        number: 1-based position in the document.
    """

    png: bytes
    width: int
    height: int
    number: int


def encode(page: Page) -> PagePicture:
    """Write a page as PNG: in grey where it has no colour, which a third of the bytes say as well.

    Raises:
        PayloadTooLarge: more memory needed than the process has.
    """
    from PIL import Image

    file = io.BytesIO()
    try:
        Image.fromarray(_without_unused_colour(page.pixels)).save(file, "PNG")
    except MemoryError as error:
        raise PayloadTooLarge(f"writing page {page.number} needs more memory than a decoder is allowed") from error
    return PagePicture(file.getvalue(), page.width, page.height, page.number)


def _without_unused_colour(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(height, width) where red, green and blue are equal all over, else as it is."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return np.ascontiguousarray(red) if np.array_equal(red, green) and np.array_equal(green, blue) else pixels
