"""The pictures an engine is measured on: pages and their lines, as they are, badly scanned or photographed."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

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

Noise = Literal["scan", "photo"]
"""What happens to a clean picture first."""

TILT = 0.06
SHADE = 0.5
PHOTO_BLUR = (0.8, 1.6)
GRAIN = 6.0
PHOTO_QUALITY = 60


def page_picture(page: TruthPage, limits: DecodeLimits, *, noise: Noise | None) -> bytes:
    """The page's file as it is, or a scan or photograph of it as a JPEG.

    Raises:
        InvalidImage, PayloadTooLarge: the picture cannot be read, which only the noise finds out.
        OSError: the file cannot be read.
    """
    if not noise:
        return page.image.read_bytes()
    return _SPOILT[noise](_decoded(page, limits), Random(page.name))


def line_pictures(page: TruthPage, limits: DecodeLimits, *, noise: Noise | None) -> list[bytes]:
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
            pictures.append(_SPOILT[noise](line, Random(f"{page.name} {number}")))
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


def photographed(image: Image.Image, rng: Random) -> bytes:
    """A clean picture as somebody's telephone sees it.

    Every corner moved inwards by up to :data:`TILT` of the sides (perspective; around it is a grey table), light that
    falls off to one side by up to :data:`SHADE`, Gaussian blur of a radius within :data:`PHOTO_BLUR` pixels, grain with
    a standard deviation of :data:`GRAIN` levels, JPEG of :data:`PHOTO_QUALITY`. It stands in for photographs, which
    differ in more than that: paper is not flat, and labels are not pages.

    Args:
        image: RGB.
        rng: source of all chance.

    Returns:
        A JPEG of the same size.
    """
    width, height = image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    seen = [
        (x + math.copysign(rng.uniform(0, TILT), width / 2 - x) * width,
         y + math.copysign(rng.uniform(0, TILT), height / 2 - y) * height)
        for x, y in corners
    ]  # fmt: skip
    table = (rng.randint(70, 150),) * 3
    tilted = image.transform(
        image.size, Image.Transform.PERSPECTIVE, _perspective(seen, corners), Image.Resampling.BICUBIC, fillcolor=table
    ).filter(ImageFilter.GaussianBlur(rng.uniform(*PHOTO_BLUR)))
    turn = rng.uniform(0, 2 * math.pi)
    across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    light = 1 - rng.uniform(0.2, SHADE) * (1 + across * math.cos(turn) + down * math.sin(turn)) / 2
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0.0, GRAIN, (height, width, 1))
    pixels = np.asarray(tilted) * light[..., None] + noise
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=PHOTO_QUALITY)
    return out.getvalue()


_SPOILT: dict[str, Callable[[Image.Image, Random], bytes]] = {"scan": scanned, "photo": photographed}


def _perspective(seen: Sequence[tuple[float, float]], flat: Sequence[tuple[float, float]]) -> list[float]:
    """The eight coefficients by which Pillow finds, for a point of the photograph, the one on the sheet."""
    rows, targets = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        targets += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows, float), np.array(targets, float))]


def _decoded(page: TruthPage, limits: DecodeLimits) -> Image.Image:
    """RGB and upright, as an engine would see it."""
    try:
        (decoded,) = decode_pages(page.image.read_bytes(), 0, 1, limits)
    except MLServerError as error:
        error.message = f"{page.image}: {error.message}"
        raise
    return Image.fromarray(decoded.pixels)
