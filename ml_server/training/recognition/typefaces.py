"""Which fonts there are and what each can write: fontconfig lists them, their character maps tell."""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from random import Random

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it has no stubs
from PIL import ImageFont

# Folders of Debian's packages: Korean ones, and what English documents are set in.
_KOREAN = ("nanum", "noto", "baekmuk", "unfonts-core", "alee")
_LATIN = (
    "liberation dejavu crosextra courier-prime freefont lato open-sans unhinted RobotoTTF urw-base35 tex-gyre ocr-a"
)
# Drawn rather than set: seen on labels and signs, seldom in documents.
_FANCY = "Pen Brush Bandal Bangwool Eunjin Guseul Pilgi Dinaru Gungseo hline Graphic Z003 chorus OCRA Black Heavy"
_THIN = "Hairline Thin UltraLight ExtraLight"
_PLAIN = (
    "NanumGothic NanumMyeongjo NanumBarunGothic NotoS batang dotum gulim UnBatang UnDotum Liberation Nimbus Carlito "
    "Caladea texgyretermes texgyreheros DejaVuS"
)
_SLANTED = "italic oblique bdita"
_NO_LETTERS = "D050000L StandardSymbols MathTeXGyre"


@dataclass(frozen=True, slots=True)
class Typeface:
    """One face of a font file.

    Attributes:
        path: of the file.
        index: of the face in a collection, else 0.
        korean: whether it comes from a Korean package.
        weight: how often it is chosen beside the others; above 0.
    """

    path: str
    index: int
    korean: bool
    weight: float

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """The face at a size in pixels per em."""
        return _font(self.path, self.index, size)

    def writes(self, text: str) -> bool:
        """Whether it has a glyph for every character but the space."""
        return glyphs(self.path, self.index).issuperset(map(ord, text.replace(" ", "")))


class NoTypefaces(RuntimeError):
    """The machine has no fonts to draw with."""


# Each keeps a file open; the limit stays well under what a process may open.
@lru_cache(maxsize=300)
def _font(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index, layout_engine=ImageFont.Layout.BASIC)


@cache
def glyphs(path: str, index: int) -> frozenset[int]:
    """The code points that a face has an outline for."""
    # It complains of the dates in some fonts, which do not matter here.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with TTFont(path, fontNumber=index, lazy=True) as font:
        named: dict[int, str] = font.getBestCmap() or {}
        if "glyf" not in font:
            return frozenset(named)
        # Some fonts name all syllables and leave the rare ones empty.
        places = font["loca"]
        number = font.getReverseGlyphMap()
        return frozenset(code for code, name in named.items() if places[number[name] + 1] > places[number[name]])


@cache
def typefaces() -> tuple[Typeface, ...]:
    """Every usable face of the machine, in a fixed order.

    Raises:
        NoTypefaces: there is no ``fc-list``, or no Korean or no Latin face among what it lists.
    """
    try:
        listed = subprocess.run(
            ["fc-list", "--format", "%{file}\t%{index}\t%{family}\n"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoTypefaces("fc-list of fontconfig does not run") from error
    found = {face for line in listed.splitlines() if (face := _usable(*line.split("\t"))) is not None}
    if not {face.korean for face in found} >= {True, False}:
        raise NoTypefaces("install Korean and Latin fonts: fonts-nanum, fonts-noto-cjk, fonts-liberation, fonts-dejavu")
    return tuple(sorted(found, key=lambda face: (face.path, face.index)))


def _usable(file: str, index: str, family: str) -> Typeface | None:
    path = Path(file)
    korean = path.parent.name in _KOREAN
    if path.suffix not in (".ttf", ".otf", ".ttc") or not (korean or path.parent.name in _LATIN.split()):
        return None
    if any(word in path.name for word in _NO_LETTERS.split()) or (path.parent.name == "noto" and "KR" not in family):
        return None
    weight = 1.0
    if any(word in path.name for word in f"{_FANCY} {_THIN}".split()):
        weight = 0.35
    elif path.name.startswith(tuple(_PLAIN.split())):
        weight = 2.0
    if any(word in path.name.lower() for word in _SLANTED.split()):
        weight *= 0.35
    return Typeface(file, int(index) & 0xFFFF, korean, weight)


@cache
def _choices(korean: bool) -> tuple[tuple[Typeface, ...], tuple[float, ...]]:
    faces = tuple(face for face in typefaces() if face.korean is korean)
    return faces, tuple(face.weight for face in faces)


def choose(rng: Random, text: str, korean: bool) -> Typeface | None:
    """A face that has all glyphs of a text, or None where none is found.

    Args:
        rng: source of all chance.
        text: what it has to write.
        korean: from the Korean packages rather than from the Latin ones.
    """
    faces, weights = _choices(korean)
    tried = rng.choices(faces, weights, k=8)
    return next((face for face in (*tried, *faces) if face.writes(text)), None)
