"""A task's picture as a training folder keeps it: upright, in a format that every reader takes."""

from __future__ import annotations

import io
from dataclasses import dataclass

from ml_server.decode import DecodeLimits, decode_pages, probe
from ml_server.errors import InvalidImage
from ml_server.settings import Settings

_AS_THEY_ARE = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp", "BMP": ".bmp"}
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture to write.

    Attributes:
        data: the file's bytes.
        suffix: of its name, with the dot.
        size: width and height as a browser shows it, pixels.
    """

    data: bytes
    suffix: str
    size: tuple[int, int]


def picture_file(data: bytes, limits: DecodeLimits | None = None) -> PictureFile:
    """The file as it came where that is upright and of a usual format; else its pixels as PNG.

    Args:
        data: as Label Studio gave it.
        limits: of size; None for the defaults.

    Raises:
        InvalidImage: no readable picture, or one of several pages.
        PayloadTooLarge: larger than allowed.
    """
    from PIL import Image

    limits = limits or DecodeLimits.from_settings(Settings())
    kind = probe(data, limits)
    if kind.pages != 1:
        raise InvalidImage(f"the {kind.format} has {kind.pages} pages; an annotated picture has one")
    (page,) = decode_pages(data, 0, 1, limits)
    suffix = _AS_THEY_ARE.get(kind.format)
    if suffix is not None:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.getexif().get(_ORIENTATION, 1) == 1:
                return PictureFile(data, suffix, (page.width, page.height))
    file = io.BytesIO()
    Image.fromarray(page.pixels).save(file, "PNG")
    return PictureFile(file.getvalue(), ".png", (page.width, page.height))
