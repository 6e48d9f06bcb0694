"""The pictures an engine is measured on: whole pages and their lines cut out, as they are or as a bad scan."""

from __future__ import annotations

import io
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from ml_server.decode import DecodeLimits, decode_pages
from ml_server.errors import MLServerError
from ml_server.geometry import Box
from ml_server.training.ocr_truth import TruthPage
from ml_server.training.synthetic.scan import Warp

MARGIN = 0.1
"""Of a line's height, taken along on every side, as annotators draw boxes close to the ink; at least two pixels."""

FRAME = 0.5
"""Of a line's height, of paper around the cut: engines expect text on a page, not up to its edge."""

ANGLE = 1.0
BLUR = (0.5, 1.0)
SPECKS = 0.002
QUALITY = 40


def page_picture(page: TruthPage, limits: DecodeLimits, *, noise: bool) -> bytes:
    """The page's file as it is, or its scan with noise as a JPEG.

    Raises:
        InvalidImage, PayloadTooLarge: the picture cannot be read, which only the noise finds out.
        OSError: the file cannot be read.
    """
    if not noise:
        return page.image.read_bytes()
    return scanned(_decoded(page, limits), Random(page.name))


def line_pictures(page: TruthPage, limits: DecodeLimits, *, noise: bool) -> list[bytes]:
    """One picture for each of the page's lines, in order: PNG, or JPEG with noise of each line's own.

    Raises:
        InvalidImage, PayloadTooLarge: the page's picture cannot be read.
        OSError: the file cannot be read.
    """
    image = _decoded(page, limits)
    x, y = (image.width / page.size[0], image.height / page.size[1]) if page.size else (1.0, 1.0)
    pictures = []
    for number, (_, (left, top, right, bottom)) in enumerate(page.lines, start=1):
        line = cut(image, (left * x, top * y, right * x, bottom * y))
        if noise:
            pictures.append(scanned(line, Random(f"{page.name} {number}")))
        else:
            out = io.BytesIO()
            line.save(out, "PNG", compress_level=1)
            pictures.append(out.getvalue())
    return pictures


def cut(image: Image.Image, box: Box) -> Image.Image:
    """A line with :data:`MARGIN` around it, on a :data:`FRAME` of its own paper.

    Args:
        image: RGB.
        box: pixels; what lies outside the image is left out, and at least one pixel stays.
    """
    left, top, right, bottom = box
    height = max(bottom - top, 1.0)
    margin = max(2.0, MARGIN * height)
    x0 = min(max(0, round(left - margin)), image.width - 1)
    y0 = min(max(0, round(top - margin)), image.height - 1)
    x1 = max(x0 + 1, min(image.width, round(right + margin)))
    y1 = max(y0 + 1, min(image.height, round(bottom + margin)))
    line = image.crop((x0, y0, x1, y1))
    pixels = np.asarray(line)
    rim = np.concatenate((pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
    red, green, blue = (int(value) for value in np.median(rim, axis=0))
    return ImageOps.expand(line, border=max(8, round(FRAME * height)), fill=(red, green, blue))


def scanned(image: Image.Image, rng: Random) -> bytes:
    """A clean picture after a bad scanner.

    Turned by up to :data:`ANGLE` degrees either way about its middle, Gaussian blur of a radius within :data:`BLUR`
    pixels, a share of :data:`SPECKS` of the pixels black and as many white, JPEG of :data:`QUALITY`. The generator's
    own scans are of all kinds, mild and hard; these are alike, so that their scores can be compared.

    Args:
        image: RGB.
        rng: source of all chance.

    Returns:
        A JPEG of the same size.
    """
    warp = Warp(image.width, image.height, angle=rng.uniform(-ANGLE, ANGLE), scale=1.0, shift=(0.0, 0.0))
    blurred = warp.image(image).filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    pixels: npt.NDArray[np.uint8] = np.array(blurred)
    chance = np.random.default_rng(rng.getrandbits(32)).random(pixels.shape[:2])
    pixels[chance < SPECKS] = 0
    pixels[chance > 1 - SPECKS] = 255
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _decoded(page: TruthPage, limits: DecodeLimits) -> Image.Image:
    """RGB and upright, as an engine would see it."""
    try:
        (decoded,) = decode_pages(page.image.read_bytes(), 0, 1, limits)
    except MLServerError as error:
        error.message = f"{page.image}: {error.message}"
        raise
    return Image.fromarray(decoded.pixels)
