"""A page's words as its reader sees them: turned so that the text runs to the right. Pure."""

from __future__ import annotations

import itertools

import numpy as np

from ml_server.document import OCRPage
from ml_server.engines.layoutlm.words import PageWords, page_words
from ml_server.geometry import polygon_to_box, unrotate


def upright_words(page: OCRPage) -> PageWords:
    """All words of a page, line by line, on the grid of the page turned upright."""
    words = [word for line in page.lines for word in line.words]
    turns = quarter_turns(page)
    width, height = (page.height, page.width) if turns % 2 else (page.width, page.height)
    boxes = [polygon_to_box(unrotate(word.bbox, -turns, width, height) if turns else word.bbox) for word in words]
    return page_words([word.text for word in words], boxes, width, height)


def quarter_turns(page: OCRPage) -> int:
    """How often the page has to be turned counter-clockwise by 90 degrees until its text runs to the right, 0..3.

    Polygons begin at the corner that is top-left in the picture, so they do not tell; the way from a word to the next
    of its line does, and most ways decide. A page without a line of two words is taken to be upright.
    """
    votes = np.zeros(4, np.int64)
    for line in page.lines:
        centres = [np.mean(word.bbox, axis=0) for word in line.words]
        for before, after in itertools.pairwise(centres):
            right, down = after - before
            if right or down:
                # down on the page comes to the right by one turn, left by two, up by three
                votes[(0 if right > 0 else 2) if abs(right) >= abs(down) else (1 if down > 0 else 3)] += 1
    return int(votes.argmax())
