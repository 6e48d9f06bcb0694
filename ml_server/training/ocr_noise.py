"""Generated pages as our engines read them: their words and boxes, with the truth of the words that stand there.

    python -m ml_server.training.ocr_noise SYNTHETIC_FOLDER OUT.jsonl

A model that has seen only gold words is taken aback by what OCR makes of a scan: broken and joined words, wrong
characters, lines cut at other places. So part of the training pages are read, from their pictures. Words are
written entity by entity, so the order in which they were read is not kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track

from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import MLServerError
from ml_server.geometry import polygon_to_box
from ml_server.training.forms import Form, read_forms


def main(
    folder: Annotated[Path, typer.Argument(help="generated pages with pictures")],
    out: Annotated[Path, typer.Argument(help="JSON lines to write; pages already in it are not read again")],
    engine: Annotated[str, typer.Option(help="the OCR engine")] = "auto",
    limit: Annotated[int | None, typer.Option(min=1, help="pages to read; default: all with pictures")] = None,
) -> None:
    """Read the pictures of generated pages and write the pages anew with the words that were read."""
    read_pictures(folder, out, engine, limit)


def read_pictures(folder: Path, out: Path, engine: str = "auto", limit: int | None = None) -> None:
    """Read every page in its own language: English ones in English, all others in Korean and English.

    Args:
        folder: of the generator, with pictures.
        out: JSON lines; pages already in it are not read again.
        engine: ``auto`` or a name.
        limit: most pages; None for all.
    """
    languages = {
        page["name"]: page["language"]
        for file in sorted(folder.glob("*.jsonl"))
        for page in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    }
    done = _names(out)
    forms = [form for form in read_forms(folder) if form.image is not None and form.name not in done][:limit]
    for lang, wanted in (("english", True), ("korean+english", False)):
        some = [form for form in forms if (languages[form.name] == "english") == wanted]
        if some:
            asyncio.run(_read_all(some, out, engine, lang))


def _names(out: Path) -> set[str]:
    """Pages that were read before; a last line that a kill cut short is taken away."""
    if not out.is_file():
        return set()
    whole, newline, _ = out.read_text(encoding="utf-8").rpartition("\n")
    out.write_text(whole + newline, encoding="utf-8")
    return {json.loads(line)["name"] for line in whole.splitlines()}


async def _read_all(forms: Sequence[Form], out: Path, engine: str, lang: str) -> None:
    from ml_server.pipeline import Pipeline
    from ml_server.settings import Settings

    pipeline = Pipeline(Settings(engine=engine, lang=lang, preload=""), inline=True)
    await pipeline.wait_until_ready()
    console = Console(stderr=True)
    try:
        with out.open("a", encoding="utf-8") as lines:
            for form in track(forms, f"reading {lang}", console=console):
                assert form.image is not None
                request = DocumentRequest(form.image.read_bytes(), lang, engine, confidence_threshold=0.3)
                try:
                    page = await pipeline.extract_page(request)
                except MLServerError as error:
                    console.print(f"{form.name}: {error.message}")
                    continue
                lines.write(json.dumps(relabel(form, page), ensure_ascii=False) + "\n")
                lines.flush()
    finally:
        await pipeline.close()


def relabel(form: Form, page: OCRPage) -> dict[str, Any]:
    """FUNSD's JSON of a page with the words of ``page`` and the truth of ``form``.

    A word belongs to the entity whose words it covers most of; one that covers none is OTHER. Entities of which
    nothing was read are gone, with their links.
    """
    read = [word for line in page.lines for word in line.words]
    scale = np.array([form.width / page.width, form.height / page.height] * 2)
    boxes = np.array([polygon_to_box(word.bbox) for word in read]).reshape(-1, 4) * scale
    owners = [i for i, entity in enumerate(form.entities) for _ in entity.words]
    gold = np.array([word.box for entity in form.entities for word in entity.words]).reshape(-1, 4)
    belongs = _belongs(boxes, gold, owners)
    members: dict[int, list[int]] = {}
    for word, owner in enumerate(belongs):
        members.setdefault(owner if owner >= 0 else -1 - word, []).append(word)
    entities: list[dict[str, Any]] = []
    place = {owner: i for i, owner in enumerate(members)}
    links = [[place[a], place[b]] for a, b in form.links if a in place and b in place]
    for owner, words in members.items():
        around = [*boxes[words][:, :2].min(0).round(1).tolist(), *boxes[words][:, 2:].max(0).round(1).tolist()]
        entities.append(
            {
                "id": place[owner],
                "label": form.entities[owner].label.lower() if owner >= 0 else "other",
                "text": " ".join(read[i].text for i in words),
                "box": around,
                "words": [{"text": read[i].text, "box": boxes[i].round(1).tolist()} for i in words],
                "linking": [pair for pair in links if place[owner] in pair],
            }
        )
    return {"name": form.name, "width": form.width, "height": form.height, "form": entities}


def _belongs(boxes: npt.NDArray[np.float64], gold: npt.NDArray[np.float64], owners: Sequence[int]) -> list[int]:
    """For every word read, the entity whose gold words share the most area with it; -1 for none."""
    if not len(gold):
        return [-1] * len(boxes)
    found = []
    for box in boxes:
        wide = np.minimum(box[2], gold[:, 2]) - np.maximum(box[0], gold[:, 0])
        high = np.minimum(box[3], gold[:, 3]) - np.maximum(box[1], gold[:, 1])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        own = max((box[2] - box[0]) * (box[3] - box[1]), 1e-6)
        by_owner = np.bincount(owners, weights=shared)
        best = int(by_owner.argmax())
        found.append(best if by_owner[best] > 0.25 * own else -1)
    return found


if __name__ == "__main__":
    typer.run(main)
