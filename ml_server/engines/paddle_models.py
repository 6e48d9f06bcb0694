"""PaddleOCR's modules for detection and recognition, loaded from weights on this machine."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from ml_server.engines import openvino_runner, paddle_weights, runtimes
from ml_server.engines.base import EngineConfig
from ml_server.engines.openvino_runner import OpenVINORunner
from ml_server.engines.paddle_weights import PaddleModel

_COLUMNS = 32
"""Widths of lines are rounded up to a multiple of this many pixels: few shapes, little padding."""


def formats(config: EngineConfig) -> tuple[str, ...]:
    """The formats of weights that the configured backend loads."""
    return ("paddle",) if config.paddle_backend == "paddle" else ("onnx",)


def known(recogniser: Any) -> frozenset[str]:
    """The characters that one of :meth:`PaddleModels.recogniser` can read, the space among them."""
    found: frozenset[str] = recogniser.paddlex_predictor.post_op.known
    return found


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
        """A ``TextRecognition`` whose results also say how sure it is of each character."""
        module = self._load(self._paddleocr.TextRecognition, model, {}, columns=_COLUMNS)
        predictor = module.paddlex_predictor
        predictor.post_op = _CharacterScores(predictor.post_op)
        return module

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


class _CharacterScores:
    """PaddleX's decoder, which adds to each line the scores of its characters; PaddleX keeps their mean only."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.known = frozenset(decoder.character[1:])  # the first class is none

    def __call__(self, predictions: Any, *, return_word_box: bool = False, **options: Any) -> Any:
        lines, scores = self._decoder(predictions, return_word_box=return_word_box, **options)
        if return_word_box:
            for (_, found), probabilities in zip(lines, np.asarray(predictions[0]), strict=True):
                columns = [column for group in found[2] for column in group]
                found.append(probabilities[columns].max(axis=-1).tolist())
        return lines, scores
