"""Folders of mixed documents for bulk runs: PNG, JPEG, TIFFs and PDFs of several pages, some of them damaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.corpus import mixed

_KINDS = ("png", "jpg", "tiff", "pdf", "png", "jpg")
_PAGES = {"tiff": 3, "pdf": 4}


@dataclass(frozen=True, slots=True)
class Made:
    """What is in a folder.

    Attributes:
        pages: in documents that are whole.
        damaged: names of the others, below the folder.
    """

    pages: int
    damaged: frozenset[str]


def make(folder: Path, pages: int, damaged: float) -> Made:
    """Write documents of real pages, by turns of every kind, in folders of twenty.

    Args:
        folder: made here.
        pages: of the whole documents together, at least.
        damaged: share of the documents that are cut off in the middle, spread evenly.
    """
    truths = mixed(pages + max(_PAGES.values()))
    written, number, bad = 0, 0, set[str]()
    while written < pages:
        kind = _KINDS[number % len(_KINDS)]
        name = f"box{number // 20}/scan{number}.{kind}"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count = _PAGES.get(kind, 1)
        pictures = []
        for truth in truths[written : written + count]:
            with Image.open(truth.image) as image:
                pictures.append(image.convert("RGB"))
        if kind in _PAGES:
            # A PDF's pages are rendered at 200 dpi again, so they come out as large as they went in.
            pictures[0].save(path, save_all=True, append_images=pictures[1:], resolution=200.0)
        else:
            pictures[0].save(path)
        if int((number + 1) * damaged) > int(number * damaged):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
            bad.add(name)
        else:
            written += count
        number += 1
    return Made(written, frozenset(bad))
