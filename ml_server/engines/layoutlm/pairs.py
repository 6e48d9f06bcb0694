"""Which entities could belong together, and where they stand to each other. Pure; shared with training.

Only layouts are looked at here; texts come in through the encoder (see ``relations``). All lengths are on the
0..1000 grid; heights are in page heights, so a line of an A4 page is 10 to 20 high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LABELS = ("HEADER", "QUESTION", "ANSWER", "OTHER")
HEAD_OF = {"ANSWER": "QUESTION", "QUESTION": "HEADER"}
"""Tail's label → its head's label."""
MOST_HEADS = 48
"""Candidates looked at for one tail: the nearest ones. Keeps pages of thousands of entities linear in their number."""
FEATURES = 34
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class EntityBoxes:
    """Entities as the relation head sees them, e of them.

    Attributes:
        labels: int64, shape (e,): index into LABELS.
        boxes: shape (e, 4): around all words.
        first: shape (e, 4): of the first word.
        last: shape (e, 4): of the last word.
        order: shape (e,): index of the first word in the page's order.
    """

    labels: npt.NDArray[np.int64]
    boxes: Floats
    first: Floats
    last: Floats
    order: Floats


@dataclass(frozen=True, slots=True)
class Candidates:
    """t tails with up to k heads each.

    Attributes:
        tails: int64, shape (t,): entity indices.
        heads: int64, shape (t, k): entity indices; 0 where ``real`` is false.
        real: bool, shape (t, k).
        features: float32, shape (t, k, FEATURES), each about -1..1.
    """

    tails: npt.NDArray[np.int64]
    heads: npt.NDArray[np.int64]
    real: npt.NDArray[np.bool_]
    features: npt.NDArray[np.float32]


def entity_boxes(labels: Sequence[str], words: Sequence[Sequence[int]], boxes: Floats) -> EntityBoxes:
    """Collect entities.

    Args:
        labels: e of LABELS; any other counts as OTHER.
        words: e runs of word indices, none empty.
        boxes: shape (n, 4), of the page's words.
    """
    grouped = [boxes[list(run)] for run in words]
    return EntityBoxes(
        labels=np.array([LABELS.index(label) if label in LABELS else 3 for label in labels], np.int64),
        boxes=np.array([[*b[:, :2].min(0), *b[:, 2:].max(0)] for b in grouped], np.float64).reshape(-1, 4),
        first=np.array([b[0] for b in grouped], np.float64).reshape(-1, 4),
        last=np.array([b[-1] for b in grouped], np.float64).reshape(-1, 4),
        order=np.array([run[0] for run in words], np.float64),
    )


def candidates(entities: EntityBoxes) -> Candidates:
    """Every tail with its nearest possible heads. Tails without any possible head are left out."""
    parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]] = []
    for tail_label, head_label in HEAD_OF.items():
        tails = np.flatnonzero(entities.labels == LABELS.index(tail_label))
        heads = np.flatnonzero(entities.labels == LABELS.index(head_label))
        if len(heads):
            for at in range(0, len(tails), _CHUNK):
                some = tails[at : at + _CHUNK]
                far = _distance(entities.boxes[heads][None], entities.boxes[some][:, None])
                nearest = np.argsort(far, axis=1, kind="stable")[:, :MOST_HEADS]
                parts.append((some, heads[nearest], np.take_along_axis(far, nearest, 1)))
    if not parts:
        none = np.zeros((0, 1), np.int64)
        return Candidates(none[:, 0], none, none.astype(bool), np.zeros((0, 1, FEATURES), np.float32))
    wide = max(heads.shape[1] for _, heads, _ in parts)
    tails = np.concatenate([tails for tails, _, _ in parts])
    heads = np.concatenate([np.pad(heads, ((0, 0), (0, wide - heads.shape[1]))) for _, heads, _ in parts])
    far = np.concatenate(
        [np.pad(far, ((0, 0), (0, wide - far.shape[1])), constant_values=np.inf) for _, _, far in parts]
    )
    real = np.isfinite(far)
    crowd = _rank_among_tails(tails, heads, far, real)
    features = np.concatenate(
        [_features(entities, tails[i : i + _CHUNK], heads[i : i + _CHUNK], real[i : i + _CHUNK], crowd[i : i + _CHUNK])
         for i in range(0, len(tails), _CHUNK)]
    )  # fmt: skip
    return Candidates(tails, heads, real, features)


def _distance(heads: Floats, tails: Floats) -> Floats:
    """Gap between boxes; rows are read before columns, so a step down counts as three to the side."""
    across = np.maximum(0, np.maximum(heads[..., 0] - tails[..., 2], tails[..., 0] - heads[..., 2]))
    down = np.maximum(0, np.maximum(heads[..., 1] - tails[..., 3], tails[..., 1] - heads[..., 3]))
    return np.asarray(np.hypot(across, 3 * down))


def _rank_among_tails(
    tails: npt.NDArray[np.int64], heads: npt.NDArray[np.int64], far: Floats, real: npt.NDArray[np.bool_]
) -> Floats:
    """For every candidate, 1 / (1 + how many tails are nearer to its head), shape (t, k)."""
    rows, columns = np.nonzero(real)
    owner = heads[rows, columns]
    order = np.lexsort((far[rows, columns], owner))
    new = np.append(True, owner[order][1:] != owner[order][:-1])
    begins = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    ranks = np.zeros(real.shape)
    ranks[rows[order], columns[order]] = 1 / (1 + np.arange(len(order)) - begins)
    return ranks


def _features(
    entities: EntityBoxes,
    tails: npt.NDArray[np.int64],
    heads: npt.NDArray[np.int64],
    real: npt.NDArray[np.bool_],
    crowd: Floats,
) -> npt.NDArray[np.float32]:
    """Shape (t, k, FEATURES): offsets, gaps, overlaps, alignments, direction, what stands between, ranks."""
    h, t = entities.boxes[heads], entities.boxes[tails][:, None]
    last, first = entities.last[heads], entities.first[tails][:, None]
    line = float(np.median(entities.first[:, 3] - entities.first[:, 1])) or 1.0
    width, height = (_middle(h[..., 2] - h[..., 0], t[..., 2] - t[..., 0]), line)
    gap_x = _gap(h[..., 0], h[..., 2], t[..., 0], t[..., 2])
    gap_y = _gap(h[..., 1], h[..., 3], t[..., 1], t[..., 3])
    over_x = _overlap(h[..., 0], h[..., 2], t[..., 0], t[..., 2])
    over_y = _overlap(h[..., 1], h[..., 3], t[..., 1], t[..., 3])
    row = _overlap(last[..., 1], last[..., 3], first[..., 1], first[..., 3]) > 0.4
    column = over_x > 0.3
    right, below = row & (first[..., 0] >= last[..., 2] - line), column & (t[..., 1] >= h[..., 3] - 0.6 * line)
    in_row, in_column = _between(entities, h, t)
    order = entities.order[tails][:, None] - entities.order[heads]
    far = _distance(h, t)
    signed = [
        (t[..., 0] - h[..., 0]) / 300, (t[..., 1] - h[..., 1]) / 100,
        (_middle(t[..., 0], t[..., 2]) - _middle(h[..., 0], h[..., 2])) / 300,
        (_middle(t[..., 1], t[..., 3]) - _middle(h[..., 1], h[..., 3])) / 100,
        gap_x / 100, gap_x / 1000, gap_y / line / 2, gap_y / line / 10,
        (first[..., 0] - last[..., 2]) / 100,
        (_middle(first[..., 1], first[..., 3]) - _middle(last[..., 1], last[..., 3])) / line / 2,
        order / 3, order / 30,
    ]  # fmt: skip
    plain = [
        over_x, over_y, row, column, right, below, (right & ~below), order == 1, order > 0,
        _near(t[..., 0] - h[..., 0], line), _near(t[..., 2] - h[..., 2], line),
        _near(_middle(t[..., 0], t[..., 2]) - _middle(h[..., 0], h[..., 2]), line),
        np.minimum(in_row, 4) / 4, np.minimum(in_column, 8) / 8, (in_row == 0) & row, (in_column == 0) & column,
        _rank(np.where(right, far, np.inf)), _rank(np.where(below, far, np.inf)), _rank(np.where(real, far, np.inf)),
        crowd, np.tanh(width / 200), np.tanh((h[..., 3] - h[..., 1]) / height / 4),
    ]  # fmt: skip
    bounded = [np.tanh(value) for value in signed]
    bounded += [np.asarray(value, np.float64) for value in np.broadcast_arrays(*plain)]
    stacked = np.stack(bounded, axis=-1)
    return np.asarray(stacked * real[..., None], np.float32)


def _middle(low: Floats, high: Floats) -> Floats:
    return np.asarray((low + high) / 2)


def _near(offset: Floats, scale: float) -> Floats:
    return np.asarray(np.exp(-np.abs(offset) / scale))


def _gap(h0: Floats, h1: Floats, t0: Floats, t1: Floats) -> Floats:
    """Positive where the tail comes after the head, negative before, 0 where they overlap."""
    return np.asarray(np.where(t0 > h1, t0 - h1, np.where(h0 > t1, t1 - h0, 0.0)))


def _overlap(h0: Floats, h1: Floats, t0: Floats, t1: Floats) -> Floats:
    """Shared length by the shorter length, 0..1."""
    shared = np.minimum(h1, t1) - np.maximum(h0, t0)
    return np.asarray(np.clip(shared / np.maximum(np.minimum(h1 - h0, t1 - t0), 1e-6), 0, 1))


def _rank(far: Floats) -> Floats:
    """1 / (1 + rank by distance) within a tail's candidates; 0 where not finite."""
    ranks = np.argsort(np.argsort(far, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(np.where(np.isfinite(far), 1 / (1 + ranks), 0.0))


def _between(entities: EntityBoxes, h: Floats, t: Floats) -> tuple[Floats, Floats]:
    """How many entities' centres lie between head and tail in their common row, and in their common column."""
    x = _middle(entities.boxes[:, 0], entities.boxes[:, 2])
    y = _middle(entities.boxes[:, 1], entities.boxes[:, 3])
    shape = h.shape[:2]
    in_row, in_column = np.zeros(shape), np.zeros(shape)
    top, bottom = np.maximum(h[..., 1], t[..., 1]), np.minimum(h[..., 3], t[..., 3])
    left, right = np.maximum(h[..., 0], t[..., 0]), np.minimum(h[..., 2], t[..., 2])
    x_low, x_high = np.minimum(h[..., 2], t[..., 2]), np.maximum(h[..., 0], t[..., 0])
    y_low, y_high = np.minimum(h[..., 3], t[..., 3]), np.maximum(h[..., 1], t[..., 1])
    for start in range(0, len(x), 64):  # in parts, to keep memory flat
        cx, cy = x[start : start + 64], y[start : start + 64]
        across = (cx > x_low[..., None]) & (cx < x_high[..., None])
        down = (cy > y_low[..., None]) & (cy < y_high[..., None])
        in_row += (across & (cy >= top[..., None]) & (cy <= bottom[..., None])).sum(-1)
        in_column += (down & (cx >= left[..., None]) & (cx <= right[..., None])).sum(-1)
    return in_row, in_column
