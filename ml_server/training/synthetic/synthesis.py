"""One page, from its number to its record: composed, laid out, boxed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from ml_server.training.synthetic.draft import OTHER, Draft
from ml_server.training.synthetic.page import compose
from ml_server.training.synthetic.record import Box, FormEntity, FormPage, FormWord, union
from ml_server.training.synthetic.render import LaidPage, LaidWord, Renderer
from ml_server.training.synthetic.scan import Warp, random_warp, scanned

_ATTEMPTS = 6
_MIN_ENTITIES = 4


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A finished page.

    Attributes:
        page: its record.
        png: its picture, clean, of the record's width and height; None if none was asked for.
    """

    page: FormPage
    png: bytes | None


def synthesise(
    renderer: Renderer,
    seed: int,
    number: int,
    *,
    picture: bool = False,
    scan: bool = False,
    languages: tuple[float, float, float] = (50, 40, 10),
) -> Synthesis:
    """Make page ``number`` of run ``seed``: the same two numbers give the same page where the same fonts are installed.

    Args:
        renderer: an open browser.
        seed: of the run.
        number: of the page, from 0.
        picture: also take a picture.
        scan: lay two pages in three down askew, boxes and picture alike, and give the pictures a scanner's faults.
        languages: weights of English, Korean and mixed.

    Raises:
        RuntimeError: nothing fitted the sheet, several times over.
    """
    for attempt in range(_ATTEMPTS):
        rng = Random(f"{seed}:{number}:{attempt}")
        composed = compose(rng, languages)
        style = composed.draft.style
        laid = renderer.lay_out(composed.html, style.width, style.height, picture=picture)
        form = _form(composed.draft, laid, Random(f"{seed}:{number}:boxes"))
        if len(form) >= _MIN_ENTITIES:
            name = f"{seed}-{number:06d}"
            page = FormPage(name, style.width, style.height, composed.language, composed.kind, seed, form)
            made = Synthesis(page, laid.png)
            return _scan(made, Random(f"{seed}:{number}:scan")) if scan else made
    raise RuntimeError(f"page {number} of seed {seed} stayed empty {_ATTEMPTS} times")


def _scan(made: Synthesis, rng: Random) -> Synthesis:
    """The page as it would come from a scanner."""
    page = made.page
    warp = random_warp(rng, page.width, page.height)
    if rng.random() < 0.33:
        warp = replace(warp, angle=0.0, scale=1.0, shift=(0.0, 0.0))
    form = tuple(_moved(entity, warp) for entity in page.form)
    return Synthesis(replace(page, form=form), None if made.png is None else scanned(made.png, warp, rng))


def _moved(entity: FormEntity, warp: Warp) -> FormEntity:
    words = tuple(FormWord(word.text, warp.box(word.box)) for word in entity.words)
    return replace(entity, words=words, box=union([word.box for word in words]))


def _form(draft: Draft, laid: LaidPage, rng: Random) -> tuple[FormEntity, ...]:
    """Entities that lie wholly on the sheet, numbered anew; links whose ends both lie there."""
    style = draft.style
    tightness = rng.uniform(0.72, 1.05)
    kept: list[tuple[int, list[FormWord]]] = []
    for index, words in laid.entities:
        boxed = [FormWord(word.text, _box(word, tightness)) for word in words]
        if all(_inside(word.box, style.width, style.height) for word in boxed):
            kept.append((index, boxed))
    if style.split_lines:
        kept = [part for entity in kept for part in _lines(entity, draft)]
    kept = _mixed(kept, draft, rng)
    ids = {index: place for place, (index, _) in enumerate(kept)}
    links = [(ids[a], ids[b]) for a, b in dict.fromkeys(draft.links) if a in ids and b in ids]
    return tuple(
        FormEntity(
            id=place,
            text=" ".join(word.text for word in words),
            label=draft.labels[index],
            box=union([word.box for word in words]),
            words=tuple(words),
            linking=tuple(link for link in links if place in link),
        )
        for place, (index, words) in enumerate(kept)
    )


def _lines(entity: tuple[int, list[FormWord]], draft: Draft) -> list[tuple[int, list[FormWord]]]:
    """An entity of the label other, line by line; any other as it is."""
    index, words = entity
    if draft.labels[index] != OTHER:
        return [entity]
    lines = [[words[0]]]
    for before, word in pairwise(words):
        if word.box[1] >= before.box[3] or word.box[2] < before.box[0]:
            lines.append([])
        lines[-1].append(word)
    return [(index, line) for line in lines]


def _box(word: LaidWord, tightness: float) -> Box:
    """A word's box: the line box cut down to about the height of its letters, as people and readers draw it.

    Args:
        word: as laid out.
        tightness: height of the box as a multiple of the font's size.
    """
    top, bottom = word.top, word.bottom
    if word.size:
        middle, half = (top + bottom) / 2, word.size * tightness / 2
        top, bottom = max(top, middle - half), min(bottom, middle + half)
    left, right = round(word.left), round(word.right)
    return left, round(top), max(right, left + 1), max(round(bottom), round(top) + 1)


def _inside(box: Box, width: int, height: int) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height


def _mixed(kept: list[tuple[int, list[FormWord]]], draft: Draft, rng: Random) -> list[tuple[int, list[FormWord]]]:
    """Entities in the document's order, some blocks shuffled: people do not label in strict reading order."""
    groups: dict[int, list[tuple[int, list[FormWord]]]] = {}
    for entity in kept:
        groups.setdefault(draft.blocks[entity[0]], []).append(entity)
    for group in groups.values():
        if rng.random() < draft.style.shuffle:
            rng.shuffle(group)
    return [entity for group in groups.values() for entity in group]
