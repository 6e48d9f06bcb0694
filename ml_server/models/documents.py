"""Training documents as versions see them: which part each belongs to, for ever, and what tells a set from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_server.training.forms import Form


def split_by_content(forms: Sequence[Form], held_out: float) -> tuple[list[Form], list[Form]]:
    """Those to train on and those to judge on, by what the documents are.

    A document stays in its part whatever others come and however its annotation is corrected, so what judges a version
    was not learnt by the versions before it. The same picture under two names is in one part.

    Args:
        forms: at least two different ones if both parts shall have some.
        held_out: share of the second part, 0..1; at least one document if it is above 0.

    Returns:
        Both parts, in the order given.
    """
    keys = [content_key(form) for form in forms]
    limit = f"{round(held_out * 16**8):08x}"
    judged = {key for key in keys if held_out > 0 and key[:8] < limit}
    if held_out > 0 and not judged and keys:
        judged = {min(keys)}
    if judged == set(keys) and len(judged) > 1:
        judged.discard(max(judged))
    elif judged == set(keys):
        judged = set()
    kept = [form for form, key in zip(forms, keys, strict=True) if key not in judged]
    return kept, [form for form, key in zip(forms, keys, strict=True) if key in judged]


def content_key(form: Form) -> str:
    """Tells one document from another, however it is annotated: by its picture, or by its words where it has none."""
    if form.image is not None:
        return hashlib.sha256(form.image.read_bytes()).hexdigest()
    words = sorted(word.text for entity in form.entities for word in entity.words)
    return hashlib.sha256(json.dumps([form.width, form.height, words]).encode()).hexdigest()


def fingerprint(forms: Sequence[Form]) -> str:
    """Of a set of annotated documents, in whatever order and under whatever names; empty for none."""
    if not forms:
        return ""
    lines = sorted(json.dumps(as_json(form) | {"name": ""}, ensure_ascii=False, sort_keys=True) for form in forms)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_jsonl(forms: Sequence[Form], path: Path) -> Path:
    """Write forms as :func:`~ml_server.training.forms.read_jsonl` reads them, without pictures; names made unique."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number, form in enumerate(forms, start=1):
            line = as_json(form) | {"name": f"{number:05d}-{form.name}"}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def as_json(form: Form) -> dict[str, Any]:
    """A form as a line of ``jsonl``."""
    return {
        "name": form.name,
        "width": form.width,
        "height": form.height,
        "form": [
            {
                "id": entity.id,
                "text": entity.text,
                "label": entity.label.lower(),
                "box": list(entity.box),
                "words": [{"text": word.text, "box": list(word.box)} for word in entity.words],
                "linking": [
                    [form.entities[head].id, form.entities[tail].id] for head, tail in form.links if head == index
                ],
            }
            for index, entity in enumerate(form.entities)
        ],
    }
