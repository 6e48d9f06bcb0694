"""Which engine a request gets."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import combinations

import pytest

from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig
from ml_server.engines.factory import OCREngineFactory as Factory
from ml_server.engines.mock_engine import MockEngine
from ml_server.engines.vlm.options import VLMOptions
from ml_server.errors import EngineUnavailable, UnknownEngine
from ml_server.languages import LANGUAGES, canonical, parse

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


@pytest.fixture(scope="module")
def here() -> Sequence[EngineInfo]:
    """What this machine really has."""
    return Factory.available(CONFIG)


TOGETHER = [*combinations(LANGUAGES, 1), *combinations(LANGUAGES, 2), *combinations(LANGUAGES, 3)]


@pytest.mark.parametrize("name", ["auto", "paddle", "tesseract", "easyocr"])
def test_any_languages_get_an_engine_or_are_told_what_to_do(name: str, here: Sequence[EngineInfo]) -> None:
    by_name = {info.name: info for info in here}
    refusals = []
    for languages in TOGETHER:
        try:
            picked = Factory.pick(name, languages, here)
        except EngineUnavailable as error:
            refusals.append((canonical(languages), error.message))
        else:
            assert Factory.engine_class(picked).reads(languages, by_name[picked])
    assert 0 < len(refusals) < len(TOGETHER)
    for named, message in refusals:
        assert named in message
        assert message.endswith("or for another engine") or "install" in message


def test_no_command_is_named_that_would_not_help() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        Factory.pick("auto", parse("korean+chinese"), infos(paddle="korean chinese english"))
    assert "tesseract-ocr-chi-sim" in caught.value.message
    assert "paddle" not in caught.value.message
    assert "easyocr" not in caught.value.message
    with pytest.raises(EngineUnavailable, match=r"no weights for korean\+chinese .* or for another engine$"):
        Factory.pick("paddle", parse("korean+chinese"), infos(paddle="korean chinese english"))


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
