"""What a scanner does to a page: a little turned, moved and scaled, blurred, faded, speckled, compressed."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml_server.training.synthetic.record import Box


@dataclass(frozen=True, slots=True)
class Warp:
    """How the sheet lay on the glass.

    Attributes:
        width: of the page in pixels, before and after.
        height: of the page in pixels.
        angle: degrees, clockwise.
        scale: about 1.
        shift: right and down, in pixels.
    """

    width: int
    height: int
    angle: float
    scale: float
    shift: tuple[float, float]

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the sheet comes to lie."""
        turn = math.radians(self.angle)
        middle_x, middle_y = self.width / 2, self.height / 2
        right, down = (x - middle_x) * self.scale, (y - middle_y) * self.scale
        return (
            middle_x + right * math.cos(turn) - down * math.sin(turn) + self.shift[0],
            middle_y + right * math.sin(turn) + down * math.cos(turn) + self.shift[1],
        )

    def box(self, box: Box) -> Box:
        """The upright box around a turned one, cut at the page's edges and at least a pixel wide and high."""
        corners = [self.point(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        left = min(max(0, round(min(x for x, _ in corners))), self.width - 1)
        top = min(max(0, round(min(y for _, y in corners))), self.height - 1)
        right = max(left + 1, min(self.width, round(max(x for x, _ in corners))))
        bottom = max(top + 1, min(self.height, round(max(y for _, y in corners))))
        return left, top, right, bottom

    def image(self, image: Image.Image) -> Image.Image:
        """The picture of the sheet as it lay; what it does not cover is white."""
        turn = math.radians(self.angle)
        cos, sin = math.cos(turn) / self.scale, math.sin(turn) / self.scale
        middle_x, middle_y = self.width / 2, self.height / 2
        to_x, to_y = middle_x + self.shift[0], middle_y + self.shift[1]
        inverse = (cos, sin, middle_x - cos * to_x - sin * to_y, -sin, cos, middle_y + sin * to_x - cos * to_y)
        size = (self.width, self.height)
        return image.transform(size, Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC, fillcolor="white")


def random_warp(rng: Random, width: int, height: int) -> Warp:
    """A sheet laid down by hand: mostly straight, now and then a degree or two askew."""
    return Warp(
        width,
        height,
        angle=max(-3.0, min(3.0, rng.gauss(0, 0.7))),
        scale=rng.uniform(0.94, 1.03),
        shift=(rng.uniform(-0.012, 0.012) * width, rng.uniform(-0.012, 0.012) * height),
    )


def scanned(png: bytes, warp: Warp, rng: Random) -> bytes:
    """A clean picture as a scanner or a fax would have given it.

    Args:
        png: of the warp's width and height.
        warp: moves the picture; move its boxes by the same.
        rng: source of all chance.

    Returns:
        A PNG of the same size, grey or black and white.
    """
    image = warp.image(Image.open(io.BytesIO(png)).convert("L"))
    if rng.random() < 0.6:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.MinFilter(3))  # a copy of a copy: strokes grow
    pixels = _toned(np.asarray(image, dtype=np.float32), np.random.default_rng(rng.getrandbits(32)), rng)
    image = Image.fromarray(pixels)
    if rng.random() < 0.5:
        squeezed = io.BytesIO()
        image.save(squeezed, "JPEG", quality=rng.randint(25, 80))
        image = Image.open(squeezed)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _toned(pixels: npt.NDArray[np.float32], noise: np.random.Generator, rng: Random) -> npt.NDArray[np.uint8]:
    """Fading, uneven light, grain, specks; on some pages nothing but black and white."""
    ink, paper = rng.uniform(0, 90), rng.uniform(215, 255)
    pixels = ink + pixels * ((paper - ink) / 255)
    if rng.random() < 0.3:
        pixels = pixels - np.linspace(0, rng.uniform(-25, 25), pixels.shape[1], dtype=np.float32)[None, :]
    pixels = pixels + noise.normal(0, rng.choice((0, 3, 8)), pixels.shape).astype(np.float32)
    specks = rng.choice((0.0, 0.0, 0.0003, 0.0015))
    pixels[noise.random(pixels.shape) < specks] = ink
    if rng.random() < 0.25:
        pixels = np.where(pixels < ink + (paper - ink) * rng.uniform(0.5, 0.8), 0.0, 255.0).astype(np.float32)
    return np.clip(pixels, 0, 255).astype(np.uint8)
