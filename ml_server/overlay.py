"""What an engine read, drawn for people: the page with its boxes on the left, the text set at the same places right."""

from __future__ import annotations

import logging
import math
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from ml_server import fonts
from ml_server.document import Line, OCRPage, Page, Polygon
from ml_server.geometry import Box, box_to_polygon, make_line, polygon_to_box

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour: TypeAlias = tuple[int, int, int]

# Lowest confidence, colour, and what the caption says; checked from the top.
BANDS: tuple[tuple[float, Colour, str], ...] = (
    (0.9, (22, 128, 82), "confidence ≥ 0.90"),
    (0.7, (196, 122, 0), "≥ 0.70"),
    (0.0, (204, 41, 54), "below"),
)
INK: Colour = (24, 28, 36)
RULE: Colour = (205, 210, 218)
LAYOUT: Colour = (109, 62, 184)

_log = logging.getLogger(__name__)


def draw(page: Page, result: OCRPage, font_path: Path | None = None, *, max_side: int = 2400) -> Image.Image:
    """The page with the outline of every line, and beside it the recognised text at the same places.

    Outlines are green, amber or red by confidence, and run around the letters, not over them. Blocks, where the engine
    has found some, are outlined in violet and named with their category where that hides no text, and their lines,
    whose places are estimates, are not. A caption above names engine, languages and mean confidence.

    Args:
        page: as it was read.
        result: polygons in the page's pixels.
        font_path: a font that has the text's letters; None for a Korean one found on this machine. Where there is
            none, a warning says so and letters outside Latin show as empty boxes.
        max_side: longest side of the page in the drawing, pixels; larger pages are drawn smaller.

    Returns:
        RGB, twice as wide as the page (as drawn) plus a rule.
    """
    scale = min(1.0, max_side / max(page.width, page.height))
    width, height = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    file = fonts.FontFile(font_path) if font_path is not None else fonts.hangul_font()
    _warn_of_missing_letters(file, result.text)

    bar = max(28, round(width * 0.022))
    gap = max(2, width // 400)
    sheet = Image.new("RGB", (2 * width + gap, height + bar), "white")
    picture = Image.fromarray(page.pixels).resize((width, height), Image.Resampling.LANCZOS)
    sheet.paste(picture, (0, bar))
    marks = ImageDraw.Draw(sheet)
    marks.rectangle((width, bar, width + gap - 1, height + bar), fill=RULE)
    stroke = max(1, round(width / 700))
    estimated = _estimated(result)
    for line in result.lines:
        corners = _scaled(line.bbox, scale, bar)
        if not estimated:
            marks.polygon(_around(corners, stroke), outline=_colour(line), width=stroke)
        marks.polygon([(x + width + gap, y) for x, y in corners], outline=RULE)
        for run in _runs(line):
            placed = [(x + width + gap, y) for x, y in _scaled(run.bbox, scale, bar)]
            _set_text(sheet, run, placed, file)
    taken = [polygon_to_box(line.bbox) for line in result.lines]
    taken = [(left * scale, top * scale + bar, right * scale, low * scale + bar) for left, top, right, low in taken]
    for block in result.blocks:
        corners = _around(_scaled(block.bbox, scale, bar), stroke)
        marks.polygon(corners, outline=LAYOUT, width=stroke)
        taken.append(_tag(marks, block.category, corners, bar * 0.45, file, (0, bar, width, bar + height), taken))
    _caption(marks, result, sheet.width, bar, file)
    return sheet


def _estimated(result: OCRPage) -> bool:
    """Whether the lines' places and confidences are made up from blocks, see :mod:`ml_server.engines.vlm.lines`."""
    return any(block.text and block.confidence is None for block in result.blocks)


def _around(corners: list[tuple[float, float]], room: float) -> list[tuple[float, float]]:
    """The quadrangle with so much more room on every side."""
    cx, cy = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
    return [(x + math.copysign(room, x - cx), y + math.copysign(room, y - cy)) for x, y in corners]


def _runs(line: Line) -> list[Line]:
    """A level line in parts with wide gaps between them, so that each is set where it stands; another line as it is."""
    (ax, ay), (bx, by), *_ = line.bbox
    boxes = [polygon_to_box(word.bbox) for word in line.words]
    wide = 1.3 * median(low - top for _, top, _, low in boxes)
    starts = [i for i in range(1, len(boxes)) if boxes[i][0] - boxes[i - 1][2] > wide]
    if abs(by - ay) > 0.01 * (bx - ax) or not starts:
        return [line]
    runs = []
    for start, end in pairwise([0, *starts, len(boxes)]):
        lefts, tops, rights, lows = zip(*boxes[start:end], strict=True)
        box = (min(lefts), min(tops), max(rights), max(lows))
        runs.append(make_line(line.words[start:end], line.confidence, box_to_polygon(box)))
    return runs


def _tag(
    marks: ImageDraw.ImageDraw,
    text: str,
    corners: list[tuple[float, float]],
    size: float,
    file: fonts.FontFile | None,
    page: Box,
    taken: list[Box],
) -> Box:
    """A label at a block: above its upper edge, or at the side where it hides least of the page's text; its place."""
    font = _font(file, size)
    margin, (left, _, right, low) = size * 0.3, font.getbbox(text)
    wide, high = right - left + 2 * margin, low + margin
    x0, y0, x1, y1 = polygon_to_box((corners[0], corners[1], corners[2], corners[3]))
    places = [(x0, y0 - high), (x1 - wide, y0 - high), (x0 - wide, y0), (x1, y0), (x0, y1), (x1 - wide, y1)]
    boxes: list[Box] = [(x, y, x + wide, y + high) for x, y in places]
    least = min(boxes, key=lambda box: round(sum(_shared(box, other) for other in taken) - _shared(box, page)))
    marks.rectangle(least, fill=LAYOUT)
    marks.text((least[0] + margin, least[1]), text, fill="white", font=font)
    return least


def _shared(one: Box, other: Box) -> float:
    """Area that two boxes have in common."""
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


def _scaled(polygon: Polygon, scale: float, down: float) -> list[tuple[float, float]]:
    return [(x * scale, y * scale + down) for x, y in polygon]


def _colour(line: Line) -> Colour:
    return next(colour for least, colour, _ in BANDS if line.confidence >= least or least == 0.0)


def _set_text(sheet: Image.Image, line: Line, corners: list[tuple[float, float]], file: fonts.FontFile | None) -> None:
    """Write the line's text as large as its quadrangle allows, turned as the quadrangle is."""
    (ax, ay), (bx, by), _, (dx, dy) = corners
    across, down = math.hypot(bx - ax, by - ay), math.hypot(dx - ax, dy - ay)
    # A tall narrow quadrangle of several letters holds text that runs down or up the page.
    upright = down <= across * 1.5 or len(line.text) < 2
    length, size = (across, down) if upright else (down, across)
    angle = math.degrees(math.atan2(by - ay, bx - ax))
    if not upright:
        runs_up = line.words[0].bbox[0][1] > line.words[-1].bbox[0][1]
        angle += -90 if runs_up else 90
    # As long as on the page. Digits alone fill 0.72 of the type size, so a tight box may ask for 1/0.72 of its height.
    probe = _font(file, 100).getlength(line.text)
    fitting = 100 * length / probe if probe and len(line.text) > 1 else size
    font = _font(file, max(6.0, min(size / 0.72, fitting)))
    left, top, right, bottom = font.getbbox(line.text)
    label = Image.new("L", (max(1, math.ceil(right - left) + 2), max(1, math.ceil(bottom - top) + 2)))
    ImageDraw.Draw(label).text((1 - left, 1 - top), line.text, fill=255, font=font)
    if abs(angle) > 0.5:
        label = label.rotate(-angle, expand=True, resample=Image.Resampling.BICUBIC)
    cx, cy = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
    at = (round(cx - label.width / 2), round(cy - label.height / 2))
    if abs(angle) <= 0.5:  # straight text starts where it starts on the page
        at = (round(min(x for x, _ in corners)), at[1])
    sheet.paste(INK, (*at, at[0] + label.width, at[1] + label.height), label)


def _caption(marks: ImageDraw.ImageDraw, result: OCRPage, width: int, height: int, file: fonts.FontFile | None) -> None:
    marks.rectangle((0, 0, width, height - 1), fill=(240, 242, 246))
    font = _font(file, height * 0.55)
    count = len(result.lines)
    text = f"{result.engine}  ·  {result.language}  ·  {count} line{'' if count == 1 else 's'}"
    if result.blocks:
        text += f"  ·  {len(result.blocks)} block{'' if len(result.blocks) == 1 else 's'}"
    if count and not _estimated(result):
        text += f"  ·  mean confidence {result.overall_confidence:.2f}"
    marks.text((height * 0.4, height * 0.18), text, fill=INK, font=font)
    x = width - height * 0.4
    for _, colour, label in reversed(BANDS):
        x -= font.getlength(label)
        marks.text((x, height * 0.18), label, fill=colour, font=font)
        x -= height * 0.6


def _font(file: fonts.FontFile | None, size: float) -> Font:
    return fonts.load(file, size) if file is not None else ImageFont.load_default(size)


def _warn_of_missing_letters(file: fonts.FontFile | None, text: str) -> None:
    font = _font(file, 24)
    # Fonts draw one and the same box for every letter they lack; U+10FFFF is never a letter.
    box = bytes(font.getmask("\U0010ffff"))
    missing = sorted({letter for letter in text if letter > "\u024f" and bytes(font.getmask(letter)) == box})
    if missing:
        which = file.path.name if file is not None else "no Korean font was found, and Pillow's own font"
        sample = " ".join(missing[:8])
        _log.warning("%s lacks %d letters of the text (%s); try: %s", which, len(missing), sample, fonts.INSTALL)
