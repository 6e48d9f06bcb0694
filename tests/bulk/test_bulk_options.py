"""What makes earlier results count as finished, and what does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ml_server.bulk.options import BulkOptions
from ml_server.models.serving import ServingFile
from ml_server.settings import Settings

OPTIONS = BulkOptions("english", "mock")


def settings(folder: Path, **values: object) -> Settings:
    return Settings.model_validate({"model_state_dir": folder, **values})


@pytest.mark.parametrize(
    ("engine", "values"),
    [
        ("paddle", {"layout": True}),
        ("paddle", {"pdf_dpi": 100}),
        ("paddle", {"paddle_backend": "openvino"}),
        ("auto", {"paddle_backend": "onnxruntime"}),
        ("vlm", {"vlm_model": "x"}),
        ("vlm", {"vlm_prompt": "table"}),
        ("vlm", {"vlm_url": "http://a:8000"}),
    ],
)
def test_what_decides_about_the_results_is_in_their_fingerprint(
    tmp_path: Path, engine: str, values: dict[str, object]
) -> None:
    options = replace(OPTIONS, engine=engine)
    plain, other = options.fingerprints(settings(tmp_path)), options.fingerprints(settings(tmp_path, **values))
    assert not set(plain) & set(other)


@pytest.mark.parametrize(
    ("engine", "values", "others"),
    [
        ("paddle", {}, {"page_timeout_s": 1, "replicas": 2}),
        ("tesseract", {}, {"paddle_backend": "openvino", "vlm_url": "http://a:8000"}),
        ("vlm", {"vlm_model": "x", "vlm_url": "http://a:8000"}, {"vlm_model": "x", "vlm_url": "http://b:8000"}),
    ],
)
def test_what_does_not_is_not(
    tmp_path: Path, engine: str, values: dict[str, object], others: dict[str, object]
) -> None:
    options = replace(OPTIONS, engine=engine)
    plain = options.fingerprints(settings(tmp_path, **values))
    assert replace(options, retries=7).fingerprints(settings(tmp_path, **others)) == plain


def test_results_with_and_without_text_are_as_good(tmp_path: Path) -> None:
    one, other = OPTIONS.fingerprints(settings(tmp_path))
    assert replace(OPTIONS, text=True).fingerprints(settings(tmp_path)) == (other, one)
    assert one != other


def test_they_are_those_of_the_versions_before(tmp_path: Path) -> None:
    found = BulkOptions("korean", "paddle", key_values=True).fingerprints(settings(tmp_path))
    assert found == ("0277908c160306b3", "9626a275934e5d19"), "with others everything that was read is read again"


def test_other_weights_are_noticed(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    plain = OPTIONS.fingerprints(settings(tmp_path))
    assert OPTIONS.fingerprints(settings(tmp_path, model_dir=weights)) == plain, "there are none"
    (weights / "recogniser").mkdir(parents=True)
    (weights / "recogniser" / "inference.onnx").write_bytes(b"one")
    first = OPTIONS.fingerprints(settings(tmp_path, model_dir=weights))
    assert first == OPTIONS.fingerprints(settings(tmp_path, model_dir=weights)) != plain
    (weights / "recogniser" / "inference.onnx").write_bytes(b"other")
    assert OPTIONS.fingerprints(settings(tmp_path, model_dir=weights)) not in (first, plain)


def test_another_key_value_model_is_noticed_where_there_are_key_values(tmp_path: Path) -> None:
    pairs = replace(OPTIONS, key_values=True)
    without, before = OPTIONS.fingerprints(settings(tmp_path)), pairs.fingerprints(settings(tmp_path))
    file = ServingFile.of(settings(tmp_path))
    file.write(file.read().promoted("7", "better"))
    assert pairs.fingerprints(settings(tmp_path)) != before
    assert OPTIONS.fingerprints(settings(tmp_path)) == without
    model = tmp_path / "mine"
    model.mkdir()
    named = pairs.fingerprints(settings(tmp_path, key_value_model=str(model)))
    (model / "model.safetensors").write_bytes(b"weights")
    assert pairs.fingerprints(settings(tmp_path, key_value_model=str(model))) != named
