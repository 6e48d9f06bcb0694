"""The same page again, a little different: what a scanner, another OCR engine or another layout would have made of it.

Boxes and words change together with the entities that are made of them, so the truth stays true.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_server.engines.layoutlm.words import PageWords
from ml_server.geometry import reading_order
from ml_server.training.examples import LabelledPage

_CONFUSED = {
    "0": ("O", "o"), "O": ("0", "D"), "1": ("l", "I"), "l": ("1", "I"), "I": ("l", "1"), "5": ("S",), "S": ("5",),
    "8": ("B",), "B": ("8",), "6": ("b",), "e": ("c",), "c": ("e",), "o": ("0",), "n": ("ri",), "m": ("rn",),
    "u": ("v",), "g": ("q",), "t": ("f",), "f": ("t",), ".": (",", ""), ",": (".", ""), ":": (".", ";", ""),
    "성": ("싱",), "명": ("멍",), "자": ("지",), "일": ("알",), "호": ("흐",), "주": ("추",), "소": ("스",),
    "수": ("주",), "금": ("급",), "액": ("맥",),
}  # fmt: skip
"""Characters that look alike."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How often each thing happens, 0..1.

    Attributes:
        lines: the page's words come in the order of OCR lines instead of the annotation's.
        split: words are split behind ``/``, ``-`` and ``:``, as FUNSD's and some engines' are.
        affine: the page is shifted and scaled on the grid.
        upper: the page is in capitals.
        characters: share of characters confused, on pages that have any confused.
        confused_pages: share of pages with confused characters.
        lost: share of words lost on such pages.
    """

    lines: float = 0.4
    split: float = 0.3
    affine: float = 0.9
    upper: float = 0.1
    characters: float = 0.03
    confused_pages: float = 0.3
    lost: float = 0.01


def augment(truth: LabelledPage, noise: Noise, rng: random.Random) -> LabelledPage:
    """One random variation of a page."""
    texts, boxes = list(truth.page.texts), truth.page.boxes
    entities = [(label, list(words)) for label, words in truth.entities]
    if rng.random() < noise.split:
        texts, boxes, entities = _split(texts, boxes, entities)
    if rng.random() < noise.upper:
        texts = [text.upper() for text in texts]
    if rng.random() < noise.confused_pages:
        texts = ["".join(_confuse(c, noise.characters, rng) for c in text) or text for text in texts]
        entities = _lose(entities, noise.lost, rng)
    if rng.random() < noise.affine:
        boxes = _affine(boxes, rng)
    given = [word for _, words in entities for word in words]
    order = line_order(boxes) if rng.random() < noise.lines else given
    kept = {word for _, words in entities for word in words}
    if not kept:
        return truth  # a page of a word or two that lost them all
    order = [word for word in order if word in kept]
    place = {old: new for new, old in enumerate(order)}
    page = PageWords(tuple(texts[i] for i in order), boxes[order], truth.page.aspect)
    moved = tuple((label, tuple(sorted(place[word] for word in words))) for label, words in entities)
    return LabelledPage(page, *_without_empty(moved, truth.heads))


def line_order(boxes: npt.NDArray[np.float64]) -> list[int]:
    """Word indices as an OCR engine would give them: lines (words of a row with small gaps), read top to bottom.

    Args:
        boxes: shape (n, 4), on the 0..1000 grid.
    """
    runs: list[list[int]] = []
    for word in sorted(range(len(boxes)), key=lambda i: boxes[i][0]):
        x0, y0, _, y1 = boxes[word]
        height = max(y1 - y0, 1.0)
        best = None
        for run in runs:
            last = boxes[run[-1]]
            shared = min(y1, last[3]) - max(y0, last[1])
            if shared > 0.6 * min(height, last[3] - last[1]) and -height <= x0 - last[2] <= 1.2 * height:
                best = run
        if best is None:
            runs.append([word])
        else:
            best.append(word)
    around = [(*boxes[run][:, :2].min(0).tolist(), *boxes[run][:, 2:].max(0).tolist()) for run in runs]
    return [word for run in reading_order(runs, around) for word in run]


def _split(
    texts: list[str], boxes: npt.NDArray[np.float64], entities: list[tuple[str, list[int]]]
) -> tuple[list[str], npt.NDArray[np.float64], list[tuple[str, list[int]]]]:
    new_texts: list[str] = []
    new_boxes: list[npt.NDArray[np.float64]] = []
    parts_of: list[list[int]] = []
    for text, box in zip(texts, boxes, strict=True):
        cuts = [i + 1 for i, c in enumerate(text[:-1]) if c in "/-:" and i > 0]
        edges = [0, *cuts, len(text)]
        parts_of.append(list(range(len(new_texts), len(new_texts) + len(edges) - 1)))
        for start, stop in itertools.pairwise(edges):
            new_texts.append(text[start:stop])
            across = box[0] + (box[2] - box[0]) * np.array([start, stop]) / len(text)
            new_boxes.append(np.array([across[0], box[1], across[1], box[3]]))
    moved = [(label, [part for word in words for part in parts_of[word]]) for label, words in entities]
    return new_texts, np.array(new_boxes).reshape(-1, 4), moved


def _confuse(character: str, share: float, rng: random.Random) -> str:
    if rng.random() >= share:
        return character
    return rng.choice(_CONFUSED.get(character, (character,)))


def _lose(entities: list[tuple[str, list[int]]], share: float, rng: random.Random) -> list[tuple[str, list[int]]]:
    return [(label, [word for word in words if rng.random() >= share]) for label, words in entities]


def _affine(boxes: npt.NDArray[np.float64], rng: random.Random) -> npt.NDArray[np.float64]:
    """Another page size and other margins: each axis is scaled by 0.75 at least, up to filling the page."""
    moved = boxes.copy()
    for low, high in ((0, 2), (1, 3)):
        least, span = float(boxes[:, low].min()), max(float(boxes[:, high].max() - boxes[:, low].min()), 1.0)
        scale = min(rng.uniform(0.75, min(max(980 / span, 0.8), 2.0)), 1000 / span)
        room = 1000 - span * scale
        # margins stay where they were more often than not
        shift = room * rng.random() if rng.random() < 0.4 else min(least * scale, room)
        moved[:, [low, high]] = (boxes[:, [low, high]] - least) * scale + shift
    return np.clip(moved, 0, 1000)


def _without_empty(
    entities: tuple[tuple[str, tuple[int, ...]], ...], heads: tuple[tuple[int, ...], ...]
) -> tuple[tuple[tuple[str, tuple[int, ...]], ...], tuple[tuple[int, ...], ...]]:
    kept = [i for i, (_, words) in enumerate(entities) if words]
    place = {old: new for new, old in enumerate(kept)}
    return (
        tuple(entities[i] for i in kept),
        tuple(tuple(place[head] for head in heads[i] if head in place) for i in kept),
    )
