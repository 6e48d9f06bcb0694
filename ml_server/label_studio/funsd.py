"""One page of an annotation → a FUNSD document, and what of it could not be converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_server.geometry import Box, reading_order
from ml_server.label_studio.annotated_regions import AnnotatedRegion, AnnotatedRelation, Fault, corners
from ml_server.label_studio.config import Labels
from ml_server.label_studio.word_boxes import place_words

KNOWN_LABELS: Mapping[str, str] = {
    "HEADER": "header", "QUESTION": "question", "ANSWER": "answer", "OTHER": "other", "KEY": "question",
    "VALUE": "answer", "TITLE": "header", "제목": "header", "머리글": "header", "질문": "question", "항목": "question",
    "키": "question", "답변": "answer", "답": "answer", "값": "answer", "기타": "other",
}  # fmt: skip
"""FUNSD's labels by what projects call them, upper-case."""

_RANK = ("header", "question", "answer", "other")


def meanings_of(labels: Labels | None) -> dict[str, str]:
    """FUNSD's label by the project's, upper-case: what the labelling config says, on top of :data:`KNOWN_LABELS`.

    Args:
        labels: of the config; None where it has none.
    """
    found = dict(KNOWN_LABELS)
    for label in labels.labels if labels is not None else ():
        meaning = labels.meant(label.value).lower() if labels is not None else ""
        if meaning in _RANK:
            found[label.value.strip().upper()] = meaning
    return found


def to_funsd(
    regions: Sequence[AnnotatedRegion],
    relations: Sequence[AnnotatedRelation],
    page: int,
    size: tuple[int, int],
    labels: Mapping[str, str],
) -> tuple[dict[str, Any], list[Fault]]:
    """A document as :mod:`ml_server.training.forms` reads it.

    Args:
        regions: of the annotation, all pages'.
        relations: of the annotation.
        page: 0-based; the others' regions are left out.
        size: width and height of the page, pixels.
        labels: FUNSD's label by the project's, upper-case.

    Returns:
        ``form`` (entities in reading order, ids from 0), ``width`` and ``height``; and the faults.
    """
    kept: list[tuple[AnnotatedRegion, dict[str, Any]]] = []
    faults = []
    for region in regions:
        if region.page == page:
            try:
                kept.append((region, _entity(region, size, labels)))
            except ValueError as error:
                faults.append(Fault(str(error), region.id, page, region.text))
    kept = reading_order(kept, [tuple(entity["box"]) for _, entity in kept])
    place = {}
    for number, (region, entity) in enumerate(kept):
        entity["id"] = number
        place[region.id] = entity
    on_page = {region.id for region in regions if region.page == page}
    for relation in relations:
        if {relation.head, relation.tail} & on_page:
            fault = _link(relation, place)
            if fault:
                faults.append(Fault(fault, page=page))
    return {"form": [entity for _, entity in kept], "width": size[0], "height": size[1]}, faults


def _entity(region: AnnotatedRegion, size: tuple[int, int], labels: Mapping[str, str]) -> dict[str, Any]:
    """An entity without its id.

    Raises:
        ValueError: what is missing or wrong.
    """
    if region.turned % 360:
        raise ValueError(f"drawn while the picture was turned by {region.turned:g} degrees")
    found = corners(region, *size)
    if not region.texts:
        raise ValueError("no text: the region has no transcription")
    known = [labels[name.strip().upper()] for name in region.labels if name.strip().upper() in labels]
    if region.labels and not known:
        raise ValueError(f"the label {', '.join(region.labels)} is none of {', '.join(sorted(set(labels)))}")
    words = [(text, _inside(box, size)) for text, box in place_words(region.texts, found)]
    around = [min(box[0] for _, box in words), min(box[1] for _, box in words)]
    around += [max(box[2] for _, box in words), max(box[3] for _, box in words)]
    if around[0] >= around[2] or around[1] >= around[3]:
        raise ValueError("it lies outside of the picture")
    return {
        "id": -1,
        "text": " ".join(region.texts),
        "label": known[0] if known else "other",
        "box": around,
        "words": [{"text": text, "box": box} for text, box in words],
        "linking": [],
    }


def _inside(box: Box, size: tuple[int, int]) -> list[int]:
    width, height = size
    left, top, right, bottom = (round(value) for value in box)
    return [min(max(left, 0), width), min(max(top, 0), height), min(max(right, 0), width), min(max(bottom, 0), height)]


def _link(relation: AnnotatedRelation, place: Mapping[str, dict[str, Any]]) -> str:
    """Write a relation into both its entities, as FUNSD does; gives why it cannot be, or nothing.

    A header or question leads to its answer, whichever of the two the annotator clicked first.
    """
    ends = [place.get(relation.head), place.get(relation.tail)]
    if relation.head == relation.tail:
        return f"a relation of {relation.head} with itself"
    head, tail = ends
    if head is None or tail is None:
        lost = " and ".join(name for name, end in zip((relation.head, relation.tail), ends, strict=True) if end is None)
        return f"a relation {relation.head} → {relation.tail}: {lost} is not on this page or could not be converted"
    if _RANK.index(head["label"]) > _RANK.index(tail["label"]):
        head, tail = tail, head
    link = [head["id"], tail["id"]]
    for entity in (head, tail):
        if link not in entity["linking"]:
            entity["linking"].append(link)
    return ""
