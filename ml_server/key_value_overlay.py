"""What an extractor understood, drawn for people: entities in colours on the page, arrows from question to answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from ml_server import arrows, fonts
from ml_server.document import Entity, Page, Relation
from ml_server.geometry import Box, polygon_to_box
from ml_server.key_value import KeyValuePage
from ml_server.overlay import INK, RULE, Colour

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

COLOURS: dict[str, Colour] = {
    "HEADER": (142, 52, 173),
    "QUESTION": (24, 96, 214),
    "ANSWER": (12, 140, 76),
    "OTHER": (128, 134, 144),
}
SPARE: tuple[Colour, ...] = ((190, 120, 0), (0, 134, 150), (176, 60, 40), (96, 110, 20), (90, 80, 160), (150, 70, 110))
"""For the labels of other models, in alphabetical order; the seventh takes the first again."""

ANSWERS: Colour = (226, 42, 92)
HEADS: Colour = (186, 136, 206)

_SHARPER = 2
"""Marks are drawn this many times larger and then reduced, because Pillow does not smooth lines."""
_LEAST_SIDE = 1600
_QUIET = frozenset({"OTHER"})
_FAN = 3
"""Answers from which on a question's arrows are thin and let the page show through: it heads a table."""
_FAINT = 150
"""Opacity of an arrow that lets the page show through, 0..255."""
_STEP = 8.0
"""Pixels between the places at which an arrow is looked whether it hides text."""


def draw(page: Page, result: KeyValuePage, *, max_side: int = 2400) -> Image.Image:
    """The page, paler, with its entities and relations on it, and a legend above.

    An arrow runs from a question to each of its answers, a thin one from a header to each of its questions; where one
    would hide text it is thin and lets the page show through. The legend says how many there are of each.

    Args:
        page: as it was read.
        result: polygons in the page's pixels.
        max_side: longest side of the page in the drawing, pixels; larger pages are drawn smaller, small ones up to
            twice as large.

    Returns:
        RGB, as wide as the page (as drawn), higher by the legend.
    """
    longest = max(page.width, page.height)
    # Small scans are enlarged: marks as fine as their letters would not be seen.
    scale = max_side / longest if longest > max_side else max(1.0, min(2.0, _LEAST_SIDE / longest))
    width, height = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    picture = Image.fromarray(page.pixels).resize((width, height), Image.Resampling.LANCZOS)
    # Paler, so that the marks stand out; dark enough to read.
    picture = Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.25)
    marks = _marks(result, picture.size, scale).resize(picture.size, Image.Resampling.LANCZOS)
    picture.paste(marks, (0, 0), marks)
    legend = _legend(result, width)
    sheet = Image.new("RGB", (width, legend.height + height), "white")
    sheet.paste(legend, (0, 0))
    sheet.paste(picture, (0, legend.height))
    return sheet


def colours(result: KeyValuePage) -> dict[str, Colour]:
    """Every label on the page with its colour, our own labels first."""
    labels = {entity.label for entity in result.entities}
    others = sorted(labels - COLOURS.keys())
    spare = {label: SPARE[index % len(SPARE)] for index, label in enumerate(others)}
    return {label: colour for label, colour in COLOURS.items() if label in labels} | spare


