"""What a model says of a page → the page's blocks, in the page's own pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ml_server.document import Block
from ml_server.engines.vlm.cells import read_cells
from ml_server.engines.vlm.prompts import Answer
from ml_server.engines.vlm.reading import Frame, Reading
from ml_server.engines.vlm.repair import unfenced, without_loop
from ml_server.engines.vlm.spots import read_spots
from ml_server.engines.vlm.tables import otsl_to_html

_JSON = re.compile(r"\s*(\[\s*\{|\{\s*\")")


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
        found = read_spots(kept, frame, cut_off=cut_off)
    elif answer == "cells" or (answer == "any" and _JSON.match(unfenced(kept))):
        found = read_cells(kept, frame, cut_off=cut_off)
    else:
        found = Reading(tuple(_whole_page(kept, answer, frame)))
    return replace(found, warnings=(*warnings, *found.warnings), spoilt=found.spoilt or looped)


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
