"""Annotated forms → what one training step takes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from ml_server.engines.layoutlm import pairs
from ml_server.engines.layoutlm.inference import special
from ml_server.engines.layoutlm.tagging import tags_of
from ml_server.engines.layoutlm.words import PageWords, page_words, tokenize
from ml_server.training.forms import Form

TAGS = ("O", "B-HEADER", "I-HEADER", "B-QUESTION", "I-QUESTION", "B-ANSWER", "I-ANSWER")


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One page with its truth.

    Attributes:
        page: the words.
        entities: label and word indices.
        heads: for every entity, the entities that are its heads (of the label that HEAD_OF allows); mostly one or none.
    """

    page: PageWords
    entities: tuple[tuple[str, tuple[int, ...]], ...]
    heads: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One page as arrays; t pieces with the special ones, n words.

    Attributes:
        pieces, kinds: int64, shape (t,).
        boxes: float32, shape (t, 4).
        starts: int64, shape (n,): place of each word's first piece.
        tags: int64, shape (n,): index into TAGS.
        entities: see :class:`pairs.EntityBoxes`.
        words: word indices of each entity.
        candidates: of the relation head.
        gold: bool, shape (tails, k + 1): right answers; the last column is "none".
    """

    pieces: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    tags: npt.NDArray[np.int64]
    entities: pairs.EntityBoxes
    words: tuple[tuple[int, ...], ...]
    candidates: pairs.Candidates
    gold: npt.NDArray[np.bool_]


def labelled(form: Form) -> LabelledPage:
    """A form as a page on the grid. Links are turned so that the head is the question, or the header."""
    texts: list[str] = []
    boxes: list[tuple[float, float, float, float]] = []
    entities: list[tuple[str, tuple[int, ...]]] = []
    for entity in form.entities:
        entities.append((entity.label, tuple(range(len(texts), len(texts) + len(entity.words)))))
        texts += [word.text for word in entity.words]
        boxes += [word.box for word in entity.words]
    heads: list[list[int]] = [[] for _ in entities]
    for one, other in form.links:
        for head, tail in ((one, other), (other, one)):
            if pairs.HEAD_OF.get(entities[tail][0]) == entities[head][0] and head not in heads[tail]:
                heads[tail].append(head)
    page = page_words(texts, np.array(boxes, np.float64).reshape(-1, 4), form.width, form.height)
    return LabelledPage(page, tuple(entities), tuple(tuple(found) for found in heads))


def fingerprint(pages: Sequence[LabelledPage]) -> str:
    """Of pages in their order: texts, boxes, labels and links; whoever corrects one of them has other pages."""
    found = hashlib.sha256()
    for truth in pages:
        page = truth.page
        found.update(repr((page.texts, page.aspect, truth.entities, truth.heads)).encode())
        found.update(page.boxes.tobytes())
    return found.hexdigest()


def example(
    truth: LabelledPage, tokenizer: Tokenizer, size: int, rng: random.Random | None = None, *, kinds: bool = True
) -> Example:
    """Cut a page into pieces; of one longer than ``size`` pieces, a part that begins at a random word.

    Args:
        truth: the page; at least one word.
        tokenizer: of the model.
        size: most pieces, special ones included.
        rng: picks the part; None for the page's beginning.
        kinds: see :func:`tokenize`.
    """
    cut = tokenize(truth.page.texts, tokenizer, kinds=kinds)
    room, total = size - 2, len(cut.pieces)
    first = 0
    if total > room and rng is not None:
        last = int(np.searchsorted(cut.starts, total - room))
        first = rng.randint(0, min(last, len(cut.starts) - 1))
    begin = int(cut.starts[first])
    ends = np.append(cut.starts[1:], total)
    stop_word = int(np.searchsorted(ends, begin + room, side="right"))
    stop = int(ends[stop_word - 1])
    part = slice(begin, stop)
    texts_in = range(first, stop_word)
    kept = [
        (i, label, tuple(word - first for word in words if word in texts_in))
        for i, (label, words) in enumerate(truth.entities)
    ]
    kept = [(i, label, words) for i, label, words in kept if words]
    place = {old: new for new, (old, _, _) in enumerate(kept)}
    boxes = truth.page.boxes[first:stop_word]
    entities = pairs.entity_boxes([label for _, label, _ in kept], [words for _, _, words in kept], boxes)
    found = pairs.candidates(entities)
    gold = np.zeros((found.real.shape[0], found.real.shape[1] + 1), bool)
    for row, tail in enumerate(found.tails):
        heads = [place[head] for head in truth.heads[kept[tail][0]] if head in place]
        gold[row, :-1] = np.isin(found.heads[row], heads) & found.real[row]
        gold[row, -1] = not gold[row, :-1].any()
    tags = tags_of(stop_word - first, [(label, words) for _, label, words in kept])
    begin_id, end_id = special(tokenizer, "<s>", "[CLS]"), special(tokenizer, "</s>", "[SEP]")
    return Example(
        pieces=np.concatenate([[begin_id], cut.pieces[part], [end_id]]).astype(np.int64),
        kinds=np.concatenate([[0], cut.kinds[part], [0]]).astype(np.int64),
        boxes=np.concatenate([np.zeros((1, 4)), truth.page.boxes[cut.words[part]], np.full((1, 4), 1000.0)]).astype(
            np.float32
        ),
        starts=cut.starts[first:stop_word] - begin + 1,
        tags=np.array([TAGS.index(tag) for tag in tags], np.int64),
        entities=entities,
        words=tuple(words for _, _, words in kept),
        candidates=found,
        gold=gold,
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded to the longest: tensors as :meth:`KeyValueModel.forward` takes them."""

    pieces: torch.Tensor
    kinds: torch.Tensor
    boxes: torch.Tensor
    real: torch.Tensor
    examples: tuple[Example, ...]


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Pad with ``pad`` to the longest example."""
    longest = -(-max(len(item.pieces) for item in examples) // 64) * 64  # few shapes: kernels are made for each
    count = len(examples)
    pieces = torch.full((count, longest), pad)
    kinds = torch.zeros((count, longest), dtype=torch.long)
    boxes = torch.zeros((count, longest, 4))
    real = torch.zeros((count, longest), dtype=torch.bool)
    for row, item in enumerate(examples):
        length = len(item.pieces)
        pieces[row, :length] = torch.from_numpy(item.pieces)
        kinds[row, :length] = torch.from_numpy(item.kinds)
        boxes[row, :length] = torch.from_numpy(item.boxes)
        real[row, :length] = True
    return Batch(pieces, kinds, boxes, real, tuple(examples))
