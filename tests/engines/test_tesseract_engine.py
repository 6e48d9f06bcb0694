"""Tesseract on real weights: pages turned and upright, word boxes, languages, and what is said when data is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ml_server.document import OCRPage, Page
from ml_server.engines import traineddata
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.tesseract_engine import TesseractEngine
from ml_server.engines.tesseract_lines import Piece, join_pieces, lines_of
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.geometry import polygon_to_box
from ml_server.languages import parse

pytest.importorskip("tesserocr", reason='Tesseract is not installed: pip install "ml_server[tesseract]"')

ENGLISH, KOREAN, JAPANESE = parse("english"), parse("korean"), parse("japanese")
TEXT = ["Invoice number 20418", "Delivery of printed forms", "Total amount due 1,250.00", "Please pay within 14 days"]
KOREAN_TEXT = ["세금계산서 번호 20418", "검증대상 알고리즘 구현안내서", "합계 금액 50,000 원"]


def needs(code: str) -> Path:
    file = traineddata.find(code, traineddata.folders(None))
    if file is None:
        pytest.skip(f"{code}.traineddata is not on this machine")
    return file


def draw(lines: list[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont, left: int = 60) -> Image.Image:
    image = Image.new("RGB", (760, 420), "white")
    for index, text in enumerate(lines):
        ImageDraw.Draw(image).text((left, 60 + 80 * index), text, fill="black", font=font)
    return image


@pytest.fixture(scope="module")
def engine() -> TesseractEngine:
    needs("eng")
    return TesseractEngine(EngineConfig(ENGLISH))


@pytest.fixture(scope="module")
def english() -> Image.Image:
    return draw(TEXT, ImageFont.load_default(size=36))


def read(engine: TesseractEngine, image: Image.Image, language: str = "english", use_angle_cls: bool = True) -> OCRPage:
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    [page] = engine.read([Page(pixels, number=3)], ReadOptions(parse(language), use_angle_cls))
    return page


def test_reads_a_page_into_lines_and_words(engine: TesseractEngine, english: Image.Image) -> None:
    page = read(engine, english)
    assert page.text.splitlines() == TEXT
    assert (page.engine, page.language, page.number, page.width, page.height) == ("tesseract", "english", 3, 760, 420)
    assert page.model_version.startswith("tesseract 5.")
    assert page.model_version.endswith(" (eng)")
    for line in page.lines:
        assert line.text == " ".join(word.text for word in line.words)
        assert 0.6 < line.confidence <= 1
        assert min(w.confidence for w in line.words) <= line.confidence <= max(w.confidence for w in line.words)


def test_word_boxes_hold_the_ink_of_their_word(engine: TesseractEngine, english: Image.Image) -> None:
    font = ImageFont.load_default(size=36)
    line = read(engine, english).lines[0]
    for word, prefix in zip(line.words, ["", "Invoice ", "Invoice number "], strict=True):
        drawn = ImageDraw.Draw(english).textbbox((60 + font.getlength(prefix), 60), word.text, font=font)
        assert polygon_to_box(word.bbox) == pytest.approx(drawn, abs=6)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_reads_the_same_in_its_own_coordinates(
    engine: TesseractEngine, english: Image.Image, turns: int
) -> None:
    turned = read(engine, Image.fromarray(np.rot90(np.asarray(english), turns)))
    assert turned.text.splitlines() == TEXT
    assert (turned.width, turned.height) == ((420, 760) if turns % 2 else (760, 420))
    ink = np.rot90(np.asarray(english.convert("L")), turns) < 128
    for line in turned.lines:
        left, top, right, bottom = (round(value) for value in polygon_to_box(line.bbox))
        assert 0 <= left < right <= turned.width
        assert 0 <= top < bottom <= turned.height
        assert ink[top:bottom, left:right].any()
        ink[top - 4 : bottom + 4, left - 4 : right + 4] = False
    assert not ink.any(), "some text lies outside every line's box"


@pytest.mark.parametrize(
    ("hint", "confidence", "most"),
    [(1, 0.5, 2), (3, 0.5, 3), (3, 0.1, 4), (2, 0.1, 4), (None, 0.0, 4)],
    ids=["right", "upside down", "upside down and unsure", "sideways and unsure", "silent"],
)
def test_a_page_on_its_side_is_found_whatever_orientation_detection_says(
    engine: TesseractEngine,
    english: Image.Image,
    monkeypatch: pytest.MonkeyPatch,
    hint: int | None,
    confidence: float,
    most: int,
) -> None:
    recognise, tried = engine._recognise, []

    def recognised(api: Any, grey: np.ndarray[Any, Any], turns: int) -> Any:
        tried.append(turns)
        return recognise(api, grey, turns)

    monkeypatch.setattr(engine, "_recognise", recognised)
    monkeypatch.setattr(engine, "_orientation", lambda grey: (hint, confidence))
    page = read(engine, english.transpose(Image.Transpose.ROTATE_270))
    assert [line.text for line in page.lines] == TEXT
    assert tried[-1] == 1
    assert len(tried) <= most


def test_a_turned_page_is_left_alone_when_nobody_asked(engine: TesseractEngine, english: Image.Image) -> None:
    page = read(engine, english.rotate(180), use_angle_cls=False)
    assert page.text.splitlines() != TEXT


@pytest.mark.parametrize("size", [(800, 600), (1, 1), (3, 900), (40_000, 20)])
@pytest.mark.parametrize("colour", ["white", "black"])
def test_a_blank_page_of_any_shape_is_a_result(engine: TesseractEngine, size: tuple[int, int], colour: str) -> None:
    page = read(engine, Image.new("RGB", size, colour))
    assert (page.lines, page.width, page.height) == ((), *size)


def test_pages_do_not_influence_each_other(engine: TesseractEngine, english: Image.Image) -> None:
    pages = [Page(np.asarray(image)) for image in (english, Image.new("RGB", (300, 300), "white"), english)]
    first, blank, again = engine.read(pages, ReadOptions(ENGLISH))
    assert first == again
    assert blank.lines == ()


@pytest.mark.parametrize(
    ("width", "height", "size"), [(576, 8000, 22), (4961, 7016, 90)], ids=["receipt", "A4 at 600 dpi"]
)
def test_large_pages_are_read_whole(engine: TesseractEngine, width: int, height: int, size: int) -> None:
    image = Image.new("RGB", (width, height), "white")
    font, step = ImageFont.load_default(size=size), height // 40
    words = [f"item {number} costs {137 * number}" for number in range(100, 138)]
    for row, text in enumerate(words, start=1):
        ImageDraw.Draw(image).text((width // 10, row * step), text, fill="black", font=font)
    page = read(engine, image)
    assert [line.text for line in page.lines] == words
    left, top, right, bottom = polygon_to_box(page.lines[-1].bbox)
    assert width * 0.08 < left < right < width
    assert 38 * step - 5 < top < bottom < 39 * step


def test_table_cells_are_lines_of_their_own(engine: TesseractEngine) -> None:
    font = ImageFont.load_default(size=36)
    image = draw(["Quantity", "Price"], font)
    for index, value in enumerate(["1024", "99.50"]):
        ImageDraw.Draw(image).text((560, 60 + 80 * index), value, fill="black", font=font)
    assert read(engine, image).text.splitlines() == ["Quantity", "1024", "Price", "99.50"]


def test_reads_korean_words_whole() -> None:
    needs("kor")
    font = Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf")
    if not font.is_file():
        pytest.skip("no Korean font: apt-get install fonts-nanum")
    engine = TesseractEngine(EngineConfig(KOREAN))
    page = read(engine, draw(KOREAN_TEXT, ImageFont.truetype(str(font), 36)), "korean")
    assert page.text.splitlines() == KOREAN_TEXT
    assert page.language == "korean"
    if traineddata.find("eng", traineddata.folders(None)):
        assert page.model_version.endswith("(kor+eng)")


def test_it_leaves_no_thread_limit_behind_for_other_engines_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    TesseractEngine(EngineConfig(parse("english")))
    assert "OMP_THREAD_LIMIT" not in os.environ


def test_a_language_without_data_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eng.traineddata").symlink_to(needs("eng"))
    only(monkeypatch, tmp_path)
    engine = TesseractEngine(EngineConfig(ENGLISH))
    with pytest.raises(UnsupportedLanguage) as caught:
        engine.read([], ReadOptions(parse("chinese_traditional")))
    assert "chi_tra.traineddata" in caught.value.message
    assert "apt-get install tesseract-ocr-chi-tra" in caught.value.message
    with pytest.raises(EngineUnavailable, match="apt-get install tesseract-ocr-jpn"):
        TesseractEngine(EngineConfig(JAPANESE))


def only(monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> Callable[[], tuple[str, ...]]:
    """Makes ``model_dir`` the only place; returns what describe() then lists."""
    monkeypatch.setattr(traineddata, "folders", lambda _: (model_dir,))
    return lambda: TesseractEngine.describe(EngineConfig(KOREAN, model_dir=model_dir)).languages


def test_describe_lists_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    languages = only(monkeypatch, tmp_path)
    info = TesseractEngine.describe(EngineConfig(KOREAN))
    assert not info.available
    assert "traineddata" in info.reason
    assert info.install == 'pip install "ml_server[tesseract]" && apt-get install tesseract-ocr-kor'
    (tmp_path / "kor.traineddata").touch()
    assert languages() == ("korean",)
    (tmp_path / "eng.traineddata").touch()
    assert languages() == ("korean", "english")


def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, tmp_path)
    (tmp_path / "eng.traineddata").write_bytes(b"not traineddata")
    with pytest.raises(EngineUnavailable, match=r"eng\.traineddata.*damaged"):
        TesseractEngine(EngineConfig(ENGLISH))


def test_data_in_several_places_loads_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kor, eng = needs("kor"), needs("eng")
    for file in (kor, eng):
        (tmp_path / file.stem).mkdir()
        (tmp_path / file.stem / file.name).symlink_to(file)
    monkeypatch.setattr(traineddata, "folders", lambda _: (tmp_path / "eng", tmp_path / "kor"))
    engine = TesseractEngine(EngineConfig(KOREAN))
    assert read(engine, draw(TEXT, ImageFont.load_default(size=36)), "korean").text.splitlines() == TEXT


def test_folders_are_looked_in_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_dir, prefix = tmp_path / "models", tmp_path / "prefix"
    (prefix / "tessdata").mkdir(parents=True)
    model_dir.mkdir()
    monkeypatch.setenv("TESSDATA_PREFIX", str(prefix))
    assert traineddata.folders(model_dir)[:3] == (model_dir, prefix, prefix / "tessdata")
    monkeypatch.delenv("TESSDATA_PREFIX")
    assert prefix not in traineddata.folders(None)


@pytest.mark.parametrize(
    ("asked", "present", "codes"),
    [
        ("korean", "kor eng", ("kor", "eng")),
        ("korean", "kor", ("kor",)),
        ("english", "kor eng", ("eng",)),
        ("english+korean", "kor eng", ("kor", "eng")),
        ("french", "fra eng", ("fra",)),
    ],
)
def test_english_comes_along_with_korean(tmp_path: Path, asked: str, present: str, codes: tuple[str, ...]) -> None:
    for code in present.split():
        (tmp_path / f"{code}.traineddata").touch()
    assert traineddata.codes_for(parse(asked), [tmp_path]) == codes


def test_describing_imports_no_framework() -> None:
    code = (
        "import sys; from ml_server.engines.tesseract_engine import TesseractEngine as T; "
        "from ml_server.engines.base import EngineConfig as C; from ml_server.languages import parse; "
        "T.describe(C(parse('korean'))); sys.exit('tesserocr' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0


def piece(text: str, left: float, row: int = 1, confidence: float = 0.9) -> Piece:
    return Piece(text, confidence, (left, 20.0 * row, left + 10 * len(text), 20.0 * row + 10), row)


def test_syllables_are_joined_as_the_page_text_has_them() -> None:
    pieces = [
        piece("검", 0, confidence=0.6),
        piece("증", 10),
        piece("대상", 20),
        piece("암", 50),
        piece("호", 0, row=2),
    ]
    joined = join_pieces(pieces, "검증대상 암\n\n호\n")
    assert [p.text for p in joined] == ["검증대상", "암", "호"]
    assert joined[0].box == pytest.approx((0, 20, 40, 30))
    assert joined[0].confidence == pytest.approx((0.6 + 0.9 * 3) / 4)
    assert join_pieces(pieces, "something else") == pieces


def test_pieces_of_two_rows_are_never_one_word() -> None:
    assert [p.text for p in join_pieces([piece("가", 0), piece("나", 0, row=2)], "가나")] == ["가", "나"]


def test_a_wide_gap_parts_a_row_and_a_space_does_not() -> None:
    lines = lines_of([piece("a", 0), piece("b", 18), piece("c", 60)])
    assert [line.text for line in lines] == ["a b", "c"]
    assert polygon_to_box(lines[0].bbox) == (0, 20, 28, 30)
