"""A trained recogniser as a folder that PaddleOCR loads: ``inference.onnx`` and ``inference.yml``."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import yaml

from ml_server.engines import paddle_weights
from ml_server.training.recognition import alphabet
from ml_server.training.recognition.fit import Recogniser
from ml_server.training.recognition.network import SINGLE, stored, weight_names

FILES = ("inference.onnx", "inference.yml", "README.md", "curve.json", "recall.json")


def write(model: Recogniser, released: Path, out: Path) -> None:
    """Put the weights into a copy of the released graph, at half precision.

    The graph turns them into single precision when it is loaded, so that it runs exactly as the released one.

    Args:
        model: trained.
        released: the ONNX file that its body came from.
        out: folder to write to.
    """
    import onnx

    graph_model = onnx.load(released)
    graph = graph_model.graph
    names = weight_names(graph_model)
    *body, head_weight, head_bias = names
    shapes = {entry.name: tuple(entry.dims) for entry in graph.initializer}
    arrays = stored(model.body, body, shapes)
    with torch.no_grad():
        arrays[head_weight] = np.ascontiguousarray(model.head.rows().cpu().float().numpy().T)
        arrays[head_bias] = model.head.bias.cpu().float().numpy()
    classes = len(alphabet.characters()) + 1
    kept = [entry for entry in graph.initializer if entry.name not in arrays]
    casts = []
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for name, array in arrays.items():
        half = f"{name}.half"
        graph.initializer.append(onnx.numpy_helper.from_array(_half(name, array), half))
        casts.append(onnx.helper.make_node("Cast", [half], [name], name=f"{name}{SINGLE}", to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    del graph.value_info[:]
    graph.output[0].type.tensor_type.shape.dim[2].dim_value = classes
    del graph_model.metadata_props[:]
    onnx.checker.check_model(graph_model)
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(graph_model, out / "inference.onnx")
    config = {
        "Global": {"model_name": paddle_weights.RECOGNISER},
        **paddle_weights.recogniser_config(list(alphabet.characters()[:-1])),
    }
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (out / "inference.yml").write_text(text, encoding="utf-8")


def _half(name: str, array: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    halved = array.astype(np.float16)
    if not np.isfinite(halved).all():
        raise ValueError(f"{name} does not fit half precision")
    return halved


def install_from(folder: Path) -> None:
    """Put a finished folder into the package."""
    paddle_weights.SHIPPED.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copy(folder / name, paddle_weights.SHIPPED)
