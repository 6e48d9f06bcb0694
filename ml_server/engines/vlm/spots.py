"""Lines with four corners each, in thousandths of the page: ``text<|LOC_12|><|LOC_34|>…`` → blocks."""

from __future__ import annotations

import re

from ml_server.document import Block
from ml_server.engines.vlm.reading import Frame, Reading
from ml_server.geometry import clamp, order_corners

_CORNERS = re.compile(r"(?:<\|LOC_\d+\|>){8}")
_MARKS = re.compile(r"<\|LOC_(?:BEGIN|END|SEP)\|>")
_TOKENS = re.compile(r"<\|[^|<>]*\|>|</?s>")
_NUMBER = re.compile(r"\d+")


def read_spots(text: str, frame: Frame, *, cut_off: bool) -> Reading:
    """The lines of an answer; what has no four corners is kept as one block of the page's size.

    Args:
        text: what the model wrote, special tokens and all.
        frame: the page.
        cut_off: whether it ended at its limit and not by itself.
    """
    plain = _MARKS.sub("", text)
    blocks, end = [], 0
    for found in _CORNERS.finditer(plain):
        words = _TOKENS.sub("", plain[end : found.start()]).strip()
        end = found.end()
        if not words:
            continue
        values = [int(number) / 1000 for number in _NUMBER.findall(found[0])]
        corners = [
            (x * frame.page_width, y * frame.page_height) for x, y in zip(values[::2], values[1::2], strict=True)
        ]
        blocks.append(Block("Text", clamp(order_corners(corners), frame.page_width, frame.page_height), words))
    rest = _TOKENS.sub("", plain[end:]).strip()
    if not rest:
        return Reading(tuple(blocks))
    said = "text without four corners is kept as one block of the page's size"
    spoilt = not blocks and not cut_off
    return Reading((*blocks, Block("Text", frame.whole, rest)), (said,), spoilt)
