"""PaddleOCR's modules for detection and recognition, loaded from weights on this machine."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from ml_server.engines import openvino_runner, paddle_weights, runtimes
from ml_server.engines.base import EngineConfig
from ml_server.engines.openvino_runner import OpenVINORunner
from ml_server.engines.paddle_weights import PaddleModel

_COLUMNS = 32
"""Widths of lines are rounded up to a multiple of this many pixels: few shapes, little padding."""


def formats(config: EngineConfig) -> tuple[str, ...]:
    """The formats of weights that the configured backend loads."""
    return ("paddle",) if config.paddle_backend == "paddle" else ("onnx",)


def package(config: EngineConfig) -> str:
    """The package that the configured backend needs; for ``auto`` the one that always does."""
    return {"paddle": "paddle", "openvino": "openvino"}.get(config.paddle_backend, "onnxruntime")


class PaddleModels:
    """Loads modules, all with the same backend.

    Args:
        config: of the engine.
        paddleocr: the package.
    """

    def __init__(self, config: EngineConfig, paddleocr: Any) -> None:
        self._config = config
        self._paddleocr = paddleocr
        chosen = config.paddle_backend
        if chosen == "auto":
            chosen = "openvino" if config.device == "cpu" and openvino_runner.pays() else "onnxruntime"
        self.backend = chosen

    def detector(self, model: PaddleModel) -> Any:
        """A ``TextDetection``, which looks at pages at no more than the configured size."""
        side = self._config.detection_side
        # Without a limit of ours, PaddleOCR's own: nothing is scaled but what is smaller than 64 or larger than 4,000.
        limit = {"limit_side_len": side, "limit_type": "max"} if side else {"limit_side_len": 64, "limit_type": "min"}
        return self._load(self._paddleocr.TextDetection, model, limit)

    def recogniser(self, model: PaddleModel) -> Any:
        """A ``TextRecognition``."""
        return self._load(self._paddleocr.TextRecognition, model, {}, columns=_COLUMNS)

    def _load(self, kind: Any, model: PaddleModel, options: dict[str, Any], columns: int = 0) -> Any:
        config, onnx = self._config, self.backend != "paddle"
        if onnx:
            runtimes.onnxruntime()  # PaddleX imports it by itself
        with ExitStack() as stack:
            folder = stack.enter_context(paddle_weights.laid_out(model))
            module = kind(
                model_name=model.architecture,
                model_dir=str(folder),
                device="gpu:0" if config.device == "gpu" else "cpu",
                engine="onnxruntime" if onnx else "paddle_static",
                **({"engine_config": {"intra_op_num_threads": config.threads}} if onnx else {}),
                **({} if onnx else {"cpu_threads": config.threads}),
                **options,
            )
            if self.backend == "openvino":
                assert model.file is not None
                # PaddleX has no such backend of its own but takes any callable for one.
                module.paddlex_predictor.runner = OpenVINORunner(model.file, config.threads, columns)
        return module
