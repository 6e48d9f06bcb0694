"""What each family of models is asked, what its answers mean, and what size of picture it sees.

A prompt that a model was trained with is given to the letter: another wording gives another, worse answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from ml_server.errors import EngineUnavailable

Answer: TypeAlias = Literal["cells", "markdown", "text", "table", "formula", "spots", "any"]
"""What an answer is: ``cells`` JSON with a box each, ``table`` HTML or OTSL, ``formula`` LaTeX, ``spots`` lines with
their corners, ``any`` cells if it is JSON and else Markdown."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One thing to ask.

    Attributes:
        prompt: to the letter.
        answer: what comes of it.
        max_pixels: of the picture at most; None for the family's limit.
        special_tokens: whether the answer is made of tokens that servers leave out of a text unless told not to.
        double_below: pages whose sides are both shorter, in pixels, are sent twice as wide and high.
    """

    prompt: str
    answer: Answer
    max_pixels: int | None = None
    special_tokens: bool = False
    double_below: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """Models that are asked and that answer alike.

    Attributes:
        name: as ``ML_SERVER_VLM_FAMILY`` has it.
        markers: parts of a model's name, in lower case and without punctuation, that tell the family.
        modes: the first one is the default.
        prefix: put before every prompt.
        factor: the sides of a picture are multiples of it; 1 for any.
        min_pixels: smaller pictures are enlarged.
        max_pixels: larger pictures are scaled down.
        thousandths: whether boxes are in thousandths of the picture's sides; else in its pixels, as the model sees it.
        temperature: of the first try.
    """

    name: str
    markers: tuple[str, ...]
    modes: Mapping[str, Mode]
    prefix: str = ""
    factor: int = 28
    min_pixels: int = 28 * 28
    max_pixels: int = 1280 * 28 * 28
    thousandths: bool = False
    temperature: float = 0.0


_CATEGORIES = (
    "['Caption', 'Footnote', 'Formula', 'List-item', 'Page-footer', 'Page-header', 'Picture', 'Section-header', "
    "'Table', 'Text', 'Title']"
)

_DOTS_LAYOUT = f"""\
Please output the layout information from the PDF image, including each layout element's bbox, its category, and the \
corresponding text content within the bbox.

1. Bbox format: [x1, y1, x2, y2]

2. Layout Categories: The possible categories are {_CATEGORIES}.

3. Text Extraction & Formatting Rules:
    - Picture: For the 'Picture' category, the text field should be omitted.
    - Formula: Format its text as LaTeX.
    - Table: Format its text as HTML.
    - All Others (Text, Title, etc.): Format their text as Markdown.

4. Constraints:
    - The output text must be the original text from the image, with no translation.
    - All layout elements must be sorted according to human reading order.

5. Final Output: The entire output must be a single JSON object.
"""

_DOTS_BOXES = (
    "Please output the layout information from this PDF image, including each layout's bbox and its category. The bbox "
    "should be in the format [x1, y1, x2, y2]. The layout categories for the PDF document include "
    f"{_CATEGORIES}. Do not output the corresponding text. The layout result should be in JSON format."
)

_LAYOUT = f"""\
Read this page. Answer with a JSON array and nothing else: one object for each part of the page's layout, in reading \
order, as {{"bbox": [x1, y1, x2, y2], "category": "...", "text": "..."}}.

- bbox: left, top, right and bottom in thousandths of the page's width and height, integers from 0 to 1000.
- category: one of {_CATEGORIES}.
- text: exactly what is printed, in its own language. Markdown; HTML for a Table; LaTeX for a Formula; leave it out \
for a Picture.
"""

_MARKDOWN = (
    "Write down all text of this page in reading order as Markdown, tables as HTML, formulas as LaTeX. Exactly what is "
    "printed, in its own language, and nothing else."
)

DOTS = Family(
    name="dots.ocr",
    markers=("dotsocr", "dotsmocr"),
    modes=MappingProxyType(
        {
            "layout": Mode(_DOTS_LAYOUT, "cells"),
            "boxes": Mode(_DOTS_BOXES, "cells"),
            "ocr": Mode("Extract the text content from this image.", "markdown"),
        }
    ),
    # Without it, chat servers put a line break between picture and prompt, which the model has not been trained with.
    prefix="<|img|><|imgpad|><|endofimg|>",
    min_pixels=3136,
    max_pixels=11_289_600,
    temperature=0.1,
)

PADDLE = Family(
    name="paddleocr-vl",
    markers=("paddleocrvl",),
    modes=MappingProxyType(
        {
            "ocr": Mode("OCR:", "text"),
            "spotting": Mode("Spotting:", "spots", max_pixels=1_605_632, special_tokens=True, double_below=1500),
            "table": Mode("Table Recognition:", "table"),
            "formula": Mode("Formula Recognition:", "formula"),
            "chart": Mode("Chart Recognition:", "markdown"),
            "seal": Mode("Seal Recognition:", "text"),
        }
    ),
    min_pixels=112_896,
    max_pixels=1_003_520,
)

GENERIC = Family(
    name="generic",
    markers=(),
    modes=MappingProxyType({"markdown": Mode(_MARKDOWN, "markdown"), "layout": Mode(_LAYOUT, "cells")}),
    factor=1,
    max_pixels=4_000_000,
    thousandths=True,
)

FAMILIES = MappingProxyType({family.name: family for family in (DOTS, PADDLE, GENERIC)})


def family_of(name: str, *model: str) -> Family:
    """The family that models are asked as.

    Args:
        name: of a family, or ``auto``.
        model: names and paths that the server gives its model.

    Raises:
        EngineUnavailable: no such family.
    """
    if name != "auto":
        if name not in FAMILIES:
            raise EngineUnavailable(f"unknown VLM family {name!r}; known: auto, {', '.join(FAMILIES)}")
        return FAMILIES[name]
    plain = ["".join(char for char in each.lower() if char.isalnum()) for each in model]
    return next(
        (family for family in FAMILIES.values() if any(mark in each for mark in family.markers for each in plain)),
        GENERIC,
    )


def mode_of(prompt: str, family: Family) -> tuple[str, Mode]:
    """The mode, and its name, that a setting means: ``auto``, a mode's name or a prompt of one's own.

    Raises:
        EngineUnavailable: one word that is no mode of the family.
    """
    if prompt == "auto":
        return next(iter(family.modes.items()))
    if prompt in family.modes:
        return prompt, family.modes[prompt]
    if len(prompt.split()) < 2:
        known = ", ".join(family.modes)
        raise EngineUnavailable(
            f"unknown VLM prompt {prompt!r} for {family.name}; known: auto, {known}, or a prompt of your own"
        )
    return "custom", Mode(prompt, "any")
