"""What stands on a page, as JSON: words, lines, blocks, and the corners of their boxes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ml_server.document import Block, Line, Polygon, Word

Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Box = Annotated[
    list[Point],
    Field(min_length=4, max_length=4, description="four corners [x, y] in pixels, clockwise from the top-left one"),
]
Confidence = Annotated[float, Field(ge=0, le=1)]


class WordBox(BaseModel):
    """A run of text without spaces."""

    text: str
    confidence: Confidence
    bbox: Box

    @classmethod
    def of(cls, word: Word) -> WordBox:
        """A word as JSON."""
        return cls(text=word.text, confidence=word.confidence, bbox=corners(word.bbox))


class TextBox(BaseModel):
    """A line of text and its words."""

    text: str
    confidence: Confidence
    bbox: Box
    words: list[WordBox]

    @classmethod
    def of(cls, line: Line) -> TextBox:
        """A line as JSON."""
        words = [WordBox.of(word) for word in line.words]
        return cls(text=line.text, confidence=line.confidence, bbox=corners(line.bbox), words=words)


class LayoutBlock(BaseModel):
    """A part of the page's layout: a paragraph, a heading, a table, a picture."""

    category: str = Field(description="as its model names it: `Text`, `Title`, `Table`, `Picture` and others")
    bbox: Box
    text: str = Field(description="what stands in it, in `format`; empty for pictures")
    format: Literal["text", "markdown", "html", "latex"]
    confidence: Confidence | None = Field(description="null where the model gives none")

    @classmethod
    def of(cls, block: Block) -> LayoutBlock:
        """A block as JSON."""
        return cls.model_validate(
            {
                "category": block.category,
                "bbox": corners(block.bbox),
                "text": block.text,
                "format": block.format,
                "confidence": block.confidence,
            }
        )


def corners(polygon: Polygon) -> list[list[float]]:
    """A polygon as JSON."""
    return [[x, y] for x, y in polygon]
