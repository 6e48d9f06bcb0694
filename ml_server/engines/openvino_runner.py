"""OpenVINO in ONNX Runtime's place inside PaddleOCR's modules, for CPUs that multiply bfloat16.

There a page takes a good half of the time; on others both are equally fast (``benchmarks/RESULTS.md``).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def pays() -> bool:
    """Whether OpenVINO is installed and this CPU has bfloat16 instructions."""
    if importlib.util.find_spec("openvino") is None:
        return False
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVINORunner:
    """What PaddleX calls an inference runner: arrays in, arrays out.

    Args:
        file: an ONNX model with one input.
        threads: CPU threads, at least 1.
    """

    def __init__(self, file: Path, threads: int) -> None:
        import openvino

        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        compiled = openvino.Core().compile_model(str(file), "CPU", {**options, "INFERENCE_PRECISION_HINT": "bf16"})
        self._request: Any = compiled.create_infer_request()

    def __call__(self, x: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        """One batch: [(n, 3, height, width)] to the model's outputs."""
        self._request.infer([np.ascontiguousarray(x[0])])
        return [np.array(tensor.data) for tensor in self._request.output_tensors]

    def close(self) -> None:
        """Nothing to do: the request goes with this object."""
