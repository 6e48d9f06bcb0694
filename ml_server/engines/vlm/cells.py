"""What a model says of a page → the page's blocks, in the page's own pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ml_server.document import Block, Polygon
from ml_server.engines.vlm.prompts import Answer
from ml_server.engines.vlm.repair import parsed, unfenced, without_loop
from ml_server.engines.vlm.tables import otsl_to_html
from ml_server.geometry import box_to_polygon, clamp, order_corners

_FORMATS = {"table": "html", "formula": "latex", "equation": "latex"}
_BOX_NAMES = ("bbox", "bbox_2d", "box", "box_2d")
_TEXT_NAMES = ("text", "content", "text_content")
_CATEGORY_NAMES = ("category", "label", "type")
_SAME_CELLS = 25
"""So many cells in a row of the same category and text are a loop and no page."""

_SPOT = re.compile(r"(?P<text>[^<]*(?:<(?!\|LOC_)[^<]*)*)(?P<corners>(?:<\|LOC_\d+\|>){8})")
_JSON = re.compile(r"\s*(\[\s*\{|\{\s*\")")
_NUMBER = re.compile(r"\d+")
_MARKS = re.compile(r"<\|LOC_(?:BEGIN|END|SEP)\|>")
_ESCAPES = str.maketrans({"\b": "\\b", "\f": "\\f", "\r": "\\r", "\t": "\\t"})
"""A model that writes one backslash where JSON wants two writes a control character: ``\\frac`` begins with one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of an answer.

    Attributes:
        blocks: in reading order.
        warnings: what had to be done to the answer, for people.
        spoilt: whether another try may well give a better answer.
    """

    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()
    spoilt: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What boxes in an answer refer to, and the page they are brought back to.

    Attributes:
        width: of what the model has seen, in its units: pixels of the picture, or 1000.
        height: the same.
        page_width: pixels.
        page_height: pixels.
    """

    width: float
    height: float
    page_width: int
    page_height: int

    @property
    def whole(self) -> Polygon:
        """The page itself."""
        return box_to_polygon((0, 0, self.page_width, self.page_height))

    def placed(self, left: float, top: float, right: float, bottom: float) -> Polygon:
        """A box of an answer on the page."""
        across, down = self.page_width / self.width, self.page_height / self.height
        box = (
            min(left, right) * across,
            min(top, bottom) * down,
            max(left, right) * across,
            max(top, bottom) * down,
        )
        return clamp(box_to_polygon(box), self.page_width, self.page_height)


def read_answer(text: str, answer: Answer, frame: Frame, *, cut_off: bool) -> Reading:
    """The blocks in an answer.

    Nothing that was read is thrown away: text that is in no cell, or whose box is none, becomes a block as large as the
    page.

    Args:
        text: what the model wrote.
        answer: what it was asked for.
        frame: what its boxes refer to.
        cut_off: whether it ended at its limit and not by itself.
    """
    warnings = []
    kept = without_loop(text, cut_off=cut_off)
    looped = len(kept) < len(text)
    if looped:
        warnings.append(f"the model repeated itself; {len(text) - len(kept)} characters of repetition were left out")
    elif cut_off:
        warnings.append(
            "the model's answer was cut off at its limit (ML_SERVER_VLM_MAX_TOKENS): the last block may be incomplete "
            "and later ones are missing"
        )
    if answer == "spots":
        found = Reading(tuple(_spots(kept, frame)))
    elif answer == "cells" or (answer == "any" and _JSON.match(unfenced(kept))):
        found = _cells(kept, frame, cut_off=cut_off)
    else:
        found = Reading(tuple(_whole_page(kept, answer, frame)))
    return replace(found, warnings=(*warnings, *found.warnings), spoilt=found.spoilt or looped)


