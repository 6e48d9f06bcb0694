"""Annotated forms: FUNSD folders and the generator's ``*.jsonl`` files, as one set of nouns.

FUNSD's JSON is ``{"form": [{"id", "text", "label", "box", "words": [{"text", "box"}], "linking": [[from, to]]}]}`` in
``annotations/NAME.json`` beside ``images/NAME.png``. A line of ``jsonl`` is the same with ``name``, ``width`` and
``height``. Boxes are left, top, right, bottom in pixels.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_server.errors import InvalidRequest
from ml_server.geometry import Box

LABELS = ("HEADER", "QUESTION", "ANSWER", "OTHER")

_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class FormWord:
    """One annotated word.

    Attributes:
        text: not empty, without white space around it; a few of FUNSD's hold a space.
        box: left, top, right, bottom in pixels; left <= right and top <= bottom.
    """

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class FormEntity:
    """Words that mean one thing together.

    Attributes:
        id: as in the file; unique in its form.
        label: one of :data:`LABELS`.
        words: in the annotation's order, at least one.
        box: around the words, pixels; the annotation's own where it has one.
    """

    id: int
    label: str
    words: tuple[FormWord, ...]
    box: Box

    @property
    def text(self) -> str:
        """The words joined by single spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Form:
    """One annotated page.

    Attributes:
        name: the file's stem, or the line's ``name``.
        width: pixels.
        height: pixels.
        entities: in the annotation's order; may be empty.
        links: (head, tail) positions in ``entities``, each pair once, in the order and direction they are listed.
        image: the page's picture; None where there is none.
    """

    name: str
    width: int
    height: int
    entities: tuple[FormEntity, ...]
    links: tuple[tuple[int, int], ...]
    image: Path | None = None


def read_forms(path: Path) -> list[Form]:
    """The forms of a FUNSD folder or of a ``jsonl`` file; a folder without ``annotations/`` is read for its ``jsonl``.

    Raises:
        InvalidRequest: neither is there, or a file in it is damaged; the message names the file and the fault.
    """
    if path.is_dir():
        lines = sorted(path.glob("*.jsonl"))
        if lines and not (path / "annotations").is_dir():
            return [form for file in lines for form in read_jsonl(file)]
        return read_folder(path)
    return read_jsonl(path)


def read_folder(path: Path) -> list[Form]:
    """Every form of a FUNSD folder, sorted by name. Pictures are only looked at for their sizes.

    Raises:
        InvalidRequest: no ``annotations/*.json``, a damaged file, or a page whose size nothing tells.
    """
    annotations = path / "annotations"
    if not annotations.is_dir():
        raise InvalidRequest(f"{path}: no folder annotations/ in it; a FUNSD folder holds annotations/ and images/")
    files = sorted(annotations.glob("*.json"))
    if not files:
        raise InvalidRequest(f"{annotations}: no *.json in it")
    forms = []
    for file in files:
        with _reading(file):
            text = file.read_text(encoding="utf-8-sig")
        forms.append(_form(_parse(text, str(file)), file.stem, str(file), path / "images"))
    return forms


def read_jsonl(path: Path) -> list[Form]:
    """Every form of a ``jsonl`` file, in its order. Empty lines are skipped.

    A line's picture is ``images/NAME.png`` beside the file, where there is one.

    Raises:
        InvalidRequest: the file cannot be read or a line is damaged; the message holds the line's number.
    """
    forms = []
    with _reading(path), path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                where = f"{path}:{number}"
                forms.append(_form(_parse(line, where), f"{path.stem}-{number}", where, path.parent / "images"))
    return forms


def split(forms: Sequence[Form], held_out: float, seed: int) -> tuple[list[Form], list[Form]]:
    """Shuffle by name and part; the same seed and names give the same parts in whatever order they come.

    Args:
        forms: at least two if both parts shall have some.
        held_out: share of the second part, 0..1; at least one form is held out if it is above 0 and there are two.
        seed: of the shuffle.

    Returns:
        The forms to train on and those held out.
    """
    shuffled = sorted(forms, key=lambda form: form.name)
    random.Random(seed).shuffle(shuffled)
    count = round(len(shuffled) * held_out)
    if held_out > 0 and len(shuffled) > 1:
        count = min(max(count, 1), len(shuffled) - 1)
    return shuffled[count:], shuffled[:count]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{where}: damaged JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("form"), list):
        raise InvalidRequest(f'{where}: not a FUNSD annotation: a JSON object with a list "form" is expected')
    return value


def _form(raw: dict[str, Any], name: str, where: str, images: Path) -> Form:
    try:
        name = str(raw.get("name", name))
        image = next((file for end in _IMAGES if (file := images / f"{name}{end}").is_file()), None)
        width, height = _size(raw, image)
        entities = tuple(_entities(raw["form"]))
        return Form(name, width, height, entities, _links(raw["form"], entities), image)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidRequest(f"{where}: {fault}") from error


def _size(raw: dict[str, Any], image: Path | None) -> tuple[int, int]:
    if "width" in raw and "height" in raw:
        width, height = int(raw["width"]), int(raw["height"])
    elif image is None:
        raise ValueError("neither width and height nor a picture in images/ tell the page's size")
    else:
        from PIL import Image

        try:
            with Image.open(image) as picture:
                width, height = picture.size
        except (OSError, Image.DecompressionBombError) as error:
            raise ValueError(f"the picture {image} cannot be read: {error}") from error
    if width < 1 or height < 1:
        raise ValueError(f"a page of {width} x {height} pixels")
    return width, height


def _entities(raw: list[dict[str, Any]]) -> Iterator[FormEntity]:
    """Those with words; words without text are left out."""
    seen: set[int] = set()
    for item in raw:
        identity, label = int(item["id"]), str(item["label"]).upper()
        if label not in LABELS:
            raise ValueError(f"entity {identity} has the unknown label {item['label']!r}; known: {', '.join(LABELS)}")
        if identity in seen:
            raise ValueError(f"two entities have the id {identity}")
        seen.add(identity)
        words = tuple(
            FormWord(text, _box(word["box"], identity)) for word in item["words"] if (text := str(word["text"]).strip())
        )
        if words:
            around = _around(words) if item.get("box") is None else _box(item["box"], identity)
            yield FormEntity(identity, label, words, around)


def _box(raw: Sequence[float], identity: int) -> Box:
    if len(raw) != 4:
        raise ValueError(f"entity {identity} has a box of {len(raw)} numbers instead of 4")
    left, top, right, bottom = (float(value) for value in raw)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"entity {identity} has a box of {list(raw)}")
    return (min(left, right), min(top, bottom), max(left, right), max(top, bottom))


def _around(words: Sequence[FormWord]) -> Box:
    lefts, tops, rights, bottoms = zip(*(word.box for word in words), strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _links(raw: list[dict[str, Any]], entities: tuple[FormEntity, ...]) -> tuple[tuple[int, int], ...]:
    """Each pair once; those with an entity that is unknown or has no words, or with itself, are left out."""
    position = {entity.id: index for index, entity in enumerate(entities)}
    pairs = [(int(head), int(tail)) for item in raw for head, tail in item.get("linking") or ()]
    return tuple(
        dict.fromkeys(
            (position[head], position[tail])
            for head, tail in pairs
            if head != tail and head in position and tail in position
        )
    )
