"""Writes a few small forms as FUNSD has them; also a stand-in for an export: ``python small_forms.py … FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NAMES = ("Kim Minsu", "Lee Jiwon", "Park Seojun", "Choi Yuna", "Jung Hana", "Kang Doyun")


def form(name: str, number: int) -> dict[str, Any]:
    """A title, and two questions with an answer each."""
    rows = [("header", "Loan Form", 10, ()), ("question", "Name:", 40, ((1, 2),)), ("answer", name, 40, ())]
    rows += [("question", "Sum:", 70, ((3, 4),)), ("answer", f"{number}00", 70, ())]
    entities = []
    for identity, (label, text, top, links) in enumerate(rows):
        left = 120 if label == "answer" else 10
        words = []
        for word in text.split():
            words.append({"text": word, "box": [left, top, left + 10 * len(word), top + 12]})
            left += 10 * len(word) + 10
        entities.append({"id": identity, "label": label, "text": text, "words": words, "linking": list(links)})
    return {"form": entities, "width": 300, "height": 120}


def write(folder: Path, count: int = len(NAMES)) -> Path:
    """``annotations/NUMBER.json``."""
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES[:count]):
        (folder / "annotations" / f"{number}.json").write_text(json.dumps(form(name, number + 1)), encoding="utf-8")
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[-1]))
