"""Lines in batches of similar widths, made beside the training in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ml_server.training.recognition import alphabet
from ml_server.training.recognition.lines import HEIGHT, Line, Lines

# As PaddleOCR's official configuration pads. The engine pads less (paddle_weights), which costs these weights nothing.
NARROWEST = 320
POOL = 512


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Lines side by side.

    Attributes:
        pixels: (lines, 48, width, 3), blue, green, red, uint8.
        widths: of each line, the rest of its row is padding.
        targets: of each line its classes, 1 and up.
        pool: which pool of lines it comes from.
    """

    pixels: Tensor
    widths: Tensor
    targets: list[Tensor]
    pool: int

    def input(self) -> Tensor:
        """(lines, 3, 48, width) in -1..1; the padding is 0, as PaddleOCR's."""
        scaled = self.pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        inside = torch.arange(scaled.shape[-1], device=scaled.device) < self.widths[:, None].to(scaled.device)
        return scaled.mul_(inside[:, None, None])


def batch(lines: Sequence[Line], pool: int = 0) -> Batch:
    """Lines as PaddleOCR would give them to the recogniser in one call."""
    codes = alphabet.codes()
    width = max(NARROWEST, max(line.pixels.shape[1] for line in lines))
    pixels = np.zeros((len(lines), HEIGHT, width, 3), np.uint8)
    for row, line in zip(pixels, lines, strict=True):
        row[:, : line.pixels.shape[1]] = line.pixels[:, :, ::-1]
    return Batch(
        torch.from_numpy(pixels),
        torch.tensor([line.pixels.shape[1] for line in lines]),
        [torch.tensor([codes[character] for character in line.text]) for line in lines],
        pool,
    )


def by_width(lines: Sequence[Line], columns: int) -> list[list[Line]]:
    """Groups of similar widths whose padded widths add up to at most ``columns`` (a wider line goes alone)."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.pixels.shape[1]):
        width = max(NARROWEST, line.pixels.shape[1])
        if groups and width * (len(groups[-1]) + 1) <= columns:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


class _Pools(IterableDataset[Batch]):
    def __init__(self, lines: Lines, columns: int, first: int) -> None:
        self._lines, self._columns, self._first = lines, columns, first

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        at, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for pool in count(self._first + at, step):
            lines = [self._lines[index] for index in range(pool * POOL, (pool + 1) * POOL)]
            groups = by_width(lines, self._columns)
            Random(pool).shuffle(groups)
            yield from (batch(group, pool) for group in groups)


def stream(lines: Lines, columns: int, first: int = 0, workers: int = 1) -> Iterator[Batch]:
    """Batches without end.

    Args:
        lines: where they come from.
        columns: pixels of width in a batch; 10,240 are 16 lines of 640.
        first: pool of 512 lines to begin with.
        workers: processes that make lines; one makes some 350 a second.
    """
    # Spawned: a fork takes along the threads' locks of whatever else this process has loaded.
    beside: dict[str, Any] = (
        {"prefetch_factor": 24, "multiprocessing_context": "spawn", "worker_init_fn": _single} if workers else {}
    )
    loader: DataLoader[Batch] = DataLoader(
        _Pools(lines, columns, first), batch_size=None, num_workers=workers, **beside
    )
    return iter(loader)


def _single(worker: int) -> None:
    torch.set_num_threads(1)


def decoded(classes: npt.NDArray[np.int64]) -> str:
    """The best path: equal neighbours are one, blanks are dropped."""
    kept = classes[np.insert(classes[1:] != classes[:-1], 0, True)]
    characters = alphabet.characters()
    return "".join(characters[index - 1] for index in kept if index)
