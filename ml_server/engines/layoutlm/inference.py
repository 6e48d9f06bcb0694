"""Pages through the network: batches of windows across pages, words put together again, entities linked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from ml_server.engines.layoutlm import pairs
from ml_server.engines.layoutlm.model import KeyValueModel
from ml_server.engines.layoutlm.relations import RelationHead
from ml_server.engines.layoutlm.words import PageWords, TokenizedPage, Window, home_windows, tokenize, windows
from ml_server.engines.precision import fast_dtype, mixed

OVERLAP = 128
"""Pieces that neighbouring windows share."""
_BATCH_PIECES = 8192
"""Padded pieces in one pass; bounds memory (12 heads x 512 x 512 scores a window)."""


@dataclass(frozen=True, slots=True)
class LabelledWords:
    """What the encoder says of a page's n words.

    Attributes:
        probabilities: float32, shape (n, labels).
        hidden: float32, shape (n, hidden), at each word's first piece.
    """

    probabilities: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Link:
    """Attributes: positions of two entities; 0..1."""

    head: int
    tail: int
    confidence: float


class Predictor:
    """A model with its tokenizer on a device.

    Args:
        model: moved to the device and put into evaluation mode.
        tokenizer: of the model.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, model: KeyValueModel, tokenizer: Tokenizer, device: str = "cpu") -> None:
        self.model = model.eval().to(device)
        # Saved with the tokenizer by whoever called it last; words are cut one by one and padded here.
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.device = torch.device(device)
        self._dtype = fast_dtype(self.device.type)
        config = model.encoder.config
        self.labels: list[str] = [config.id2label[i] for i in range(config.num_labels)]
        self._begin = special(tokenizer, "<s>", "[CLS]")
        self._end = special(tokenizer, "</s>", "[SEP]")
        self._pad = special(tokenizer, "<pad>", "[PAD]")
        # A RoBERTa numbers its positions from pad + 1 on, so two of its 514 are no tokens.
        self._size = min(int(config.max_position_embeddings), 512) - 2

    @torch.inference_mode()
    def label(self, pages: Sequence[PageWords]) -> list[LabelledWords]:
        """Label the words of pages. Windows of all pages share batches, the longest first."""
        cut = [tokenize(page.texts, self.tokenizer, kinds=self.model.ours.word_kinds) for page in pages]
        covers = [windows(page, self._size, OVERLAP) for page in cut]
        jobs = [(i, w) for i, cover in enumerate(covers) for w in range(len(cover))]
        jobs.sort(key=lambda job: -(covers[job[0]][job[1]].stop - covers[job[0]][job[1]].start))
        width = self.model.encoder.config.hidden_size
        found = [
            LabelledWords(
                np.zeros((len(page.texts), len(self.labels)), np.float32),
                np.zeros((len(page.texts), width), np.float32),
            )
            for page in pages
        ]
        homes = [home_windows(page, cover) if cover else None for page, cover in zip(cut, covers, strict=True)]
        for batch in _batches(jobs, covers):
            probabilities, hidden = self._run([(pages[i], cut[i], covers[i][w]) for i, w in batch])
            for row, (i, w) in enumerate(batch):
                home = homes[i]
                assert home is not None
                words = np.flatnonzero(home == w)
                places = cut[i].starts[words] - covers[i][w].start + 1
                found[i].probabilities[words] = probabilities[row, places]
                found[i].hidden[words] = hidden[row, places]
        return found

    def _run(
        self, batch: Sequence[tuple[PageWords, TokenizedPage, Window]]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """One pass over windows, padded to the longest."""
        longest = max(window.stop - window.start for _, _, window in batch) + 2
        pieces = np.full((len(batch), longest), self._pad, np.int64)
        kinds = np.zeros((len(batch), longest), np.int64)
        boxes = np.zeros((len(batch), longest, 4), np.float32)
        real = np.zeros((len(batch), longest), bool)
        for row, (page, cut, window) in enumerate(batch):
            part, end = slice(window.start, window.stop), window.stop - window.start + 1
            pieces[row, 0], pieces[row, 1:end], pieces[row, end] = self._begin, cut.pieces[part], self._end
            kinds[row, 1:end] = cut.kinds[part]
            boxes[row, 1:end], boxes[row, end] = page.boxes[cut.words[part]], 1000
            real[row, : end + 1] = True
        with self._precision():
            logits, hidden = self.model(*(torch.from_numpy(a).to(self.device) for a in (pieces, kinds, boxes, real)))
        return logits.float().softmax(-1).cpu().numpy(), hidden.float().cpu().numpy()

    @torch.inference_mode()
    def link(
        self, page: PageWords, labelled: LabelledWords, entities: Sequence[tuple[str, Sequence[int]]]
    ) -> list[Link]:
        """Decide which entities belong together; every tail has one head or none.

        Args:
            page: the words.
            labelled: of the same page.
            entities: label (HEADER, QUESTION, ANSWER, OTHER) and word indices; any number.
        """
        if not entities or self.model.relations is None:
            return []
        known = pairs.entity_boxes([label for label, _ in entities], [words for _, words in entities], page.boxes)
        found = pairs.candidates(known)
        if not len(found.tails):
            return []
        head = self.model.relations
        represented = represent(
            head, torch.from_numpy(labelled.hidden).to(self.device), known, [w for _, w in entities]
        )
        links = []
        projected = head.project(represented)
        for at in range(0, len(found.tails), 256):
            part = slice(at, at + 256)
            inputs = (found.tails[part], found.heads[part], found.real[part], found.features[part])
            scores = head.log_chances(projected, *(torch.from_numpy(a).to(self.device) for a in inputs))
            chances = scores.exp().cpu().numpy()
            for row in np.flatnonzero(chances.argmax(1) < chances.shape[1] - 1):
                best = int(chances[row].argmax())
                links.append(
                    Link(int(found.heads[at + row, best]), int(found.tails[at + row]), float(chances[row, best]))
                )
        return sorted(links, key=lambda link: (link.head, link.tail))

    def _precision(self) -> contextlib.AbstractContextManager[object]:
        return mixed(self.device.type, self._dtype)


def represent(
    head: RelationHead, hidden: torch.Tensor, entities: pairs.EntityBoxes, words: Sequence[Sequence[int]]
) -> torch.Tensor:
    """Entities' representations from their words' hidden states; see :meth:`RelationHead.entities`."""
    device = hidden.device
    members = torch.tensor([word for run in words for word in run], device=device)
    owners = torch.tensor([i for i, run in enumerate(words) for _ in run], device=device)
    first = torch.tensor([run[0] for run in words], device=device)
    return head.entities(hidden, members, owners, first, torch.from_numpy(entities.labels).to(device))


def _batches(jobs: Sequence[tuple[int, int]], covers: Sequence[Sequence[Window]]) -> Iterator[list[tuple[int, int]]]:
    batch: list[tuple[int, int]] = []
    longest = 0
    for i, w in jobs:
        longest = max(longest, covers[i][w].stop - covers[i][w].start + 2)
        if batch and (len(batch) + 1) * longest > _BATCH_PIECES:
            yield batch
            batch, longest = [], covers[i][w].stop - covers[i][w].start + 2
        batch.append((i, w))
    if batch:
        yield batch


def special(tokenizer: Tokenizer, *names: str) -> int:
    """Row of the first of ``names`` that the vocabulary has.

    Raises:
        ValueError: it has none of them.
    """
    found = next((row for name in names if (row := tokenizer.token_to_id(name)) is not None), None)
    if found is None:
        raise ValueError(f"the tokenizer has none of {', '.join(names)}")
    return found
