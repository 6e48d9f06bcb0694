"""Lets torchvision be imported where its own compiled extension does not fit the installed torch.

A CPU build of torch with a torchvision built for CUDA is such a pair: torchvision's ``_C`` library cannot be loaded,
so nobody declares ``torchvision::nms`` and ``torchvision::qnms``, and ``import torchvision`` fails with ``operator
torchvision::nms does not exist`` where it describes them. EasyOCR and transformers import torchvision for its image
transforms only and call neither operator, so declaring the two is enough for them.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from pathlib import Path
from typing import Any

# The schemas of torchvision/csrc/ops/nms.cpp and ops/quantized/cpu/qnms_kernel.cpp.
_SCHEMAS = tuple(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms"))


@functools.cache
def declare_missing_operators() -> Any | None:
    """Declare torchvision's two operators if its extension cannot; call it before the first import of torchvision.

    Returns:
        The library that holds the declarations (they last as long as it does, which is why it is cached), or None
        where torchvision's own extension loads and nothing had to be done.

    Raises:
        ImportError: torch or torchvision is not installed.
    """
    torch: Any = importlib.import_module("torch")  # its functions used here carry no types

    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("No module named 'torchvision'", name="torchvision")
    for folder in spec.submodule_search_locations:
        for extension in sorted([*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")]):
            try:
                torch.ops.load_library(extension)
            except OSError:
                continue  # built for another torch
            return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    return library
