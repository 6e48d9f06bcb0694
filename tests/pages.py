"""Pages for tests."""

from __future__ import annotations

import io

from PIL import Image

from ml_server.engines.mock_engine import TRIGGER


def png(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (255, 255, 255)) -> bytes:
    """A plain page."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def bad_png() -> bytes:
    """A page on which the mock engine fails as it is configured to."""
    return png(colour=TRIGGER)


def tiff(*sizes: tuple[int, int]) -> bytes:
    """A TIFF of white pages, (width, height) in pixels each."""
    file = io.BytesIO()
    first, *rest = [Image.new("RGB", size, "white") for size in sizes]
    first.save(file, "TIFF", save_all=True, append_images=rest)
    return file.getvalue()
