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

from ml_server.engines import runtimes


def pays() -> bool:
    """Whether OpenVINO is installed and this CPU has bfloat16 instructions."""
    if importlib.util.find_spec("openvino") is None:
        return False
    return "BF16" in runtimes.openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVINORunner:
    """What PaddleX calls an inference runner: arrays in, arrays out.

    Args:
        file: an ONNX model with one input.
        threads: CPU threads, at least 1.
        columns: for a recogniser, whose first output has a step for so many pixels of width: widths are padded to a
            multiple of it, and the steps of the padding dropped. OpenVINO prepares itself for every shape that it has
            not seen, which takes time once and memory for good. 0 leaves widths as they are.
    """

    def __init__(self, file: Path, threads: int, columns: int = 0) -> None:
        self._columns = columns
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "bf16",
            # Every process pins its threads to the first cores otherwise, so that replicas share one.
            "ENABLE_CPU_PINNING": False,
        }
        compiled = runtimes.openvino().Core().compile_model(str(file), "CPU", options)
        self._request: Any = compiled.create_infer_request()

    def __call__(self, x: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        """One batch: [(n, 3, height, width)] to the model's outputs."""
        given = x[0]
        width = given.shape[-1]
        missing = -width % self._columns if self._columns else 0
        if missing:
            given = np.pad(given, ((0, 0), (0, 0), (0, 0), (0, missing)))
        self._request.infer([np.ascontiguousarray(given)])
        outputs = [np.array(tensor.data) for tensor in self._request.output_tensors]
        if missing:
            steps = outputs[0].shape[1]
            outputs[0] = outputs[0][:, : max(1, round(steps * width / given.shape[-1]))]
        return outputs

    def close(self) -> None:
        """Nothing to do: the request goes with this object."""