def _cells(text: str, frame: Frame, *, cut_off: bool) -> Reading:
    value, mended = parsed(text)
    blocks: list[Block] = []
    run = dropped = astray = 0
    for cell in _listed(value):
        block = _block(cell, frame)
        if block is None:
            continue
        same = bool(blocks and block.text and (block.category, block.text) == (blocks[-1].category, blocks[-1].text))
        run = run + 1 if same else 0
        if run >= _SAME_CELLS:
            dropped += 1
            if run == _SAME_CELLS:
                del blocks[1 - _SAME_CELLS :]
                dropped += _SAME_CELLS - 1
            continue
        astray += bool(block.text) and block.bbox == frame.whole
        kept = without_loop(block.text, cut_off=False)
        dropped += len(kept) < len(block.text)
        blocks.append(replace(block, text=kept))
    if not blocks:
        if text.strip() in ("", "[]", "{}"):
            return Reading(())
        said = "the model's answer has no layout in it; its text is kept as one block of the page's size"
        return Reading((Block("Text", frame.whole, text.strip(), "markdown"),), (said,), spoilt=True)
    warnings = []
    if mended and not cut_off:
        warnings.append("the model's answer was malformed JSON and has been mended")
    if dropped:
        warnings.append(f"the model repeated itself; repetitions left out: {dropped}")
    if astray:
        warnings.append(f"blocks without a valid box, which were given the page's: {astray}")
    return Reading(tuple(blocks), tuple(warnings), spoilt=bool(dropped) or (mended and not cut_off))


def _listed(value: Any) -> Iterator[dict[str, Any]]:
    """The cells in whatever is around them: an array, one cell, an object that has the array."""
    if isinstance(value, dict):
        if any(name in value for name in (*_BOX_NAMES, *_TEXT_NAMES)):
            yield value
        else:
            for inner in value.values():
                yield from _listed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _listed(inner)


def _block(cell: dict[str, Any], frame: Frame) -> Block | None:
    named = _first(cell, _CATEGORY_NAMES)
    category = str(named or "").strip() or "Text"
    kind = _FORMATS.get(category.lower(), "markdown")
    text = _first(cell, _TEXT_NAMES)
    words = "" if text is None else str(text)
    words = (words.translate(_ESCAPES) if kind == "latex" else words).strip()
    numbers = _numbers(_first(cell, _BOX_NAMES))
    if not words and (numbers is None or named is None):
        return None  # what is left of a cell that was cut off: its last number need not be whole
    if kind == "html" and not words.lstrip().startswith("<"):
        kind = "markdown"  # what models write that know no HTML
    box = frame.placed(*numbers) if numbers is not None else frame.whole
    return Block(category, box, words, kind)


def _first(cell: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((cell[name] for name in names if name in cell), None)


def _numbers(box: Any) -> tuple[float, float, float, float] | None:
    """Four finite numbers that span an area, or None."""
    if isinstance(box, str):
        box = _NUMBER.findall(box)
    try:
        left, top, right, bottom = (float(value) for value in box)
    except (TypeError, ValueError):
        return None
    if not all(map(math.isfinite, (left, top, right, bottom))) or left == right or top == bottom:
        return None
    return left, top, right, bottom


def _spots(text: str, frame: Frame) -> Iterator[Block]:
    """Lines with four corners each, in thousandths of the page: ``text<|LOC_12|><|LOC_34|>…``."""
    for found in _SPOT.finditer(_MARKS.sub("", text)):
        words = found["text"].strip()
        if not words:
            continue
        values = [int(number) / 1000 for number in _NUMBER.findall(found["corners"])]
        corners = [
            (x * frame.page_width, y * frame.page_height) for x, y in zip(values[::2], values[1::2], strict=True)
        ]
        yield Block("Text", clamp(order_corners(corners), frame.page_width, frame.page_height), words)


def _whole_page(text: str, answer: Answer, frame: Frame) -> Iterator[Block]:
    """One block of the page's size, for answers without boxes."""
    words = unfenced(text).strip()
    if not words:
        return
    match answer:
        case "table":
            yield Block("Table", frame.whole, otsl_to_html(words), "html")
        case "formula":
            yield Block("Formula", frame.whole, words, "latex")
        case "text":
            yield Block("Text", frame.whole, words)
        case _:
            yield Block("Text", frame.whole, words, "markdown")
