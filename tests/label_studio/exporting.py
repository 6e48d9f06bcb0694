"""Annotations as Label Studio's API gives them, and their export from a stand-in for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pages import png
from stand_in import CONFIG, StandIn

from ml_server.errors import NotReady
from ml_server.label_studio.config import parse
from ml_server.label_studio.export import NOT_CONVERTED, ExportPlan, ExportReport, export
from ml_server.label_studio.funsd import KNOWN_LABELS
from ml_server.label_studio.patience import Patience
from ml_server.training.forms import Form, read_forms

WIDTH, HEIGHT = 200, 100
KEY = {"x": 10, "y": 10, "width": 20, "height": 10, "rotation": 0}
VALUE = {"x": 50, "y": 10, "width": 30, "height": 10, "rotation": 0}


def region(name: str, shape: Mapping[str, Any], label: str, text: Any = None, **more: Any) -> list[dict[str, Any]]:
    kind = "polygonlabels" if "points" in shape else "rectanglelabels"
    about = {"id": name, "to_name": "image", "original_width": WIDTH, "original_height": HEIGHT, **more}
    found = [{**about, "from_name": "label", "type": kind, "value": {**shape, kind: [label] if label else []}}]
    if text is not None:
        found.append({**about, "from_name": "text", "type": "textarea", "value": {**shape, "text": text}})
    return found


def link(head: str, tail: str, direction: str = "right") -> dict[str, Any]:
    return {"type": "relation", "from_id": head, "to_id": tail, "direction": direction}


def annotation(result: list[dict[str, Any]], number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": number, "result": result, "updated_at": f"2026-01-{number:02}", "was_cancelled": False, **more}


async def run(
    studio: StandIn,
    out: Path,
    pictures: list[int] | None = None,
    *,
    away: int = 0,
    fails: int = 10**6,
    attempts: int = 1,
    down_s: float = 0,
    **plan: Any,
) -> ExportReport:
    """Export; the picture of the task ``away`` cannot be had so many times."""
    failed = 0

    async def fetch(task: Mapping[str, Any], page: int) -> bytes:
        nonlocal failed
        if task["id"] == away and failed < fails:
            failed += 1
            raise NotReady("Label Studio failed (502)")
        if pictures is not None:
            pictures.append(task["id"])
        return png(WIDTH, HEIGHT)

    async with studio.client() as api:
        patience = Patience(api, attempts, down_s, lambda line: None)
        asked = ExportPlan(1, out, parse(CONFIG), KNOWN_LABELS, **plan)
        return await export(api, fetch, asked, patience, lambda done, total: None)


def studio_with(*results: list[dict[str, Any]]) -> StandIn:
    studio = StandIn(tasks=len(results))
    for number, result in enumerate(results, start=1):
        studio.tasks[number]["annotations"] = [annotation(result, number)]
    return studio


def exported(out: Path) -> Form:
    (form,) = read_forms(out)
    return form


def causes(out: Path) -> list[str]:
    return [json.loads(line)["cause"] for line in (out / NOT_CONVERTED).read_text().splitlines()]
