"""JSON of a page's layout, a cell for each part with a box, a category and a text → blocks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ml_server.document import Block
from ml_server.engines.vlm.reading import Frame, Reading
from ml_server.engines.vlm.repair import parsed, without_loop

_FORMATS = {"table": "html", "formula": "latex", "equation": "latex"}
_BOX_NAMES = ("bbox", "bbox_2d", "box", "box_2d")
_TEXT_NAMES = ("text", "content", "text_content")
_CATEGORY_NAMES = ("category", "label", "type")
_SAME_CELLS = 25
"""So many cells in a row of the same category and text are a loop and no page."""

_DEEPEST = 8
"""Arrays and objects within each other that cells are looked for in."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ESCAPES = str.maketrans({"\b": "\\b", "\f": "\\f", "\r": "\\r", "\t": "\\t"})
"""A model that writes one backslash where JSON wants two writes a control character: ``\\frac`` begins with one."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Attributes: what it says; whether it had a box of the page; whether that reached beyond what the model saw."""

    block: Block
    boxed: bool
    beyond: bool


def read_cells(text: str, frame: Frame, *, cut_off: bool) -> Reading:
    """The cells of an answer, as many as can be made out.

    Args:
        text: JSON, well-formed or not.
        frame: what its boxes refer to.
        cut_off: whether it ended at its limit and not by itself.
    """
    value, mended = parsed(text)
    blocks: list[Block] = []
    run = dropped = astray = beyond = 0
    for cell in filter(None, (_cell(each, frame) for each in _listed(value))):
        block = cell.block
        same = bool(blocks and block.text and (block.category, block.text) == (blocks[-1].category, blocks[-1].text))
        run = run + 1 if same else 0
        if run >= _SAME_CELLS:
            dropped += 1
            if run == _SAME_CELLS:
                del blocks[1 - _SAME_CELLS :]
                dropped += _SAME_CELLS - 1
            continue
        astray += not cell.boxed
        beyond += cell.beyond
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
    if beyond:
        warnings.append(
            f"boxes that reach beyond the page, which were cut at its edge: {beyond}; if there are many, the model "
            "counts in other units than it was asked for"
        )
    return Reading(tuple(blocks), tuple(warnings), spoilt=bool(dropped) or (mended and not cut_off))


def _listed(value: Any, depth: int = _DEEPEST) -> Iterator[dict[str, Any]]:
    """The cells in whatever is around them: an array, one cell, an object that has the array."""
    if not depth:
        return
    if isinstance(value, dict):
        if any(name in value for name in (*_BOX_NAMES, *_TEXT_NAMES)):
            yield value
        else:
            for inner in value.values():
                yield from _listed(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _listed(inner, depth - 1)


def _cell(cell: dict[str, Any], frame: Frame) -> _Cell | None:
    named = _first(cell, _CATEGORY_NAMES)
    category = str(named or "").strip() or "Text"
    kind = _FORMATS.get(category.lower(), "markdown")
    text = _first(cell, _TEXT_NAMES)
    words = "" if text is None else str(text)
    words = (words.translate(_ESCAPES) if kind == "latex" else words).strip()
    numbers = _numbers(_first(cell, _BOX_NAMES))
    box = frame.placed(*numbers) if numbers is not None else None
    if not words and (box is None or named is None):
        return None  # what is left of a cell that was cut off: its last number need not be whole
    if kind == "html" and not words.lstrip().startswith("<"):
        kind = "markdown"  # what models write that know no HTML
    return _Cell(
        Block(category, frame.whole if box is None else box, words, kind),
        boxed=box is not None,
        beyond=box is not None and numbers is not None and not frame.holds(*numbers),
    )


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
