"""How ink lies on paper: in needles' dots, faded by age and heat, or rough at its edges."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

# Rows of dots in a line of text and its margins; printers of forms have 24 needles to an em.
_ROWS = 26


def printed(mask: Image.Image, marks: str, noise: np.random.Generator) -> Image.Image:
    """The mask as a way of printing leaves it.

    Args:
        mask: mode ``L``, 0 paper to 255 ink.
        marks: ``full``, ``dots``, ``thermal`` or ``rough``.
        noise: source of all chance.

    Raises:
        ValueError: another way.
    """
    if marks == "full":
        return mask
    if marks == "dots":
        return _dots(mask)
    if marks == "thermal":
        return _thermal(mask, noise)
    if marks == "rough":
        return _rough(mask, noise)
    raise ValueError(f"no way of printing is called {marks!r}")


def _dots(mask: Image.Image) -> Image.Image:
    """Needles: each point of a coarse grid inked or not, round dots in its place."""
    pitch = max(2, round(mask.height / _ROWS))
    coarse = mask.resize((-(-mask.width // pitch), -(-mask.height // pitch)), Image.Resampling.BOX)
    cells = np.asarray(coarse, np.float32)
    dots = np.kron((cells > 90) * np.minimum(255, cells + 60), _needle(pitch))
    return Image.fromarray(dots[: mask.height, : mask.width].astype(np.uint8))


@cache
def _needle(pitch: int) -> npt.NDArray[np.float32]:
    """A round dot on a square of ``pitch`` pixels, 0 to 1."""
    steps = (np.arange(pitch, dtype=np.float32) + 0.5) / pitch - 0.5
    apart = np.sqrt(steps[:, None] ** 2 + steps[None, :] ** 2)
    dot: npt.NDArray[np.float32] = np.clip(1.55 - apart * 1.9, 0.25, 1.0).astype(np.float32)
    return dot


def _thermal(mask: Image.Image, noise: np.random.Generator) -> Image.Image:
    """A receipt: the ink pale in stretches, now and then a row of the head that does not heat."""
    width, height = mask.size
    coarse = noise.uniform(90, 255, (2, max(2, width // (2 * height) + 2))).astype(np.uint8)
    pale = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    faded = ImageChops.multiply(mask, pale)
    if noise.random() < 0.3:
        x = int(noise.integers(width))
        faded.paste(0, (x, 0, x + 1, height))
    return faded


def _rough(mask: Image.Image, noise: np.random.Generator) -> Image.Image:
    """Toner and copies of copies: edges eaten, flecks in the strokes."""
    cover = np.asarray(mask, np.float32)
    # Small letters have thin strokes: there is less to eat.
    deep = np.float32(min(70, 20 + mask.height))
    eaten = cover + noise.standard_normal(cover.shape, np.float32) * deep * (cover > 8)
    return Image.fromarray(np.clip((eaten - deep * 0.8) * 1.8, 0, 255).astype(np.uint8))
