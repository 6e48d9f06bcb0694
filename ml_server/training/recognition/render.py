"""Text to ink: one line set in one or two fonts, with its letters and words as far apart as it was printed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ml_server.training.recognition.typefaces import Typeface, choose

Box = tuple[float, float, float, float]
# Between words there is always this much more than between letters, in ems: less, and no reader could tell.
_LEAST_SPACE = 0.17


@dataclass(frozen=True, slots=True)
class Setting:
    """How a line is set.

    Attributes:
        face: for all of it but ``others``.
        other: for ``others``, or None: Latin in a Korean line, symbols that a font lacks.
        others: the characters that ``other`` writes.
        size: pixels per em.
        tracking: added after every letter, in ems; negative is tight.
        space: width of a space against the font's own.
        columns: chance of a gap of one to three ems in place of a space, as between columns.
        bold: printed twice, a little apart.
    """

    face: Typeface
    other: Typeface | None
    others: frozenset[str]
    size: int
    tracking: float
    space: float
    columns: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Ink:
    """A line as set.

    Attributes:
        mask: mode ``L``, 0 paper to 255 ink, with at least an em of paper on every side.
        box: left, top, right, bottom of what a detector would take for the line: its ink, but never much less high than
            its letters.
        size: pixels per em.
    """

    mask: Image.Image
    box: Box
    size: int


def random_setting(rng: Random, text: str) -> Setting | None:
    """A way to set a text, or None where no font has all its glyphs."""
    faces = _faces(rng, text)
    if faces is None:
        return None
    # A third of lines exactly as the font has it, the others tighter (down to -8 %) or looser.
    tracking = rng.choice((0.0, 0.0, rng.uniform(-0.08, 0.0), rng.uniform(0.0, 0.08), rng.uniform(0.0, 0.03)))
    if rng.random() < 0.03:
        tracking = rng.uniform(0.08, 0.2)
    size = rng.randint(14, 64) if rng.random() < 0.2 else min(64, max(14, round(rng.lognormvariate(3.35, 0.3))))
    spaces: tuple[float, ...] = (1.0, 1.0, rng.uniform(0.6, 1.0), rng.uniform(1.0, 2.2))
    if len(text) > 2 and set(text[1::2]) == {" "}:
        # Letters with spaces between them must not look like letters that are merely far apart.
        tracking, spaces = min(tracking, 0.0), (rng.uniform(1.3, 5),)
    return Setting(
        face=faces[0],
        other=faces[1],
        others=faces[2],
        size=size,
        tracking=tracking,
        space=rng.choice(spaces),
        columns=rng.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 0.5)),
        bold=rng.random() < 0.1,
    )


def _faces(rng: Random, text: str) -> tuple[Typeface, Typeface | None, frozenset[str]] | None:
    """A face, another, and what the other writes."""
    korean = any(mark > "\u2e80" for mark in text) or rng.random() < 0.25
    roll = rng.random()
    if korean and roll < 0.2:
        others = frozenset(mark for mark in text if mark.isascii() and mark != " ")
    elif roll < 0.5:
        # As a word processor does where a font lacks a symbol.
        others = frozenset(mark for mark in text if not (mark.isascii() or mark.isalpha()))
    else:
        others = frozenset()
    rest = "".join(mark for mark in text if mark not in others)
    if others and rest.strip():
        alien, like = "".join(sorted(others)), korean and roll >= 0.2
        # Ticks and boxes are in no Korean font.
        face, other = choose(rng, rest, korean), choose(rng, alien, like) or choose(rng, alien, not like)
        if face is not None and other is not None:
            return face, other, others if roll < 0.2 else frozenset(mark for mark in others if not face.writes(mark))
    face = choose(rng, text, korean) or choose(rng, text, not korean)
    return None if face is None else (face, None, frozenset())


def set_line(rng: Random, text: str, setting: Setting) -> Ink:
    """Draw a line of text, all of which the setting's faces can write.

    Args:
        rng: source of all chance.
        text: 1 character at least, single spaces.
        setting: how.
    """
    pieces, width = _placed(rng, text, setting)
    size = setting.size
    # Ascenders and descenders stay within an em and a half of the baseline in every font that is used.
    mask = Image.new("L", (round(width) + 4 * size, 4 * size), 0)
    pen = ImageDraw.Draw(mask)
    baseline = 2.3 * size
    for x, piece, font in pieces:
        pen.text((2 * size + x, baseline), piece, fill=255, font=font, anchor="ls")
    if setting.bold:
        mask = ImageChops.lighter(mask, ImageChops.offset(mask, max(1, round(size / 24)), 0))
    left, top, right, bottom = mask.getbbox() or (2 * size, 2 * size, 3 * size, 3 * size)
    return Ink(mask, (left, min(top, baseline - 0.62 * size), right, max(bottom, baseline + 0.02 * size)), size)


def _placed(rng: Random, text: str, setting: Setting) -> tuple[list[tuple[float, str, ImageFont.FreeTypeFont]], float]:
    """Where each piece begins, the piece and its font, all in pixels; and the width of the line."""
    main = setting.face.font(setting.size)
    other = setting.other.font(setting.size) if setting.other else main
    tracking = setting.tracking * setting.size
    least = setting.size * _LEAST_SPACE + max(0.0, tracking)
    pieces: list[tuple[float, str, ImageFont.FreeTypeFont]] = []
    x = 0.0
    for at, word in enumerate(text.split(" ")):
        if at:
            space = max(least, main.getlength(" ") * setting.space) + tracking
            if setting.columns and rng.random() < setting.columns:
                space += setting.size * rng.uniform(0.7, 3)
            x += space
        for piece, font in _pieces(word, main, other, setting.others, whole=tracking == 0):
            pieces.append((x, piece, font))
            x += font.getlength(piece) + tracking
    return pieces, x


def _pieces(
    word: str, main: ImageFont.FreeTypeFont, other: ImageFont.FreeTypeFont, others: frozenset[str], whole: bool
) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """Characters one by one, or as few runs of one font as will do."""
    if not whole:
        return [(mark, other if mark in others else main) for mark in word]
    return [("".join(run), other if alien else main) for alien, run in groupby(word, others.__contains__)]
