"""Raster files as pages, by Pillow: 8-bit RGB whatever the file's mode. Imports Pillow, so decoder processes only."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms

from ml_server import decode_jpeg
from ml_server.decode_limits import DecodeLimits
from ml_server.document import Page
from ml_server.errors import PayloadTooLarge

Pixels = npt.NDArray[np.uint8]

_DEEP: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow modes with one channel of more than 8 bits; its own conversion to 8 bits clips instead of scaling."""

_STRIP_ROWS: Final = 512
"""Rows converted at a time, so that a large page is not held several times over."""

_WHITE_IS_ZERO: Final = 0
"""TIFF 6.0, tag PhotometricInterpretation."""


def count_pages(data: bytes, kind: str, limits: DecodeLimits) -> int:
    """Number of pages: all of a TIFF, 1 for anything else (an animation is read by its first frame).

    Raises:
        PayloadTooLarge: a first page of too many pixels, or too many pages.
        Exception: whatever Pillow raises on damaged data.
    """
    with _stderr_off(kind), _open(data, kind, limits) as image:
        limits.check_pixels(*image.size, number=1)
        if kind != "TIFF":
            return 1
        # Not n_frames: it follows a chain of directories of any length. And one by one, as seeking far beyond the end
        # makes Pillow remember a wrong number of pages.
        for index in range(1, limits.max_pages + 1):
            try:
                image.seek(index)
            except EOFError:
                return index
        limits.check_pages(limits.max_pages + 1, at_least=True)
        return limits.max_pages


def read_pages(data: bytes, kind: str, first: int, count: int, limits: DecodeLimits) -> list[Page]:
    """Pages ``first`` to ``first + count`` (0-based, as many as there are).

    Raises:
        PayloadTooLarge: a page of too many pixels, found before it is decoded.
        Exception: whatever Pillow raises on damaged data.
    """
    pages: list[Page] = []
    stop = first + count if kind == "TIFF" else min(first + count, 1)
    with _stderr_off(kind), _open(data, kind, limits) as image:
        for index in range(first, stop):
            try:
                image.seek(index)
            except EOFError:
                break
            limits.check_pixels(*image.size, number=index + 1)
            plain = kind == "JPEG" and image.mode in decode_jpeg.MODES
            pixels = decode_jpeg.to_rgb(data, *image.size) if plain else None
            if pixels is None:
                image.load()
                pixels = _to_rgb(image)
            pages.append(Page(pixels=_upright(pixels, _orientation(image)), number=index + 1))
    return pages


def _open(data: bytes, kind: str, limits: DecodeLimits) -> Image.Image:
    """Read the header only. Our own check of the size follows, so Pillow's is off, but for WebP.

    libwebp allocates the canvas with the header; Pillow raises above twice its limit before that.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = limits.max_pixels if kind == "WebP" else None
    try:
        return Image.open(io.BytesIO(data), formats=[kind.upper()])
    except Image.DecompressionBombError as error:
        raise PayloadTooLarge(
            f"page 1 is too large: found more than {2 * limits.max_pixels} pixels, {limits.max_pixels} allowed"
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def _stderr_off(kind: str) -> Iterator[None]:
    """Keep libtiff from writing about damaged files to the log; Pillow gives no way to set its error handler."""
    try:
        kept = os.dup(2) if kind == "TIFF" else -1
    except OSError:  # a process without a standard error
        kept = -1
    if kept < 0:
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode in _DEEP:
        grey = _deep_to_8_bit(image)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    out = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, image.height)
        out[top:bottom] = np.asarray(_strip_to_rgb(image.crop((0, top, image.width, bottom))))
    return out


def _strip_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "La":  # premultiplied; Pillow converts it to LA only
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image)
        return page
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # it is None only with inPlace
        return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_8_bit(image: Image.Image) -> Pixels:
    values: npt.NDArray[Any] = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
        if getattr(image, "tag_v2", {}).get(ExifTags.Base.PhotometricInterpretation) == _WHITE_IS_ZERO:
            grey = 255 - grey  # Pillow inverts 8-bit greys of this kind, and not these
        transparent = image.info.get("transparency")
        return np.where(values == transparent, np.uint8(255), grey) if isinstance(transparent, int) else grey
    return _range_to_8_bit(values)


def _range_to_8_bit(values: npt.NDArray[Any]) -> Pixels:
    """Greys whose file does not say what white is: the smallest usual range that holds them, 0..1, 8 or 16 bits.

    Anything else is stretched from its darkest to its lightest value. What is not a number becomes black.
    """
    grey = np.nan_to_num(values.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(grey.min()), float(grey.max())
    white = next((white for white in (1.0, 255.0, 65535.0) if low >= 0 and high <= white), None)
    if white is None:
        grey -= np.float32(low)
        white = high - low or 1.0
    grey *= np.float32(255.0 / white)
    return np.rint(grey, out=grey).clip(0, 255, out=grey).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    """EXIF tag Orientation, 1..8. Pillow has already turned TIFFs, and removed the tag."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, OSError, struct.error):
        return 1  # the picture is sound, only its metadata is not
    return value if isinstance(value, int) else 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation (CIPA DC-008, tag 0112): the stored picture to the one to look at."""
    match orientation:
        case 2:
            pixels = pixels[:, ::-1]
        case 3:
            pixels = pixels[::-1, ::-1]
        case 4:
            pixels = pixels[::-1]
        case 5:
            pixels = pixels.transpose(1, 0, 2)
        case 6:
            pixels = np.rot90(pixels, -1)
        case 7:
            pixels = pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            pixels = np.rot90(pixels)
    return np.ascontiguousarray(pixels)
