"""Which runtime should label words on a CPU? The same windows by torch and by ONNX Runtime, in float32 and in int8.

Every runtime labels the same pages in turns; the result is each one's time over torch float32's, and its SER F1. ONNX
Runtime's models are exported to a temporary folder (needs the packages onnx and onnxscript).

    python -m benchmarks.key_values_runtimes --pages 24 --rounds 3
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from benchmarks.corpus import data_folder
from ml_server.engines.layoutlm.inference import Predictor
from ml_server.engines.layoutlm.model import KeyValueModel, load
from ml_server.engines.layoutlm.model_source import resolve
from ml_server.settings import usable_cores
from ml_server.training.examples import labelled
from ml_server.training.forms import read_folder
from ml_server.training.validation import validate


class OnnxModel(torch.nn.Module):
    """An exported model with the face of a :class:`KeyValueModel`, so that a Predictor can hold it."""

    def __init__(self, like: KeyValueModel, path: Path) -> None:
        super().__init__()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_cores()
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.encoder, self.relations, self.ours = like.encoder, like.relations, like.ours

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See :meth:`KeyValueModel.forward`."""
        names = [given.name for given in self._session.get_inputs()]
        feed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
        logits, hidden = self._session.run(None, feed)
        return torch.from_numpy(logits), torch.from_numpy(hidden)


class Half(torch.nn.Module):
    """The model with its products in bfloat16."""

    def __init__(self, model: KeyValueModel) -> None:
        super().__init__()
        self.model = model
        self.encoder, self.relations, self.ours = model.encoder, model.relations, model.ours

    def forward(self, *inputs: torch.Tensor) -> Any:
        """See :meth:`KeyValueModel.forward`."""
        with torch.autocast("cpu", torch.bfloat16):
            return self.model(*inputs)


def main() -> None:
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="")
    given = parser.parse_args()
    torch.set_num_threads(usable_cores())
    folder = resolve(given.model).path
    forms = [labelled(form) for form in read_folder(data_folder() / "funsd_train")[: given.pages]]
    model = load(folder).eval()
    with tempfile.TemporaryDirectory() as work:
        runtimes = {"torch float32": model, "torch bfloat16": Half(model), "torch int8": quantised(model)}
        runtimes |= exported(model, Path(work))
        predictors = {
            name: Predictor(each, Tokenizer.from_file(str(folder / "tokenizer.json")))  # type: ignore[arg-type]
            for name, each in runtimes.items()
        }
        pages = [form.page for form in forms]
        seconds = dict.fromkeys(predictors, 0.0)
        for turn in range(given.rounds + 1):
            for name, predictor in predictors.items():
                began = time.perf_counter()
                for page in pages:
                    predictor.label([page])
                seconds[name] += time.perf_counter() - began if turn else 0.0  # the first round warms up
        scores = {
            name: validate(predictor.model, predictor.tokenizer, forms).ser_f1 for name, predictor in predictors.items()
        }
    print(
        json.dumps(
            {
                "benchmark": "key_values_runtimes",
                "date": date.today().isoformat(),
                "pages": given.pages,
                "cores": usable_cores(),
                "torch_float32_ms_a_page": round(1000 * seconds["torch float32"] / given.rounds / given.pages, 1),
                "time": {name: round(value / seconds["torch float32"], 3) for name, value in seconds.items()},
                "ser_f1": {name: round(value, 4) for name, value in scores.items()},
            }
        )
    )


def quantised(model: KeyValueModel) -> torch.nn.Module:
    """Weights of all linear layers of the encoder in int8, activations quantised as they come."""
    other = copy.deepcopy(model)
    other.encoder.layoutlm = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
        other.encoder.layoutlm, {torch.nn.Linear}, torch.qint8
    )
    return other


def exported(model: KeyValueModel, work: Path) -> dict[str, torch.nn.Module]:
    """The model by ONNX Runtime, in float32 and with int8 weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens", max=512)
    sample = (
        torch.ones(2, 64, dtype=torch.long),
        torch.zeros(2, 64, dtype=torch.long),
        torch.zeros(2, 64, 4),
        torch.ones(2, 64, dtype=torch.bool),
    )
    shapes = tuple({0: batch, 1: tokens} for _ in sample)
    torch.onnx.export(model, sample, work / "model.onnx", dynamic_shapes=shapes, dynamo=True)
    quantize_dynamic(work / "model.onnx", work / "int8.onnx", weight_type=QuantType.QInt8)
    return {
        "onnxruntime float32": OnnxModel(model, work / "model.onnx"),
        "onnxruntime int8": OnnxModel(model, work / "int8.onnx"),
    }


if __name__ == "__main__":
    main()
