"""Annotations as an OCR engine would have read them: what an extractor is measured on when reading is not to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ml_server.document import Line, OCRPage, Word
from ml_server.geometry import box_to_polygon, make_line
from ml_server.training.forms import Form, FormWord

ENGINE = "gold"


def words_of(form: Form) -> tuple[list[str], npt.NDArray[np.float64]]:
    """All words of a form in annotation order: n texts and their boxes in pixels, float64, shape (n, 4)."""
    words = [word for entity in form.entities for word in entity.words]
    return [word.text for word in words], np.array([word.box for word in words], np.float64).reshape(-1, 4)


def entities_of(form: Form) -> list[tuple[str, tuple[int, ...]]]:
    """Label and word positions of every entity, positions as in :func:`words_of`."""
    found, start = [], 0
    for entity in form.entities:
        stop = start + len(entity.words)
        found.append((entity.label, tuple(range(start, stop))))
        start = stop
    return found


def gold_page(form: Form, language: str) -> OCRPage:
    """The form as an OCR result: its words in annotation order, confidence 1.

    A line is a run of words of one entity in one row, so lines end where entities do; labels are not in it.

    Args:
        form: the annotation.
        language: as the result shall name it.
    """
    lines = tuple(_line(row) for entity in form.entities for row in _rows(entity.words))
    return OCRPage(
        lines=lines,
        width=form.width,
        height=form.height,
        language=language,
        engine=ENGINE,
        model_version="annotations",
    )


def _rows(words: Sequence[FormWord]) -> Iterator[list[FormWord]]:
    """Runs of words of which each stands in the row of, and not left of, the one before."""
    row: list[FormWord] = []
    for word in words:
        if row:
            left, top, _, bottom = row[-1].box
            middle = (word.box[1] + word.box[3]) / 2
            if not (top <= middle <= bottom and word.box[0] >= left):
                yield row
                row = []
        row.append(word)
    if row:
        yield row


def _line(row: Sequence[FormWord]) -> Line:
    lefts, tops, rights, bottoms = zip(*(word.box for word in row), strict=True)
    words = [part for word in row for part in _parts(word)]
    return make_line(words, 1.0, box_to_polygon((min(lefts), min(tops), max(rights), max(bottoms))))


def _parts(word: FormWord) -> Iterator[Word]:
    """The word, or its parts where it holds white space, each with its share of the box by letters."""
    texts = word.text.split()
    left, top, right, bottom = word.box
    step = (right - left) / (sum(map(len, texts)) + len(texts) - 1)
    for text in texts:
        yield Word(text, 1.0, box_to_polygon((left, top, left + step * len(text), bottom)))
        left += step * (len(text) + 1)
