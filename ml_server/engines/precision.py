"""Half precision: which one a device multiplies in, and computing in it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def fast_dtype(device: str) -> torch.dtype | None:
    """The half precision that a device multiplies in, None where it has none and single precision is as fast.

    On CPUs with bfloat16 instructions it takes 0.55 of the time and costs nothing that can be measured
    (``benchmarks/key_values_runtimes.py``); on others it is emulated and slow.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    # Older releases of torch cannot say.
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if found.get("avx512_bf16") or found.get("amx_bf16") else None


def trained_dtype(device: str) -> torch.dtype | None:
    """As :func:`fast_dtype`, but never float16, whose gradients would need scaling."""
    import torch

    return torch.bfloat16 if fast_dtype(device) == torch.bfloat16 else None


def mixed(device: str, dtype: torch.dtype | None) -> contextlib.AbstractContextManager[object]:
    """A block whose matrix products are computed in ``dtype``; with None, one that changes nothing."""
    import torch

    return torch.autocast(device, dtype) if dtype else contextlib.nullcontext()
