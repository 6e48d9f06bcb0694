"""Which engine a request gets."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import pytest

from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig
from ml_server.engines.factory import OCREngineFactory as Factory
from ml_server.engines.mock_engine import MockEngine
from ml_server.engines.vlm.options import VLMOptions
from ml_server.errors import EngineUnavailable, UnknownEngine
from ml_server.languages import parse

CONFIG = EngineConfig(parse("english"), vlm=VLMOptions(url="http://127.0.0.1:8000"))


def infos(**languages: str) -> Sequence[EngineInfo]:
    """Every engine, available with the languages given for it, else not."""
    return [
        EngineInfo(
            name,
            available=name in languages,
            reason="" if name in languages else "package is not installed",
            install=f"pip install {name}",
            languages=tuple(languages.get(name, "").split()),
        )
        for name in Factory.names()
    ]


@pytest.mark.parametrize(
    ("language", "here", "picked"),
    [
        ("english", {"paddle": "english", "tesseract": "korean english"}, "paddle"),
        ("korean", {"paddle": "english", "tesseract": "korean english"}, "tesseract"),
        ("korean", {"paddle": "english korean", "tesseract": "korean english"}, "paddle"),
        ("korean+english", {"paddle": "english korean", "easyocr": "english"}, "paddle"),
        ("korean+japanese", {"paddle": "korean japanese", "tesseract": "korean japanese"}, "tesseract"),
        ("english", {"easyocr": "english", "mock": "english", "vlm": "english"}, "easyocr"),
    ],
)
def test_auto_takes_the_best_engine_that_reads_the_language(language: str, here: dict[str, str], picked: str) -> None:
    assert Factory.pick("auto", parse(language), infos(**here)) == picked


def test_auto_never_takes_the_mock_or_a_remote_model_and_says_what_to_install() -> None:
    with pytest.raises(EngineUnavailable, match=r"pip install .*tesseract") as caught:
        Factory.pick("auto", parse("korean"), infos(mock="korean", vlm="korean"))
    assert "korean" in caught.value.message


def test_a_named_engine_that_is_not_here_names_the_command() -> None:
    with pytest.raises(EngineUnavailable, match=r"not installed.*pip install paddle"):
        Factory.pick("paddle", parse("english"), infos(tesseract="english"))
    with pytest.raises(EngineUnavailable, match=r"tesseract-ocr-kor"):
        Factory.pick("tesseract", parse("korean"), infos(tesseract="english"))


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownEngine, match="auto, paddle, tesseract, easyocr, vlm, mock"):
        Factory.pick("magic", parse("english"), infos(tesseract="english"))
    with pytest.raises(UnknownEngine):
        Factory.create("magic", CONFIG)


@pytest.mark.parametrize("package", ["paddleocr", "onnxruntime", "tesserocr", "easyocr", "torch"])
def test_a_missing_package_is_a_reason_not_a_crash(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == package else find_spec(name, *rest)
    )
    engine = {"paddleocr": "paddle", "onnxruntime": "paddle", "tesserocr": "tesseract"}.get(package, "easyocr")
    (info,) = [info for info in Factory.available(CONFIG) if info.name == engine]
    assert not info.available
    assert package in info.reason
    assert "pip install" in info.install
    with pytest.raises(EngineUnavailable, match="pip install"):
        Factory.create(engine, CONFIG)


def test_every_engine_here_says_its_licence_and_weights() -> None:
    for info in Factory.available(CONFIG):
        assert info.available, f"{info.name}: {info.reason}"
        assert info.license
        assert info.weights
        assert info.languages


def test_an_engines_own_key_error_stays_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: MockEngine, config: EngineConfig) -> None:
        raise KeyError("my own")

    monkeypatch.setattr(MockEngine, "__init__", broken)
    with pytest.raises(KeyError, match="my own"):
        Factory.create("mock", CONFIG)
