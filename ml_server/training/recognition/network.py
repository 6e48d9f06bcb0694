"""PP-OCRv6's small recogniser as a PyTorch module, from and to its ONNX file.

The layers and their order are those of the released file ``PP-OCRv6_small_rec`` (PaddleOCR, Apache-2.0): a stem, blocks
of depthwise and pointwise convolutions with reparameterised weights, and an SVTR neck of two attention blocks. The ONNX
file names its weights by numbers, so they are matched by their order of use and their shapes; outputs agree with ONNX
Runtime's to 5e-4 of a probability.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
import yaml
from torch import Tensor, nn
from torch.nn import functional

from ml_server.errors import EngineUnavailable

FEATURES = 120
SINGLE = ".single"
"""How nodes are called that turn a weight of half precision into single precision; our exports have them."""
_HEADS = 8
# (channels in, channels out, squeeze and excitation) of each block; where channels grow, the height is halved.
_BLOCKS = (
    (96, 96, True),
    (96, 96, False),
    (96, 96, False),
    (96, 192, False),
    (192, 192, True),
    (192, 192, False),
    (192, 192, True),
    (192, 192, False),
    (192, 192, True),
    (192, 192, False),
    (192, 384, False),
    (384, 384, True),
    (384, 384, False),
)


class Stem(nn.Module):
    """Pixels to 96 channels at a quarter of the height and width."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 48, 3, 2, 1)
        self.narrow = nn.Conv2d(48, 24, 2)
        self.wide = nn.Conv2d(24, 48, 2)
        self.second = nn.Conv2d(96, 48, 3, 2, 1)
        self.third = nn.Conv2d(48, 96, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(lines, 3, 48, width) to (lines, 96, 12, width / 4)."""
        x = self.first(x).relu()
        # One row and column at the far end keep the size, as the released file's SAME_UPPER does.
        branch = self.wide(functional.pad(self.narrow(functional.pad(x, (0, 1, 0, 1))).relu(), (0, 1, 0, 1))).relu()
        return cast(Tensor, self.third(self.second(torch.cat([_pool(x), branch], 1)).relu()).relu())


def _pool(x: Tensor) -> Tensor:
    """Maximum over 2x2 at a stride of 1, for what a ReLU leaves: zeros stand beyond the edge.

    The same as ``max_pool2d``, several times faster on a CPU.
    """
    x = functional.pad(x, (0, 1, 0, 1))
    x = torch.maximum(x[:, :, 1:], x[:, :, :-1])
    return torch.maximum(x[..., 1:], x[..., :-1])


class Excitation(nn.Module):
    """Squeeze and excitation: channels weighed by what the whole line shows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * functional.hardsigmoid(self.excite(self.squeeze(mean).relu()))


class Block(nn.Module):
    """Depthwise 3x3, squeeze and excitation if any, then two pointwise convolutions."""

    def __init__(self, inward: int, outward: int, excited: bool) -> None:
        super().__init__()
        self.grows = outward != inward
        self.mix = nn.Conv2d(inward, inward, 3, (2 if self.grows else 1, 1), 1, groups=inward)
        self.excitation = Excitation(inward) if excited else nn.Identity()
        self.expand = nn.Conv2d(inward, 2 * inward, 1)
        self.project = nn.Conv2d(2 * inward, outward, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(lines, inward, height, width) to (lines, outward, height or half of it, width)."""
        x = self.excitation(self.mix(x))
        y = self.project(functional.gelu(self.expand(x)))
        return cast(Tensor, y if self.grows else x + y)


class Convolution(nn.Module):
    """Convolution, batch normalisation with the released means and variances, SiLU."""

    def __init__(self, inward: int, outward: int, width: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inward, outward, (1, width), padding=(0, width // 2), groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outward)

    def forward(self, x: Tensor) -> Tensor:
        """(lines, inward, 1, steps) to (lines, outward, 1, steps)."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        x = self.convolution(x)
        # Always by the stored statistics: a batch of a few lines has none of its own to speak of.
        x = functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps)
        return functional.silu(x)


class Attention(nn.Module):
    """A pre-norm transformer block over a line's steps."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(FEATURES, 1e-5)
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.out = nn.Linear(FEATURES, FEATURES)
        self.second_norm = nn.LayerNorm(FEATURES, 1e-5)
        self.expand = nn.Linear(FEATURES, 2 * FEATURES)
        self.project = nn.Linear(2 * FEATURES, FEATURES)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(lines, steps, 120) to the same."""
        lines, steps, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).view(lines, steps, 3, _HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(lines, steps, FEATURES)
        x = x + self.dropout(self.out(seen))
        return cast(Tensor, x + self.dropout(self.project(functional.silu(self.expand(self.second_norm(x))))))


class Body(nn.Module):
    """Everything but the classifier.

    Args:
        dropout: in the neck's attention blocks, 0 to 1.
    """

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        # Registered in the order of use: the ONNX file's weights come in that order.
        self.stem = Stem()
        self.blocks = nn.ModuleList(Block(*shape) for shape in _BLOCKS)
        self.shortcut = Convolution(384, FEATURES)
        self.reduce = Convolution(384, FEATURES)
        self.local = Convolution(FEATURES, FEATURES, 7, FEATURES)
        self.attention = nn.ModuleList(Attention(dropout) for _ in range(2))
        self.norm = nn.LayerNorm(FEATURES, 1e-6)

    def look(self, x: Tensor) -> Tensor:
        """The convolutional part: (lines, 3, 48, width) in -1..1, to (lines, 384, 1, width // 8)."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return functional.avg_pool2d(x, (3, 2))

    def relate(self, seen: Tensor) -> Tensor:
        """The neck: (lines, 384, 1, steps) to (lines, steps, 120)."""
        shortcut, x = self.shortcut(seen), self.reduce(seen)
        x = (x + self.local(x)).squeeze(2).transpose(1, 2)
        for block in self.attention:
            x = block(x)
        return cast(Tensor, self.norm(x) + shortcut.squeeze(2).transpose(1, 2))

    def forward(self, x: Tensor) -> Tensor:
        """(lines, 3, 48, width), blue, green, red in -1..1, to (lines, width // 8, 120)."""
        return self.relate(self.look(x))


def read_body(onnx_file: Path, dropout: float = 0.1) -> Body:
    """The released weights in a module.

    Raises:
        EngineUnavailable: the file is another network.
    """
    body = Body(dropout)
    arrays = _arrays(_loaded(onnx_file))
    tensors = list(_tensors(body))
    if len(arrays) != len(tensors) + 2:  # the classifier's weight and bias
        raise EngineUnavailable(f"{onnx_file.name} has {len(arrays)} weights; not the PP-OCRv6 small recogniser")
    with torch.no_grad():
        for (name, kept), array in zip(tensors, arrays, strict=False):
            kept.copy_(torch.from_numpy(_shaped(name, array, tuple(kept.shape))))
    return body


def read_head(onnx_file: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], list[str]]:
    """A classifier: (classes, 120), (classes,), and the characters of all classes but the first and the last.

    The first class is the blank and the last one the space. The released file holds its characters itself, those of
    ours stand in the ``inference.yml`` beside it.
    """
    model = _loaded(onnx_file)
    *_, weight, bias = _arrays(model)
    held = {entry.key: entry.value for entry in model.metadata_props}
    known = held["character"].split("\n") if "character" in held else listed_characters(onnx_file.parent)
    return np.ascontiguousarray(weight.T), bias.reshape(-1), known


def listed_characters(folder: Path) -> list[str]:
    """What a model's ``inference.yml`` lists: the characters of all classes but the first and the last."""
    # Written in C where PyYAML's wheel has it: ten times as fast, and the list is long.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    config = yaml.load((folder / "inference.yml").read_text(encoding="utf-8"), loader)
    listed: list[str] = config["PostProcess"]["character_dict"]
    return listed


def _loaded(onnx_file: Path) -> Any:
    """The file's model; weights that it holds at half precision are single again and under their own names."""
    import onnx

    model = onnx.load(onnx_file)
    halves = {node.input[0]: node.output[0] for node in model.graph.node if node.name.endswith(SINGLE)}
    for entry in model.graph.initializer:
        if entry.name in halves:
            wide = onnx.numpy_helper.to_array(entry).astype(np.float32)
            entry.CopyFrom(onnx.numpy_helper.from_array(wide, halves[entry.name]))
    kept = [node for node in model.graph.node if not node.name.endswith(SINGLE)]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def _tensors(body: Body) -> Iterator[tuple[str, Tensor]]:
    return ((name, kept) for name, kept in body.state_dict().items() if not name.endswith("num_batches_tracked"))


def _arrays(model: Any) -> list[npt.NDArray[np.float32]]:
    from onnx import numpy_helper

    by_name = {initializer.name: initializer for initializer in model.graph.initializer}
    return [np.array(numpy_helper.to_array(by_name[name])) for name in weight_names(model)]


def weight_names(model: Any) -> list[str]:
    """The names of an ONNX file's weights in their order of use: the body's, then the classifier's."""
    floats = {entry.name for entry in model.graph.initializer if entry.data_type == 1 and np.prod(entry.dims) > 1}
    used = (name for node in model.graph.node for name in node.input if name in floats)
    return list(dict.fromkeys(used))


def stored(body: Body, names: list[str], shapes: dict[str, tuple[int, ...]]) -> dict[str, npt.NDArray[np.float32]]:
    """A body's weights under the ONNX file's names and in its shapes."""
    return {
        name: _shaped(kept_name, kept.detach().cpu().float().numpy(), shapes[name])
        for name, (kept_name, kept) in zip(names, _tensors(body), strict=False)
    }


def _shaped(name: str, array: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Between ONNX's layout and PyTorch's: matrices are turned, biases lose or get axes of one."""
    if array.ndim == 2:
        array = array.T
    if array.size != np.prod(shape) or (array.ndim == 2 and array.shape != shape):
        raise EngineUnavailable(f"{name}: {array.shape} does not fit {shape}; not the PP-OCRv6 small recogniser")
    return np.ascontiguousarray(array).reshape(shape)
