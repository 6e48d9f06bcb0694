"""Pages with the text that stands on them, from the layouts in which people keep such ground truth."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_server.errors import InvalidRequest
from ml_server.geometry import Box, polygon_to_box, reading_order
from ml_server.training.forms import Form, read_forms
from ml_server.training.gold_pages import gold_page

LAYOUTS = (
    "FUNSD (annotations/*.json beside images/), forms as *.jsonl beside images/, "
    "SROIE (box/*.csv or *.txt beside img/ or images/), "
    'or NAME.json beside its picture with a list "lines" or "words" of {"text", "bbox" or "box"}'
)
"""What :func:`read_truth` knows, for messages."""

_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif")


@dataclass(frozen=True, slots=True)
class TruthPage:
    """One page and what stands on it.

    Attributes:
        name: the truth file's stem, or what the file calls itself.
        image: the picture.
        words: texts, in the file's order; not empty, one may hold a space.
        lines: text and box in the units of ``size``, in reading order; empty where the truth has no boxes of lines.
        text: the whole page in reading order as :func:`ml_server.geometry.reading_order` knows it (in the file's order
            where there are no boxes), lines parted by newlines.
        size: width and height the boxes are measured on; None where that is the picture's own.
        cased: whether the truth tells capitals from small letters; SROIE's is all capitals, whatever is printed.
    """

    name: str
    image: Path
    words: tuple[str, ...]
    lines: tuple[tuple[str, Box], ...]
    text: str
    size: tuple[int, int] | None = None
    cased: bool = True


def read_truth(folder: Path) -> list[TruthPage]:
    """Every page of a folder in one of :data:`LAYOUTS`, sorted by file name.

    JSON files that are no page (neither "lines" nor "words" in them) are passed over.

    Raises:
        InvalidRequest: none of the layouts, a damaged file, or a page without a picture; the message says which.
    """
    if folder.suffix == ".jsonl" or (folder / "annotations").is_dir() or any(folder.glob("*.jsonl")):
        pages = [_of_form(form) for form in read_forms(folder)]
    elif (folder / "box").is_dir():
        files = sorted((*(folder / "box").glob("*.csv"), *(folder / "box").glob("*.txt")))
        pages = [_of_receipt(file, folder) for file in files]
    else:
        pages = [page for file in sorted(folder.glob("*.json")) for page in _of_json(file)]
    if not pages:
        raise InvalidRequest(f"{folder}: no pages with ground truth in it; known layouts: {LAYOUTS}")
    return pages


def _of_form(form: Form) -> TruthPage:
    if form.image is None:
        raise InvalidRequest(f"{form.name}: no picture of it in images/")
    lines = [(line.text, polygon_to_box(line.bbox)) for line in gold_page(form, "").lines]
    words = [word.text for entity in form.entities for word in entity.words]
    return _page(form.name, form.image, words, lines, (form.width, form.height))


def _of_receipt(file: Path, folder: Path) -> TruthPage:
    """Lines of ``x1,y1,x2,y2,x3,y3,x4,y4,text``; the text is not quoted and may hold commas."""
    image = _picture(folder / "img", file.stem) or _picture(folder / "images", file.stem)
    if image is None:
        raise InvalidRequest(f"{file}: no picture {file.stem} in img/ or images/")
    lines = []
    # A few of SROIE's own files are not UTF-8; one letter is lost then, not the page.
    for number, row in enumerate(_text(file, errors="replace").splitlines(), start=1):
        *corners, text = row.split(",", 8)
        if not row.strip():
            continue
        try:
            values = [float(corner) for corner in corners]
            box = _box([values[i : i + 2] for i in range(0, len(values), 2)])
        except ValueError as error:
            raise InvalidRequest(f"{file}:{number}: x1,y1,x2,y2,x3,y3,x4,y4,text is expected: {error}") from error
        if text.strip():
            lines.append((text.strip(), box))
    return _page(file.stem, image, [word for text, _ in lines for word in text.split()], lines, None, cased=False)


def _of_json(file: Path) -> Iterator[TruthPage]:
    """The page, or nothing where the file is something else."""
    try:
        raw = json.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{file}: damaged JSON: {error}") from error
    if not isinstance(raw, dict) or not any(isinstance(raw.get(key), list) for key in ("lines", "words")):
        return
    try:
        image = file.parent / str(raw["image"]) if "image" in raw else _picture(file.parent, file.stem)
        lines, words = list(_items(raw.get("lines") or ())), list(_items(raw.get("words") or ()))
        size = (int(raw["width"]), int(raw["height"])) if "width" in raw and "height" in raw else None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidRequest(f"{file}: {fault}") from error
    if image is None or not image.is_file():
        raise InvalidRequest(f"{file}: no picture {image.name if image else file.stem} beside it")
    if size is not None and min(size) < 1:
        raise InvalidRequest(f"{file}: a page of {size[0]} x {size[1]} pixels")
    texts = [text for text, _ in words] or [word for text, _ in lines for word in text.split()]
    placed = [(text, box) for text, box in lines if box is not None]
    yield TruthPage(file.stem, image, tuple(texts), tuple(_ordered(placed)), _whole(lines or words), size)


def _items(raw: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Box | None]]:
    for item in raw:
        text, box = str(item["text"]).strip(), item.get("bbox", item.get("box"))
        if text:
            yield text, None if box is None else _box(box)


def _box(raw: Sequence[Any]) -> Box:
    """From left, top, right, bottom or from four corners."""
    if len(raw) != 4:
        raise ValueError(f"a box of {len(raw)} numbers or corners instead of 4")
    corners = raw if isinstance(raw[0], list) else (raw[:2], raw[2:])
    points = [(float(x), float(y)) for x, y in corners]
    if not all(math.isfinite(value) for point in points for value in point):
        raise ValueError(f"a box of {raw}")
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


def _page(
    name: str,
    image: Path,
    words: Sequence[str],
    lines: Sequence[tuple[str, Box]],
    size: tuple[int, int] | None,
    *,
    cased: bool = True,
) -> TruthPage:
    return TruthPage(name, image, tuple(words), tuple(_ordered(lines)), _whole(lines), size, cased)


def _ordered(lines: Sequence[tuple[str, Box]]) -> list[tuple[str, Box]]:
    return reading_order(lines, [box for _, box in lines])


def _whole(items: Sequence[tuple[str, Box | None]]) -> str:
    placed = [(text, box) for text, box in items if box is not None]
    ordered = _ordered(placed) if len(placed) == len(items) else items
    return "\n".join(text for text, _ in ordered)


def _picture(folder: Path, stem: str) -> Path | None:
    if not folder.is_dir():
        return None
    return next(
        (file for file in sorted(folder.iterdir()) if file.stem == stem and file.suffix.lower() in _IMAGES), None
    )


def _text(file: Path, errors: str = "strict") -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors=errors)
    except OSError as error:
        raise InvalidRequest(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{file}: not UTF-8 text: {error.reason} at byte {error.start}") from error