def _marks(result: KeyValuePage, size: tuple[int, int], scale: float) -> Image.Image:
    """Boxes and arrows on a transparent layer, ``_SHARPER`` times as large as the page as drawn."""
    zoom = scale * _SHARPER
    layer = Image.new("RGBA", (size[0] * _SHARPER, size[1] * _SHARPER), (255, 255, 255, 0))
    brush = ImageDraw.Draw(layer)
    stroke = _stroke(result, zoom)
    palette = colours(result)
    boxes = [_scaled(entity, zoom, 1.2 * stroke) for entity in result.entities]
    for entity, box in zip(result.entities, boxes, strict=True):
        colour, quiet = palette[entity.label], entity.label in _QUIET
        brush.rounded_rectangle(
            box,
            radius=stroke * 2,
            fill=(*colour, 20 if quiet else 56),
            outline=(*colour, 150 if quiet else 255),
            width=max(1, stroke // 2 if quiet else stroke),
        )
    answers = Counter(link.head for link in result.relations)
    for link in sorted(result.relations, key=lambda link: _rank(result, link)):
        if result.entities[link.head].label == "HEADER":
            colour, opacity, thickness = HEADS, 170, stroke
        elif answers[link.head] >= _FAN:
            colour, opacity, thickness = ANSWERS, _FAINT, stroke
        else:
            colour, (opacity, thickness) = ANSWERS, _weight(boxes, link, stroke)
        arrows.draw(brush, boxes[link.head], boxes[link.tail], (*colour, opacity), thickness)
    return layer


def _weight(boxes: Sequence[Box], link: Relation, stroke: int) -> tuple[int, int]:
    """Opacity and width of a link's arrow: as wide as fits between its boxes; faint where it would hide text."""
    tail, tip = arrows.ends(boxes[link.head], boxes[link.tail], 0)
    length = math.dist(tail, tip)
    fitting = [width for width in range(2 * stroke, stroke - 1, -1) if arrows.shortest(width) <= length]
    places = [step * _STEP / length for step in range(1, int(length / _STEP))]
    points = [(tail[0] + (tip[0] - tail[0]) * share, tail[1] + (tip[1] - tail[1]) * share) for share in places]
    others = [box for index, box in enumerate(boxes) if index not in (link.head, link.tail)]
    over = any(left < x < right and top < y < low for left, top, right, low in others for x, y in points)
    return (255, fitting[0]) if fitting and not over else (_FAINT, stroke)


def _rank(result: KeyValuePage, link: Relation) -> bool:
    """Whether it is drawn later and so over the others."""
    return result.entities[link.head].label != "HEADER"


def _stroke(result: KeyValuePage, zoom: float) -> int:
    """Width of an outline: a part of the height of the page's words, within bounds for what the eye can see."""
    heights = []
    for entity in result.entities:
        for word in entity.words:
            _, top, _, bottom = polygon_to_box(word.bbox)
            heights.append(bottom - top)
    letters = median(heights) * zoom if heights else 0.0
    return round(min(max(letters * 0.07, _SHARPER * 1.5), _SHARPER * 3.5))


def _scaled(entity: Entity, zoom: float, room: float) -> Box:
    """The entity's box with some room, so that neither outline nor arrow lies on its letters."""
    left, top, right, bottom = (value * zoom for value in polygon_to_box(entity.bbox))
    return left - room, top - room, right + room, bottom + room


def _legend(result: KeyValuePage, width: int) -> Image.Image:
    """What each colour and arrow means and how many there are; as many rows as the width asks for."""
    size = min(34.0, max(15.0, width / 62))
    file = fonts.hangul_font()
    font: Font = fonts.load(file, size) if file is not None else ImageFont.load_default(size)
    counts = Counter(entity.label for entity in result.entities)
    headed = sum(result.entities[link.head].label == "HEADER" for link in result.relations)
    answers = len(result.relations) - headed
    entries = [(label.lower(), counts[label], colour, False) for label, colour in colours(result).items()]
    entries += [("question to answer", answers, ANSWERS, True)] if answers else []
    entries += [("header to question", headed, HEADS, True)] if headed else []
    pad, swatch, row = size * 0.6, size * 1.6, size * 1.7
    placed, x, y = [], pad, pad
    for name, count, colour, is_arrow in entries:
        text = f"{name}  {count}"
        long = swatch + pad / 2 + font.getlength(text)
        if x > pad and x + long > width - pad:
            x, y = pad, y + row
        placed.append((x, y, text, colour, is_arrow))
        x += long + size * 1.4
    source = f"{result.model_version}  ·  read by {result.ocr_engine}, {result.language}"
    if not entries:
        source = f"no text on this page  ·  {source}"
    y = y + row if entries else y
    legend = Image.new("RGB", (width, round(y + row)), (245, 246, 249))
    brush = ImageDraw.Draw(legend)
    for left, top, text, colour, is_arrow in placed:
        middle = top + size * 0.6
        if is_arrow:
            ends = (left, middle, left, middle), (left + swatch, middle, left + swatch, middle)
            arrows.draw(brush, *ends, (*colour, 255), max(2, round(size / 9)))
        else:
            pale = tuple(round(255 - (255 - part) * 0.25) for part in colour)
            corners = (left, middle - size * 0.45, left + swatch, middle + size * 0.45)
            brush.rounded_rectangle(corners, size / 6, fill=pale, outline=colour, width=max(2, round(size / 12)))
        brush.text((left + swatch + pad / 2, top), text, fill=INK, font=font)
    brush.text((pad, y), source, fill=(104, 110, 122), font=font)
    brush.line((0, legend.height - 1, width, legend.height - 1), fill=RULE)
    return legend
