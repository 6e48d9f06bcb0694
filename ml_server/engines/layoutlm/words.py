"""Words → tokens → windows → words: how a page becomes what a LayoutLM takes, and back. Pure; shared with training.

A page of any length is cut into overlapping windows; every word takes its result from the window in which it stands
farthest from an edge, so that an entity at a seam is labelled with context on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

GRID = 1000
"""LayoutLM's coordinates: 0..1000 of the page's width and height (Xu et al. 2020, section 2.2)."""
KINDS = ("lower", "title", "upper", "digits", "mixed", "sign")
"""How a word is written. Given to the model as token type, while the word itself is cut in lower case: the pieces of
upper-case words are rare and short in a multilingual vocabulary, but capitals tell headers and labels."""
_MOST_PIECES = 24
"""Of one word; the rest of a longer one adds nothing to its label."""


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of one page as the model sees them.

    Attributes:
        texts: n words, in reading order.
        boxes: float64, shape (n, 4): x0, y0, x1, y1 on the 0..1000 grid, x0 <= x1 and y0 <= y1.
        aspect: page height divided by page width.
    """

    texts: tuple[str, ...]
    boxes: npt.NDArray[np.float64]
    aspect: float


@dataclass(frozen=True, slots=True)
class TokenizedPage:
    """The pieces of a page's words, without special tokens.

    Attributes:
        pieces: int64, shape (t,): rows of the vocabulary.
        kinds: int64, shape (t,): index into KINDS.
        words: int64, shape (t,): index of the word a piece belongs to, not decreasing.
        starts: int64, shape (n,): the first piece of each word; every word has at least one.
    """

    pieces: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces ``start`` to ``stop`` of a page."""

    start: int
    stop: int


def page_words(texts: Sequence[str], boxes: npt.ArrayLike, width: float, height: float) -> PageWords:
    """Pixels → grid. Boxes outside the page are clamped to it, corners given the wrong way round are swapped.

    Args:
        texts: n words.
        boxes: (n, 4) x0, y0, x1, y1 in pixels.
        width: of the page, pixels; values below 1 count as 1.
        height: likewise.
    """
    width, height = max(width, 1.0), max(height, 1.0)
    pixels = np.nan_to_num(np.asarray(boxes, np.float64).reshape(-1, 4))
    grid = np.clip(pixels * (GRID / np.array([width, height, width, height])), 0, GRID)
    corners = np.concatenate([np.minimum(grid[:, :2], grid[:, 2:]), np.maximum(grid[:, :2], grid[:, 2:])], axis=1)
    return PageWords(tuple(texts), corners, height / width)


def kind_of(word: str) -> int:
    """Index into KINDS."""
    letters = [character for character in word if character.isalpha()]
    digits = sum(character.isdigit() for character in word)
    if not letters:
        return KINDS.index("digits" if digits else "sign")
    if digits:
        return KINDS.index("mixed")
    cased = [character for character in letters if character.isupper() or character.islower()]
    if not cased or all(character.islower() for character in cased):
        return KINDS.index("lower")
    if all(character.isupper() for character in cased):
        return KINDS.index("upper")
    return KINDS.index("title" if cased[0].isupper() else "mixed")


def tokenize(texts: Sequence[str], tokenizer: Tokenizer, *, kinds: bool) -> TokenizedPage:
    """Cut words into pieces, each word by itself.

    Args:
        texts: n words.
        tokenizer: of the model.
        kinds: whether the model was trained on lower-cased words and KINDS; if not, words are cut as they are.
    """
    cut = tokenizer.encode_batch([text.lower() if kinds else text for text in texts], add_special_tokens=False)
    unknown = tokenizer.token_to_id("<unk>") or tokenizer.token_to_id("[UNK]") or 0
    ids = [encoding.ids[:_MOST_PIECES] or [unknown] for encoding in cut]
    counts = np.array([len(pieces) for pieces in ids], np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if len(ids) else np.zeros(0, np.int64)
    written = np.array([kind_of(text) if kinds else 0 for text in texts], np.int64)
    return TokenizedPage(
        pieces=np.array([piece for pieces in ids for piece in pieces], np.int64),
        kinds=np.repeat(written, counts),
        words=np.repeat(np.arange(len(ids)), counts),
        starts=starts,
    )


def windows(page: TokenizedPage, size: int, overlap: int) -> list[Window]:
    """Cover a page with windows of at most ``size`` pieces; neighbours share about ``overlap``. Words are not split.

    Args:
        page: any length; one without words has no windows.
        size: at least 2 * _MOST_PIECES.
        overlap: less than ``size`` by at least one word's pieces.
    """
    total = len(page.pieces)
    if total == 0:
        return []
    ends = np.append(page.starts[1:], total)
    found: list[Window] = []
    start = 0
    while True:
        stop = int(ends[np.searchsorted(ends, start + size, side="right") - 1])
        found.append(Window(start, stop))
        if stop >= total:
            return found
        after = int(page.starts[np.searchsorted(page.starts, max(stop - overlap, start + 1))])
        start = min(after, stop)


def home_windows(page: TokenizedPage, cover: Sequence[Window]) -> npt.NDArray[np.int64]:
    """For every word, the window in which its first piece is farthest from an edge.

    A window's edge that is also the page's edge does not count: nothing is missing there.

    Returns:
        int64, shape (n,): indices into ``cover``.
    """
    total = len(page.pieces)
    margins = []
    for window in cover:
        left = page.starts - window.start if window.start > 0 else np.full_like(page.starts, total)
        right = window.stop - 1 - page.starts if window.stop < total else np.full_like(page.starts, total)
        inside = (page.starts >= window.start) & (page.starts < window.stop)
        margins.append(np.where(inside, np.minimum(left, right), -1))
    return np.asarray(np.argmax(margins, axis=0), np.int64)
