"""Around a line: rules, cell borders and neighbours, and the cut that a text detector makes."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw

from ml_server.training.recognition.render import Box, Ink, Setting

Corner = tuple[float, float]
_NEARBY = ("사업자등록번호", "다음과 같이 신청합니다", "total amount due", "1,234,567 890", "gypsum quay job")
_UPRIGHT = ("sides", "cell", "left")


def cut_out(rng: Random, ink: Ink, setting: Setting) -> Image.Image:
    """The line as a detector hands it on, at the size it was printed in.

    Args:
        rng: source of all chance.
        ink: the line; its mask is drawn into.
        setting: neighbours are set likewise.

    Returns:
        Mode ``L``, 0 paper to 255 ink.
    """
    roll = rng.random()
    rule = rng.choice(("under", "under", "below", "above", *_UPRIGHT)) if roll < 0.22 else ""
    margins = _margins(rng, ink, roomy=rule in _UPRIGHT)
    left, top, right, bottom = ink.box
    frame = (left - margins[0], top - margins[1], right + margins[2], bottom + margins[3])
    if rule:
        _rules(rng, ink, frame, rule)
    elif roll < 0.34:
        _neighbours(rng, ink, frame, setting)
    corners = _corners(rng, frame, ink.size)
    stretch = rng.choice((1.0, 1.0, rng.uniform(0.88, 1.0), rng.uniform(0.8, 1.2)))
    width, height = max(8, round((frame[2] - frame[0]) * stretch)), max(8, round(frame[3] - frame[1]))
    data = [edge for corner in corners for edge in corner]
    return ink.mask.transform((width, height), Image.Transform.QUAD, data, Image.Resampling.BICUBIC)


def _margins(rng: Random, ink: Ink, roomy: bool) -> Box:
    """Paper kept on the left, above, on the right and below, in pixels; a little below 0 cuts into the ink."""
    size = ink.size
    tight = rng.choice((0.02, 0.06, 0.1, 0.15, 0.22))
    across, down = (max(0.0, rng.gauss(tight, 0.04)) for _ in range(2))
    margins = [across, down, across, down]
    if rng.random() < 0.3:
        margins = [margin + rng.uniform(0, 0.25) for margin in margins]
    if rng.random() < 0.06:
        margins[rng.choice((1, 3))] = -rng.uniform(0.02, 0.06)
    if roomy:
        margins = [margins[0] + rng.uniform(0.25, 0.5), margins[1], margins[2] + rng.uniform(0.25, 0.5), margins[3]]
    elif rng.random() < 0.05:
        margins[rng.choice((0, 2))] += rng.uniform(0.3, 0.9)
    left, top, right, bottom = (margin * size for margin in margins)
    return left, top, right, bottom


def _corners(rng: Random, frame: Box, size: int) -> list[Corner]:
    """The frame's corners on the page, turned, slanted, in perspective: upper left, lower left, lower right, upper."""
    left, top, right, bottom = frame
    corners = [(left, top), (left, bottom), (right, bottom), (right, top)]
    roll = rng.random()
    if roll < 0.4:
        return corners
    # A detector turns long lines upright: what it leaves is some pixels over the whole line, and two degrees at most.
    most = min(math.radians(2), 0.35 * size / (right - left + 1))
    turn = max(-most, min(most, rng.gauss(0, most / 2)))
    slant = rng.uniform(-0.22, 0.3) if rng.random() < 0.12 else 0.0
    middle = ((left + right) / 2, (top + bottom) / 2)
    corners = [_turned(corner, middle, turn, slant) for corner in corners]
    if roll > 0.85:
        shift = 0.09 * size
        corners = [(x + rng.uniform(-shift, shift), y + rng.uniform(-shift, shift)) for x, y in corners]
    return corners


def _turned(corner: Corner, middle: Corner, turn: float, slant: float) -> Corner:
    right, down = corner[0] - middle[0], corner[1] - middle[1]
    right += slant * down
    return (
        middle[0] + right * math.cos(turn) - down * math.sin(turn),
        middle[1] + right * math.sin(turn) + down * math.cos(turn),
    )


def _rules(rng: Random, ink: Ink, frame: Box, kind: str) -> None:
    """An underline that touches the text, rules above and below, borders of a table's cell."""
    pen = ImageDraw.Draw(ink.mask)
    _, top, _, bottom = frame
    thick = max(1, round(ink.size * rng.choice((0.03, 0.04, 0.06, 0.1))))
    tone = rng.choice((255, 255, 180, 120))
    ends = (0, ink.mask.width)
    if kind == "under":
        y = ink.box[3] + rng.uniform(-0.1, 0.06) * ink.size
        start, stop = ends if rng.random() < 0.5 else (ink.box[0], ink.box[2])
        if rng.random() < 0.15:
            for dash in range(int(start), int(stop), thick * 4):
                pen.line([(dash, y), (dash + thick * 2, y)], tone, thick)
        else:
            pen.line([(start, y), (stop, y)], tone, thick)
    inside = rng.uniform(0.01, 0.05) * ink.size
    if kind in ("below", "cell"):
        pen.line([(ends[0], bottom - inside), (ends[1], bottom - inside)], tone, thick)
    if kind in ("above", "cell"):
        pen.line([(ends[0], top + inside), (ends[1], top + inside)], tone, thick)
    # An upright border next to the text reads as an l or a ㅣ unless it runs through all of the cut, paper beside it.
    room = 0.12 * ink.size + thick
    if kind in _UPRIGHT:
        borders = [(frame[0] + inside, ink.box[0] - room)]
        if kind != "left":
            borders.append((ink.box[2] + room, frame[2] - inside))
        for first, last in borders:
            if first <= last:
                x = first if first == frame[0] + inside else last
                pen.line([(x, 0), (x, ink.mask.height)], tone, thick)


def _neighbours(rng: Random, ink: Ink, frame: Box, setting: Setting) -> None:
    """Slivers of the lines above and below, at the edges of the cut."""
    font = setting.face.font(setting.size)
    pen = ImageDraw.Draw(ink.mask)
    words = [words for words in _NEARBY if setting.face.writes(words)]
    if not words:
        return
    reach = rng.uniform(0.03, 0.14) * setting.size
    start = rng.uniform(0, 2 * setting.size)
    text = "  ".join(rng.choice(words) for _ in range(1 + int((frame[2] - start) / (4 * setting.size))))
    if rng.random() < 0.5:
        pen.text((start, min(frame[1] + reach, ink.box[1] - 1)), text, fill=255, font=font, anchor="lb")
    else:
        above = pen.textbbox((0, 0), text, font=font, anchor="ls")[1]
        pen.text((start, max(frame[3] - reach, ink.box[3] + 1) - above), text, fill=255, font=font, anchor="ls")
