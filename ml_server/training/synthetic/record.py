"""A finished page as the trainer reads it: FUNSD's form, and the page's size and origin beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, x1 > x0 and y1 > y0."""


@dataclass(frozen=True, slots=True)
class FormWord:
    """One word of an entity.

    Attributes:
        text: without white space.
        box: in pixels of the page.
    """

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class FormEntity:
    """One entity.

    Attributes:
        id: its place in the form.
        text: its words joined by spaces.
        label: question, answer, header or other.
        box: around its words, in pixels of the page.
        words: in reading order, at least one.
        linking: (from, to) ids of the links it is an end of.
    """

    id: int
    text: str
    label: str
    box: Box
    words: tuple[FormWord, ...]
    linking: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FormPage:
    """One synthetic page.

    Attributes:
        name: unique in a run; the stem of its files.
        width: of the page in pixels.
        height: of the page in pixels.
        language: "korean", "english" or "mixed".
        kind: of page, such as "form", "memo" or "receipt".
        seed: of the run.
        form: its entities.
    """

    name: str
    width: int
    height: int
    language: str
    kind: str
    seed: int
    form: tuple[FormEntity, ...]

    def as_dict(self) -> dict[str, Any]:
        """The page as JSON has it."""
        return asdict(self)

    def as_line(self) -> str:
        """The page as one line of JSON, without the line's end."""
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))


def union(boxes: list[Box]) -> Box:
    """The box around boxes, of which there is at least one."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def read_pages(shard: Path) -> list[dict[str, Any]]:
    """The pages of a JSON-lines shard."""
    with shard.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
