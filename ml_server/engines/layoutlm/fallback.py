"""Links by geometry alone, for models that come without a relation head."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml_server.engines.layoutlm.inference import Link
from ml_server.engines.layoutlm.pairs import HEAD_OF

_FAR = 25.0
"""Line heights beyond which nothing is linked downwards; to the side a page's width is allowed."""


def link_by_geometry(entities: Sequence[tuple[str, Sequence[int]]], boxes: npt.NDArray[np.float64]) -> list[Link]:
    """Give every answer the nearest question to its left in its row, or above it in its column.

    Args:
        entities: label and word indices.
        boxes: shape (n, 4), of the page's words on the 0..1000 grid.

    Returns:
        At most one link for every tail. Confidence falls from 1 with the distance.
    """
    around = [
        (float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 2].max()), float(b[:, 3].max()))
        for b in (boxes[list(words)] for _, words in entities)
    ]
    if not around:
        return []
    line = float(np.median(boxes[:, 3] - boxes[:, 1])) or 1.0
    links = []
    of_label = {label: [i for i, (own, _) in enumerate(entities) if own == label] for label in HEAD_OF.values()}
    for tail, (label, _) in enumerate(entities):
        heads = of_label.get(HEAD_OF.get(label, ""), [])
        costs = [(_cost(around[head], around[tail], line), head) for head in heads]
        cost, head = min(costs, default=(math.inf, -1))
        if math.isfinite(cost):
            links.append(Link(head, tail, math.exp(-cost / 10)))
    return links


def _cost(head: tuple[float, float, float, float], tail: tuple[float, float, float, float], line: float) -> float:
    """Distance in line heights; infinite where ``tail`` is neither right of nor below ``head``."""
    shared_y = min(head[3], tail[3]) - max(head[1], tail[1])
    shared_x = min(head[2], tail[2]) - max(head[0], tail[0])
    across, down = (tail[0] - head[2]) / line, (tail[1] - head[3]) / line
    if shared_y > 0.4 * min(head[3] - head[1], tail[3] - tail[1]) and across > -1:
        return max(across, 0.0) / 3  # a row is read before a column
    if shared_x > 0 and -0.6 < down < _FAR:
        return max(down, 0.0)
    return math.inf
