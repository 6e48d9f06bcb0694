"""The nouns of the package: what goes in, what comes out. No behaviour, no imports of ours.

Coordinates are pixels of the page as it was sent (after its EXIF orientation is applied), origin top-left, x to the
right, y down. A polygon is four corners, clockwise from the one nearest the page's top-left, whichever way the text
itself is turned. Confidence is a probability, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Point: TypeAlias = tuple[float, float]
Polygon: TypeAlias = tuple[Point, Point, Point, Point]
"""Four corners in pixels, clockwise from the top-left one."""


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page.

    Attributes:
        pixels: uint8, shape (height, width, 3), RGB, C-contiguous; EXIF orientation applied, alpha laid on white.
        number: 1-based position in the document it came from.
    """

    pixels: npt.NDArray[np.uint8]
    number: int = 1

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Word:
    """A run of text without spaces inside a line.

    Attributes:
        text: not empty, no white space.
        confidence: 0..1.
        bbox: four corners in pixels.
    """

    text: str
    confidence: float
    bbox: Polygon


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text as the engine found it; on the wires it is called a text box.

    Attributes:
        text: the words joined by single spaces; not empty.
        confidence: 0..1.
        bbox: four corners in pixels.
        words: in reading order, never empty.
    """

    text: str
    confidence: float
    bbox: Polygon
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the page's layout: a paragraph, a heading, a table, a picture.

    Attributes:
        category: as its model names it: ``Text``, ``Title``, ``Table``, ``Picture`` and others.
        bbox: four corners in pixels.
        text: what stands in it, in ``format``; empty for pictures, and where only the layout was looked for.
        format: ``text``, ``markdown``, ``html`` (tables) or ``latex`` (formulas).
        confidence: 0..1; None where the model gives none, as vision-language models do.
    """

    category: str
    bbox: Polygon
    text: str = ""
    format: str = "text"
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class OCRPage:
    """What an engine read on one page.

    Attributes:
        lines: in reading order; empty for a blank page.
        width: of the page, pixels.
        height: of the page, pixels.
        language: canonical names joined by ``+``, for example ``korean+english``.
        engine: name of the engine that read it.
        model_version: engine version and weights, for example ``PP-OCRv6_small (paddleocr 3.7.0)``.
        number: 1-based page number within its document.
        processing_time_ms: milliseconds spent on this page, from admission (or from the end of the previous page of
            the same document) to the result. 0 where nobody measured.
        blocks: the page's layout, in reading order; empty where the engine finds none.
        warnings: what is to be known of this reading, for people: that an answer was cut off or had to be mended.
    """

    lines: tuple[Line, ...]
    width: int
    height: int
    language: str
    engine: str
    model_version: str
    number: int = 1
    processing_time_ms: float = 0.0
    blocks: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All lines joined by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def overall_confidence(self) -> float:
        """Mean confidence of the lines, 0..1; 0.0 for a page without lines."""
        return sum(line.confidence for line in self.lines) / len(self.lines) if self.lines else 0.0


@dataclass(frozen=True, slots=True)
class Entity:
    """Words that mean one thing together: a title, a field's name, a field's value.

    Attributes:
        label: ``HEADER``, ``QUESTION``, ``ANSWER`` or ``OTHER``; another model may have labels of its own.
        text: the words joined by single spaces; not empty.
        confidence: 0..1.
        bbox: the upright box around the words.
        words: in reading order, at least one; every word of the page is in exactly one entity.
    """

    label: str
    text: str
    confidence: float
    bbox: Polygon
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """That one entity belongs to another.

    Attributes:
        head: index into the page's entities: the question, or the header above questions.
        tail: index into the page's entities: the answer, or the question under a header.
        confidence: 0..1.
    """

    head: int
    tail: int
    confidence: float


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """Every page of a document, in order.

    Attributes:
        pages: at least one.
        processing_time_ms: milliseconds from admission to the last page.
    """

    pages: tuple[OCRPage, ...]
    processing_time_ms: float

    @property
    def text(self) -> str:
        """The pages' texts joined by a form feed, as text files separate pages."""
        return "\f".join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One document and how to read it. Values are as the caller wrote them; the pipeline checks them.

    Attributes:
        data: the file's bytes: PNG, JPEG, WebP, BMP, GIF, TIFF or PDF.
        language: as people write it: ``korean``, ``ko``, ``kor``, ``korean+english``.
        engine: ``auto`` or an engine's name.
        confidence_threshold: lines below it are left out, 0..1.
        use_angle_cls: read pages and lines that are turned by 90, 180 or 270 degrees.
        single_page: refuse a document of more than one page instead of reading all.
        pages: which pages to read, 1-based and ascending; None for all.
        max_pixels: larger pages are read scaled down to so many pixels, with results in the page's own; 0 for none.
        enlarge_below: pages of at most so many pixels are read enlarged, likewise; 0 for none.
        request_id: for logs and error bodies.
        timeout_s: seconds until nobody waits for the answer any more; None for the server's own limit.
        model_version: of the model that finds keys and values; empty for whichever serves.
    """

    data: bytes
    language: str = "korean"
    engine: str = "auto"
    confidence_threshold: float = 0.5
    use_angle_cls: bool = True
    single_page: bool = False
    pages: tuple[int, ...] | None = None
    max_pixels: int = 0
    enlarge_below: int = 0
    request_id: str = ""
    timeout_s: float | None = None
    model_version: str = ""
