"""How a line looks on paper, on a screen, on a scan, on a receipt, on a photographed label."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml_server.training.recognition import print_marks

Pixels = npt.NDArray[np.float32]
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """What is done to one line; shares and distances in the units given.

    Attributes:
        ink, paper: red, green and blue, 0 to 255.
        marks: how the ink lies: ``full``, ``dots``, ``thermal``, ``rough``.
        blur: radius in pixels, 0 for none.
        shake: length of a movement to the side in pixels, 1 for none.
        light: how far the paper's tone runs across the line, in tones; 0 for none.
        texture: how far it varies in patches, in tones.
        grain: deviation of the noise, in tones.
        specks: share of pixels that are salt or pepper.
        cut: of the way from ink to paper, where all becomes black or white; 0 for none.
        jpeg: quality, 0 for none.
    """

    ink: Colour
    paper: Colour
    marks: str = "full"
    blur: float = 0.0
    shake: int = 1
    light: float = 0.0
    texture: float = 0.0
    grain: float = 0.0
    specks: float = 0.0
    cut: float = 0.0
    jpeg: int = 0


def random_look(rng: Random, height: int) -> Look:
    """A look for a line: a third clean, a third scanned, the others photographed, faxed, printed badly.

    Args:
        rng: source of all chance.
        height: of the picture in pixels; blur goes with it.
    """
    roll = rng.random()
    if roll < 0.3:
        return _clean(rng)
    if roll < 0.68:
        return _scan(rng, height)
    if roll < 0.86:
        return _photograph(rng, height)
    if roll < 0.94:
        grey = rng.uniform(20, 130)
        paper = rng.uniform(200, 255)
        return Look(
            (grey,) * 3,
            (paper,) * 3,
            marks=rng.choice(("thermal", "thermal", "dots")),
            blur=height * rng.uniform(0.0, 0.02),
            grain=rng.choice((0, 3, 7)),
            jpeg=rng.choice((0, 40, 70)),
        )
    return Look(
        (rng.uniform(0, 60),) * 3,
        (255.0,) * 3,
        marks=rng.choice(("full", "rough")),
        blur=height * rng.uniform(0.005, 0.02),
        grain=rng.choice((0, 12, 25)),
        specks=rng.choice((0, 0.002, 0.006)),
        cut=rng.uniform(0.4, 0.7),
    )


def _clean(rng: Random) -> Look:
    ink, paper = _colours(rng, 0.3)
    return Look(ink, paper, blur=rng.choice((0, 0, rng.uniform(0.2, 0.6))), jpeg=rng.choice((0, 0, 90, 75)))


def _scan(rng: Random, height: int) -> Look:
    ink, paper = _colours(rng, 0.12)
    return Look(
        ink,
        paper,
        marks=rng.choice(("full", "full", "full", "rough")),
        blur=height * rng.choice((0, rng.uniform(0.005, 0.025), rng.uniform(0.01, 0.045))),
        light=rng.choice((0, 0, rng.uniform(-30, 30))),
        grain=rng.choice((0, 3, 6, 10, 18)),
        specks=rng.choice((0, 0, 0, 0.001, 0.004, 0.012)),
        jpeg=rng.choice((0, rng.randint(30, 60), rng.randint(60, 90))),
    )


def _photograph(rng: Random, height: int) -> Look:
    ink, paper = _colours(rng, 0.75)
    return Look(
        ink,
        paper,
        blur=height * rng.uniform(0.01, 0.045),
        shake=rng.choice((1, 1, 1, max(1, round(height * rng.uniform(0.03, 0.08))))),
        light=rng.uniform(-60, 60),
        texture=rng.choice((0, 8, 20, 35)),
        grain=rng.choice((0, 4, 8, 14)),
        jpeg=rng.randint(35, 90),
    )


def _colours(rng: Random, coloured: float) -> tuple[Colour, Colour]:
    """Ink and paper: dark on light mostly, at times inverse, grey or of low contrast."""
    roll = rng.random()
    light, dark = rng.choice((255.0, 255.0, rng.uniform(215, 255))), rng.choice((0.0, rng.uniform(0, 70)))
    if roll < 0.1:
        light = rng.uniform(160, 220)
    elif roll < 0.18:
        dark = light - rng.uniform(50, 100)
    ink, paper = _tint(rng, dark, coloured), _tint(rng, light, coloured * 0.6)
    if rng.random() < 0.05 + coloured * 0.25:
        return paper, ink
    return ink, paper


def _tint(rng: Random, tone: float, coloured: float) -> Colour:
    """A colour about as light as a tone; how light it looks to the eye changes by 30 at most."""
    if rng.random() >= coloured:
        return (tone, tone, tone)
    # Green counts most in how light a colour looks, so it moves least.
    red, green, blue = (min(255.0, max(0.0, tone + rng.uniform(-most, most))) for most in (70, 28, 110))
    return red, green, blue


def worn(mask: Image.Image, look: Look, noise: np.random.Generator) -> Image.Image:
    """The picture of a line.

    Args:
        mask: mode ``L``, 0 paper to 255 ink.
        look: what it has been through.
        noise: source of all chance.

    Returns:
        Mode ``L`` where ink and paper are grey, else ``RGB``; of the mask's size.
    """
    mask = print_marks.printed(mask, look.marks, noise)
    if look.blur > 0.2:
        mask = mask.filter(ImageFilter.GaussianBlur(look.blur))
    cover: Pixels = np.asarray(mask, dtype=np.float32) / np.float32(255)
    if look.shake > 1:
        cover = _shaken(cover, look.shake)
    if look.cut:
        # Thin strokes that blur made pale would vanish otherwise.
        cover = np.minimum(cover / max(0.3, float(cover.max())), 1)
    grey = len({*look.ink}) == 1 and len({*look.paper}) == 1
    ink, paper = (np.array(colour[:1] if grey else colour, np.float32) for colour in (look.ink, look.paper))
    pixels: Pixels = paper + (ink - paper) * cover[..., None]
    uneven = _uneven(cover.shape, look, noise)
    if uneven is not None:
        pixels = pixels + uneven[..., None]
    if look.specks:
        at = noise.random(cover.shape, np.float32)
        pixels[at < look.specks] = 0
        pixels[at > 1 - look.specks] = 255
    if look.cut:
        middle = float(ink.mean() + (paper.mean() - ink.mean()) * look.cut)
        pixels = np.where(pixels < middle, np.float32(0), np.float32(255))
    toned = np.clip(pixels, 0, 255).astype(np.uint8)
    picture = Image.fromarray(toned[..., 0] if grey else toned)
    return _squeezed(picture, look.jpeg) if look.jpeg else picture


def legible(mask: Image.Image, picture: Image.Image) -> bool:
    """Whether enough of the ink can still be told from the paper; both of one size."""
    small = (max(4, 20 * mask.width // mask.height), 20)
    ink, seen = (
        np.asarray(image.convert("L").resize(small, Image.Resampling.BOX), np.float32) for image in (mask, picture)
    )
    ink, seen = ink - ink.mean(), seen - seen.mean()
    likeness = abs(float((ink * seen).mean())) / max(1e-6, float(ink.std() * seen.std()))
    # As far apart as the letters' tone and the paper's have to be for an eye.
    contrast = abs(float((ink * seen).mean())) / max(1e-6, float(ink.var())) * 255
    return likeness > 0.6 and contrast > 24


def _shaken(cover: Pixels, length: int) -> Pixels:
    """Mean over ``length`` pixels to the side."""
    padded = np.pad(cover, ((0, 0), (length, 0)), mode="edge").cumsum(axis=1, dtype=np.float64)
    shaken: Pixels = ((padded[:, length:] - padded[:, :-length]) / length).astype(np.float32)
    return shaken


def _uneven(shape: tuple[int, ...], look: Look, noise: np.random.Generator) -> Pixels | None:
    """What light, texture and grain add to every pixel, in tones."""
    height, width = shape
    added: Pixels | None = None
    if look.light:
        added = np.broadcast_to(np.linspace(0, look.light, width, dtype=np.float32), shape).copy()
    if look.texture:
        coarse = noise.normal(0, look.texture, (max(2, height // 12), max(2, width // 20))).astype(np.float32)
        patches = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))
        added = patches if added is None else added + patches
    if look.grain:
        grain = noise.standard_normal(shape, np.float32) * np.float32(look.grain)
        added = grain if added is None else added + grain
    return added


def _squeezed(picture: Image.Image, quality: int) -> Image.Image:
    squeezed = io.BytesIO()
    picture.save(squeezed, "JPEG", quality=quality)
    return Image.open(squeezed)
