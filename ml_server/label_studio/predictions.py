"""What was read and understood → Label Studio's results: a region's box, label and text share one id."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from ml_server.document import OCRPage, Polygon
from ml_server.key_value import KeyValuePage
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.shapes import around, value_of


def new_id() -> str:
    """An id for a region, as Label Studio makes them: ten characters."""
    return secrets.token_hex(5)


@dataclass(frozen=True, slots=True)
class Region:
    """One box to be shown.

    Attributes:
        bbox: four corners in pixels.
        score: 0..1.
        label: the model's; empty for none.
        text: may be empty.
        id: shared by its results.
    """

    bbox: Polygon
    score: float
    label: str = ""
    text: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class PredictedPage:
    """One image.

    Attributes:
        regions: in reading order.
        links: pairs of positions in ``regions``: the question and its answer.
        width: of the image as it was read (its EXIF orientation applied, as browsers show it), pixels.
        height: likewise.
        model_version: who is to be thanked.
        model: of these, the version that labelled, as results carry it; empty where none did.
        warnings: what is to be known of the reading, for people.
    """

    regions: tuple[Region, ...]
    links: tuple[tuple[int, int], ...]
    width: int
    height: int
    model_version: str
    model: str = ""
    warnings: tuple[str, ...] = ()


def of_text(page: OCRPage, level: Literal["line", "word"], version: str) -> PredictedPage:
    """What was read, without meaning.

    Args:
        page: as read.
        level: what a region is.
        version: see :class:`PredictedPage`.
    """
    if level == "line":
        found = [Region(line.bbox, line.confidence, text=line.text) for line in page.lines]
    else:
        found = [Region(word.bbox, word.confidence, text=word.text) for line in page.lines for word in line.words]
    return PredictedPage(tuple(found), (), page.width, page.height, version, warnings=page.warnings)


def of_entities(page: KeyValuePage, version: str) -> PredictedPage:
    """What was understood: an entity is a region, turned as its words are.

    Args:
        page: as understood.
        version: see :class:`PredictedPage`.
    """
    regions = [Region(around(each.words), each.confidence, each.label, each.text) for each in page.entities]
    links = tuple((relation.head, relation.tail) for relation in page.relations)
    return PredictedPage(tuple(regions), links, page.width, page.height, version, page.model_version, page.warnings)


def prediction(config: LabelConfig, pages: Sequence[PredictedPage]) -> dict[str, Any]:
    """A prediction as Label Studio takes it, from its ML backend and in ``POST /api/predictions``.

    What the config has no word for gets no label; it is left out where the config has no place for its text either.

    Args:
        config: of the project.
        pages: of one task, at least one, all of one ``model_version``.

    Returns:
        ``result``, ``score`` (mean of the regions', 0..1; 0 for empty pages) and ``model_version``; with
        ``warnings`` of the pages where there are any, which Label Studio has no place for.
    """
    result: list[dict[str, Any]] = []
    scores: list[float] = []
    for index, page in enumerate(pages):
        shown = {position: region for position, region in enumerate(page.regions) if _is_shown(config, region)}
        scores += [region.score for region in shown.values()]
        about = {
            "original_width": page.width,
            "original_height": page.height,
            "image_rotation": 0,
            **({"item_index": index} if config.several else {}),
        }
        result += [item | about for region in shown.values() for item in _items(config, region, page)]
        result += _relations(config, ((shown[a].id, shown[b].id) for a, b in page.links if {a, b} <= shown.keys()))
    warnings = [f"page {number}: {each}" for number, page in enumerate(pages, start=1) for each in page.warnings]
    return {
        "result": result,
        "score": round(fmean(scores), 6) if scores else 0.0,
        "model_version": pages[0].model_version,
        **({"warnings": warnings} if warnings else {}),
    }


def _is_shown(config: LabelConfig, region: Region) -> bool:
    return bool(_label(config, region) or (config.text and region.text) or not region.label)


def _label(config: LabelConfig, region: Region) -> str:
    if config.labels is None:
        return ""
    return config.labels.spelt(region.label) if region.label else config.labels.of_text


def _items(config: LabelConfig, region: Region, page: PredictedPage) -> Iterator[dict[str, Any]]:
    where = value_of(region.bbox, config.shape, page.width, page.height)
    label = _label(config, region)
    kind = f"{config.shape}labels" if config.draws_labels else config.shape
    labels = {kind: [label] if label else []} if config.draws_labels else {}
    yield _item(config, region, config.drawn_by, kind, where | labels)
    if config.labels is not None and not config.draws_labels and label:
        yield _item(config, region, config.labels.name, "labels", where | {"labels": [label]})
    if config.text and region.text:
        yield _item(config, region, config.text, "textarea", where | {"text": [region.text]})


def _item(config: LabelConfig, region: Region, tag: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": region.id,
        "from_name": tag,
        "to_name": config.image,
        "type": kind,
        "origin": "prediction",
        "value": value,
        "score": round(region.score, 6),
    }


def _relations(config: LabelConfig, pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for head, tail in pairs:
        named = {"labels": [config.relation]} if config.relation else {}
        yield {"type": "relation", "from_id": head, "to_id": tail, "direction": "right", **named}
