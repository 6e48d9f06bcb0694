"""One annotation's ``result`` → its regions and relations, as the annotator meant them.

Label Studio keeps a region as several results with one id (its box, its labels, its text), each with the shape again,
in percent of the picture. A relation names two ids.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_server.document import Point, Polygon
from ml_server.geometry import box_to_polygon, order_corners

_LABELS = ("rectanglelabels", "polygonlabels", "labels")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that cannot be converted.

    Attributes:
        cause: for people.
        region: id of the region; empty where it is not about one.
        page: 0-based.
        text: of the region, where it has one.
    """

    cause: str
    region: str = ""
    page: int = 0
    text: str = ""


@dataclass(slots=True)
class AnnotatedRegion:
    """What one id stands for.

    Attributes:
        id: Label Studio's.
        image: name of the ``<Image>`` it is on.
        page: 0-based: which of the task's pictures it is on.
        shape: Label Studio's ``value`` with the geometry, percent; empty where none came.
        kind: ``box``, ``polygon``, ``ellipse``, ``brush`` or ``keypoint``.
        labels: in their order.
        texts: the lines of its transcription; without runs of spaces, and without empty ones.
        turned: degrees by which the annotator had turned the picture.
    """

    id: str
    image: str
    page: int = 0
    shape: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    labels: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    turned: float = 0.0

    @property
    def text(self) -> str:
        """Its lines, joined by newlines."""
        return "\n".join(self.texts)


@dataclass(frozen=True, slots=True)
class AnnotatedRelation:
    """Two regions that belong together.

    Attributes:
        head: id of the region the arrow comes from.
        tail: id of the region it points to; of an arrow with two heads, the one that was clicked last.
    """

    head: str
    tail: str


def read_result(
    result: Iterable[Mapping[str, Any]], text: str
) -> tuple[list[AnnotatedRegion], list[AnnotatedRelation]]:
    """The regions in the order they were made, and the relations. Results that have no region's shape are left out.

    Args:
        result: of one annotation, as Label Studio's API gives it.
        text: name of the ``<TextArea>`` for transcriptions; what is in others, a comment say, is left out.
    """
    regions: dict[str, AnnotatedRegion] = {}
    relations = []
    for item in result:
        kind = str(item.get("type", ""))
        if kind == "relation":
            relations.append(_relation(item))
            continue
        value = item.get("value")
        if not isinstance(value, Mapping) or not item.get("id"):
            continue
        region = regions.setdefault(str(item["id"]), AnnotatedRegion(str(item["id"]), str(item.get("to_name", ""))))
        region.page = int(item.get("item_index") or 0)
        region.turned = float(item.get("image_rotation") or 0)
        shape = _kind(value)
        if shape:
            region.shape, region.kind = value, shape
        for name in _LABELS:
            region.labels += [str(label) for label in value.get(name) or () if str(label) not in region.labels]
        if kind == "textarea" and item.get("from_name") == text:
            region.texts = _lines(value.get("text"))
    return [region for region in regions.values() if region.shape], relations


def corners(region: AnnotatedRegion, width: int, height: int) -> Polygon:
    """A region's corners in the order of its text: where the text begins at the top comes first, then clockwise.

    A polygon of more than four corners becomes the upright box around it.

    Args:
        region: with the shape of a box or a polygon.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Returns:
        In pixels; may reach out of the picture.

    Raises:
        ValueError: the shape is none that has corners, has numbers missing, or no area.
    """
    if region.kind == "box":
        return _box(region.shape, width, height)
    if region.kind != "polygon":
        raise ValueError(f"a shape of the kind {region.kind}; only boxes and polygons can be converted")
    points = [(float(x) * width / 100, float(y) * height / 100) for x, y in region.shape.get("points") or ()]
    if len(points) < 3:
        raise ValueError(f"a polygon of {len(points)} point(s)")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    around = box_to_polygon((min(xs), min(ys), max(xs), max(ys)))
    return _solid(order_corners(points) if len(points) == 4 else around)


def _box(shape: Mapping[str, Any], width: int, height: int) -> Polygon:
    """Label Studio turns a box clockwise around its own top-left corner."""
    missing = [name for name in ("x", "y", "width", "height") if shape.get(name) is None]
    if missing:
        raise ValueError(f"a box without {', '.join(missing)}")
    left, top = float(shape["x"]) * width / 100, float(shape["y"]) * height / 100
    across, down = float(shape["width"]) * width / 100, float(shape["height"]) * height / 100
    angle = math.radians(float(shape.get("rotation") or 0))
    cos, sin = math.cos(angle), math.sin(angle)

    def at(x: float, y: float) -> Point:
        return (left + x * cos - y * sin, top + x * sin + y * cos)

    return _solid((at(0, 0), at(across, 0), at(across, down), at(0, down)))


def _solid(found: Polygon) -> Polygon:
    shoelace = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(found, (*found[1:], found[0]), strict=True))
    if not math.isfinite(shoelace) or abs(shoelace) < 1:
        raise ValueError("its area is less than a pixel")
    return found


def _kind(value: Mapping[str, Any]) -> str:
    """Of a shape, by what it has; empty where the value has none: a choice or text of the whole task."""
    if "points" in value:
        return "polygon"
    if "radiusX" in value:
        return "ellipse"
    if "rle" in value:
        return "brush"
    if {"x", "y"} <= value.keys():
        return "box" if {"width", "height"} & value.keys() and "keypointlabels" not in value else "keypoint"
    return ""


def _relation(item: Mapping[str, Any]) -> AnnotatedRelation:
    head, tail = str(item.get("from_id", "")), str(item.get("to_id", ""))
    return AnnotatedRelation(*((tail, head) if item.get("direction") == "left" else (head, tail)))


def _lines(text: str | Sequence[str] | None) -> list[str]:
    entries = [text] if isinstance(text, str) else [str(entry) for entry in text or ()]
    return [line for entry in entries for line in (" ".join(part.split()) for part in entry.splitlines()) if line]
