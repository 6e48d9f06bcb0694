"""Lines of text on white, to be read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ml_server import fonts
from ml_server.document import Page

LINES = ("Invoice number 2026-0417", "Total due 1,250.00", "Payment within 30 days")


def korean_font(size: int) -> ImageFont.FreeTypeFont:
    """A face with Hangul; the test is skipped where there is none."""
    found = fonts.hangul_font()
    if found is None:
        pytest.skip(f"no Korean font on this machine ({fonts.INSTALL})")
    return ImageFont.truetype(str(found.path), size, found.index)


def drawn(lines: tuple[str, ...] = LINES, font: ImageFont.FreeTypeFont | None = None) -> Page:
    """Lines of text, black on white, 120 pixels apart."""
    image = Image.new("RGB", (900, 60 + 120 * len(lines)), "white")
    written = font or ImageFont.load_default(size=40)
    for i, line in enumerate(lines):
        ImageDraw.Draw(image).text((60, 50 + 120 * i), line, fill="black", font=written)
    return Page(np.asarray(image))
