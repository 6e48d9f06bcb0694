"""EasyOCR's networks as a CPU computes them fastest: channels last, and in bfloat16 where it has the instructions.

CRAFT, which finds the text, is nine tenths of EasyOCR's work. benchmarks/RESULTS.md has what this gains, beside a plain
``readtext``.
"""

from __future__ import annotations

from typing import Any

import torch

from ml_server.engines.precision import mixed


class FastConvolutions(torch.nn.Module):
    """A convolutional network with the inputs and outputs it had.

    Args:
        network: takes images, float32, shape (n, channels, height, width); gives a tensor, or a tuple of them.
        dtype: to multiply in; None for what the weights have.
    """

    def __init__(self, network: torch.nn.Module, dtype: torch.dtype | None) -> None:
        super().__init__()
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        self._dtype = dtype

    def forward(self, images: torch.Tensor) -> Any:
        """See the class."""
        with torch.no_grad(), mixed("cpu", self._dtype):
            found = self._network(images.contiguous(memory_format=torch.channels_last))
        return tuple(each.float() for each in found) if isinstance(found, tuple) else found.float()
