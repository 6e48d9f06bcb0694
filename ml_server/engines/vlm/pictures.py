"""A page as the model gets it: of a size it works with, as a data URL."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

from ml_server.document import Page
from ml_server.engines.vlm.prompts import Family
from ml_server.errors import InvalidImage

MOST_SLENDER = 200
"""Longer side by shorter side, which the models' own preprocessing refuses beyond."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is sent.

    Attributes:
        url: ``data:image/png;base64,…``.
        width: pixels; boxes in the answer are in these.
        height: pixels.
    """

    url: str
    width: int
    height: int


def fitting_size(width: int, height: int, family: Family, max_pixels: int) -> tuple[int, int]:
    """The size, in pixels, that a page is sent in.

    Both sides are multiples of the family's factor and their product lies within its limits, with the page's
    proportions as far as that goes: what the model's own preprocessing makes of the page. It then leaves the picture as
    it is, and the boxes in its answer are in pixels of what was sent.

    Args:
        width: of the page, pixels.
        height: of the page, pixels.
        family: for factor and lower limit.
        max_pixels: upper limit.

    Raises:
        InvalidImage: one side is over 200 times as long as the other.
    """
    if max(width, height) > MOST_SLENDER * min(width, height):
        raise InvalidImage(
            f"the page is {width} x {height} pixels; vision-language models read pages of which one side is at most "
            f"{MOST_SLENDER} times the other",
            field="image",
        )
    factor = family.factor
    across, down = (max(factor, round(side / factor) * factor) for side in (width, height))
    if across * down > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        across, down = (max(factor, math.floor(side / shrink / factor) * factor) for side in (width, height))
    elif across * down < family.min_pixels:
        grow = math.sqrt(family.min_pixels / (width * height))
        across, down = (math.ceil(side * grow / factor) * factor for side in (width, height))
    # Rounding must not make it more slender than the model's own preprocessing, which comes after, lets through.
    least = math.ceil(max(across, down) / MOST_SLENDER / factor) * factor
    return max(across, least), max(down, least)


def picture(page: Page, family: Family, max_pixels: int, image_format: str, double_below: int = 0) -> Picture:
    """The page in its fitting size.

    Args:
        page: RGB.
        family: of the model that will see it.
        max_pixels: upper limit.
        double_below: pages whose sides are both shorter, in pixels, are enlarged to twice their size first.
        image_format: ``png``, or ``jpeg`` of quality 95, which is smaller and a little less true.

    Raises:
        InvalidImage: too slender.
    """
    from PIL import Image

    times = 2 if max(page.width, page.height) < double_below else 1
    size = fitting_size(times * page.width, times * page.height, family, max_pixels)
    image = Image.fromarray(page.pixels)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if image_format == "jpeg" else {"compress_level": 1}
    image.save(file, image_format, **options)
    return Picture(f"data:image/{image_format};base64,{base64.b64encode(file.getvalue()).decode()}", *size)
