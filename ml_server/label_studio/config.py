"""A project's labelling config: which of its tags a prediction can fill, and what its labels mean to the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from xml.etree import ElementTree

from ml_server.errors import InvalidRequest

Shape: TypeAlias = Literal["rectangle", "polygon"]
Task: TypeAlias = Literal["ocr", "key_values", "both"]
"""What a prediction is: read text, labels of regions that are there, or both at once."""

MODEL_LABELS = ("HEADER", "QUESTION", "ANSWER", "OTHER")
"""Of the model that comes with us; another may have its own."""

_MAX_CHARS = 2**20
_TEXT_LABELS = frozenset({"text", "line", "word", "other"})
_SHAPES: dict[str, Shape] = {"rectangle": "rectangle", "polygon": "polygon"}
_WANTED = (
    'what can be predicted needs <Image name=… value="$…"/> and, with toName its name: <RectangleLabels> or '
    '<PolygonLabels> with <Label>s; or <Rectangle> or <Polygon> with <Labels>, with <TextArea perRegion="true">, '
    "or with both"
)


@dataclass(frozen=True, slots=True)
class Label:
    """One ``<Label>``.

    Attributes:
        value: as the config spells it.
        aliases: its ``predicted_values``: what models call it.
    """

    value: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """The tag whose labels regions get.

    Attributes:
        name: of the tag.
        kind: ``labels``, ``rectanglelabels`` or ``polygonlabels``: type of a result, and the key of its labels.
        labels: in the config's order, at least one.
    """

    name: str
    kind: str
    labels: tuple[Label, ...]

    def spelt(self, model_label: str) -> str:
        """The config's word for a model's label; empty where it has none. Case and punctuation do not matter."""
        wanted = _plain(model_label)
        for label in self.labels:
            if wanted in (_plain(label.value), *map(_plain, label.aliases)):
                return label.value
        return ""

    def meant(self, value: str) -> str:
        """The model's word for a label of the config, in capitals: of its aliases the one the model has, or itself."""
        found = next((label for label in self.labels if label.value == value), Label(value))
        known = {_plain(name): name for name in MODEL_LABELS}
        for name in (found.value, *found.aliases):
            if _plain(name) in known:
                return known[_plain(name)]
        return (found.aliases[0] if found.aliases else found.value).upper()

    @property
    def of_text(self) -> str:
        """The label for text of which nothing else is known; empty where the config has none for it."""
        names = [label.value for label in self.labels]
        fitting = [
            label.value for label in self.labels if {_plain(label.value), *map(_plain, label.aliases)} & _TEXT_LABELS
        ]
        return fitting[0] if fitting else names[0] if len(names) == 1 else ""

    @property
    def known(self) -> int:
        """How many labels of the model that comes with us it has a word for."""
        return sum(bool(self.spelt(label)) for label in MODEL_LABELS)


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What of a labelling config matters here.

    Attributes:
        image: name of the ``<Image>`` tag, the ``to_name`` of every result.
        field: key of a task's data that holds its address, or the list of its pages' addresses.
        several: whether it pages through a list; results then carry an ``item_index``.
        shape: of regions.
        drawn_by: name of the tag that draws them; that of ``labels`` where it draws them itself.
        labels: None where the config has none.
        text: name of the ``<TextArea perRegion="true">`` for transcriptions; empty where there is none.
        relation: label of relations; empty for none.
        asked: what the config itself asks for in its ``model_predict``; None where it says nothing.
    """

    image: str
    field: str
    several: bool
    shape: Shape
    drawn_by: str
    labels: Labels | None
    text: str
    relation: str
    asked: Task | None = None

    @property
    def draws_labels(self) -> bool:
        """Whether box and label are one result, as with ``<RectangleLabels>``, instead of two with the same id."""
        return self.labels is not None and self.labels.name == self.drawn_by

    def task(self, setting: Literal["auto"] | Task) -> Task:
        """What to predict.

        Raises:
            InvalidRequest: the config has no tags for it.
        """
        wanted = self.asked or setting
        if wanted == "auto":
            aliased = self.labels is not None and any(label.aliases for label in self.labels.labels)
            wanted = "both" if self.labels is not None and (self.labels.known or aliased) else "ocr"
        if wanted != "ocr" and self.labels is None:
            raise InvalidRequest(
                f"{wanted} is to be predicted, and the labelling config has no labels for regions of its image: add "
                f'<RectangleLabels name=… toName="{self.image}"> with {", ".join(MODEL_LABELS)}',
                field="label_config",
            )
        return wanted

    def addresses(self, data: Mapping[str, Any]) -> list[str]:
        """Addresses of a task's images: one, or one for each page.

        Raises:
            InvalidRequest: the data has none.
        """
        found: Any = data
        for part in (self.field,) if self.field in data else self.field.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        pages = found if self.several and isinstance(found, list) else [found]
        if not pages or not all(isinstance(page, str) and page.strip() for page in pages):
            wanted = "a list of images' addresses" if self.several else "an image's address"
            raise InvalidRequest(
                f"the task's data has no {self.field!r} with {wanted}; it has: {', '.join(data) or 'nothing'}",
                field="data",
            )
        return [page.strip() for page in pages]


def parse(xml: str) -> LabelConfig:
    """Find the tags of one image that a prediction can fill.

    Raises:
        InvalidRequest: not XML, or without such tags; the message says what is missing.
    """
    root = _tree(xml)
    images = [tag for tag in root.iter() if _kind(tag) == "image" and tag.get("name")]
    if not images:
        raise InvalidRequest(f"the labelling config has no <Image>; {_WANTED}", field="label_config")
    problems = []
    for image in images:
        found = _about(root, image)
        if isinstance(found, LabelConfig):
            return found
        problems.append(f'<Image name="{image.get("name")}"> {found}')
    raise InvalidRequest(f"{'; '.join(problems)}; {_WANTED}", field="label_config")


def _tree(xml: str) -> ElementTree.Element:
    if len(xml) > _MAX_CHARS or "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise InvalidRequest("the labelling config is too long, or declares entities", field="label_config")
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise InvalidRequest(f"the labelling config is not XML: {error}", field="label_config") from error


def _about(root: ElementTree.Element, image: ElementTree.Element) -> LabelConfig | str:
    """The config for one image, or what it lacks."""
    name = image.get("name", "")
    several = image.get("valueList") is not None
    value = image.get("valueList") or image.get("value") or ""
    if not re.fullmatch(r"\$[\w.-]+", value):
        return f'has no value="$…" (or valueList) that names a field of the task\'s data, but {value!r}'
    tags = [tag for tag in root.iter() if name in re.split(r"[\s,]+", tag.get("toName", "")) and tag.get("name")]
    text = next((tag for tag in tags if _kind(tag) == "textarea" and tag.get("perRegion", "").lower() == "true"), None)
    drawn = next((tag for tag in tags if _kind(tag) in _SHAPES), None)
    labels = _labels(tags, bool(drawn is not None))
    if drawn is None and labels is None:
        return "has no tag that draws labelled or transcribed boxes on it"
    if labels is None and text is None:
        return "has boxes, but neither labels nor a transcription for them"
    own = labels is not None and labels.kind != "labels"
    shape = _SHAPES[labels.kind.removesuffix("labels")] if own and labels else _SHAPES[_kind(drawn)]  # type: ignore[arg-type]  # there is one
    drawn_by = labels.name if own and labels else (drawn.get("name", "") if drawn is not None else "")
    asked = next((tag.get("model_predict") for tag in (*tags, image) if tag.get("model_predict")), None)
    if asked not in (None, "ocr", "key_values", "both"):
        return f'has model_predict="{asked}"; it is ocr, key_values or both'
    return LabelConfig(
        image=name,
        field=value[1:],
        several=several,
        shape=shape,
        drawn_by=drawn_by,
        labels=labels,
        text=text.get("name", "") if text is not None else "",
        relation=_relation(root),
        asked=asked,  # type: ignore[arg-type]  # checked above
    )


def _labels(tags: Sequence[ElementTree.Element], drawn: bool) -> Labels | None:
    """The tag with the most labels that the model has too; of equals the first."""
    kinds = ("rectanglelabels", "polygonlabels", "labels") if drawn else ("rectanglelabels", "polygonlabels")
    found = [Labels(tag.get("name", ""), _kind(tag), tuple(_each(tag))) for tag in tags if _kind(tag) in kinds]
    return max((each for each in found if each.labels), key=lambda each: each.known, default=None)


def _each(tag: ElementTree.Element) -> Iterator[Label]:
    for label in tag.iter():
        if _kind(label) == "label" and label.get("value"):
            aliases = (part.strip() for part in label.get("predicted_values", "").split(","))
            yield Label(label.get("value", ""), tuple(part for part in aliases if part))


def _relation(root: ElementTree.Element) -> str:
    """The only label of relations there is, or the one that is named after answers."""
    found = [tag.get("value", "") for tag in root.iter() if _kind(tag) == "relation" and tag.get("value")]
    return found[0] if len(found) == 1 else next((value for value in found if "answer" in value.lower()), "")


def _kind(tag: ElementTree.Element) -> str:
    return tag.tag.lower() if isinstance(tag.tag, str) else ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
