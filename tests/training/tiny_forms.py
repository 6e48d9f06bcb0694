"""A FUNSD folder of two small forms for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

SIZE = (300, 120)


def entity(
    identity: int, label: str, words: str, left: int, top: int, linking: tuple[tuple[int, int], ...] = ()
) -> dict[str, Any]:
    """Words of ten pixels a letter in a row, as FUNSD writes them; ``_`` stands for a word without text."""
    placed, x = [], left
    for text in words.split():
        placed.append({"text": "" if text == "_" else text, "box": [x, top, x + 10 * len(text), top + 12]})
        x += 10 * len(text) + 10
    return {
        "id": identity,
        "text": words,
        "label": label,
        "box": [left, top, x - 10, top + 12],
        "words": placed,
        "linking": [list(pair) for pair in linking],
    }


def first() -> dict[str, Any]:
    """A header over two questions; the first has two answers. Ids have gaps, and some entities have no text."""
    return {
        "form": [
            entity(7, "header", "Loan Form", 10, 5, ((7, 3), (7, 4))),
            entity(3, "question", "Name:", 10, 30, ((7, 3), (3, 10), (3, 11), (3, 99))),
            entity(10, "answer", "Kim _ Minsu", 80, 30, ((3, 10), (3, 10))),
            entity(11, "answer", "Director", 200, 30, ((3, 11),)),
            entity(12, "other", "_", 10, 50, ((3, 12), (12, 12))),
            entity(4, "question", "Sum:", 10, 70, ((7, 4), (4, 13), (4, 4))),
            entity(13, "answer", "100", 80, 70, ((4, 13), (4, 12))),
            entity(14, "other", "page 1", 10, 100),
        ]
    }


def second() -> dict[str, Any]:
    """One question, one answer, and a link that is written the wrong way round."""
    return {
        "form": [entity(0, "question", "날짜:", 10, 10, ((1, 0),)), entity(1, "answer", "2024", 80, 10, ((1, 0),))],
        "width": 640,
        "height": 480,
    }


def write_folder(folder: Path) -> Path:
    """``annotations/`` and ``images/`` with a.json, b.json and their pictures."""
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    for name, form in (("a", first()), ("b", second())):
        (folder / "annotations" / f"{name}.json").write_text(json.dumps(form), encoding="utf-8")
        Image.new("RGB", SIZE, "white").save(folder / "images" / f"{name}.png")
    return folder
