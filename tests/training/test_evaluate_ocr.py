"""``ml-server evaluate ocr`` on small folders that the mock engine reads, and the pictures it is shown."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from ml_server.cli import app
from ml_server.decode import DecodeLimits
from ml_server.engines.mock_engine import TRIGGER
from ml_server.settings import Settings
from ml_server.training.ocr_pictures import cut, line_pictures, page_picture, photographed, scanned
from ml_server.training.ocr_truth import TruthPage, read_truth

WIDTH, HEIGHT = 300, 120
LINE = (50, 40, 150, 60)
LINE_SIZE = (100 + 2 * (2 + 10), 20 + 2 * (2 + 10))  # margins of a tenth and frames of half the height


def seen(width: int, height: int, parting: str = " ") -> str:
    """What the mock engine says of a white page, but for the line it is too uncertain of."""
    digest = hashlib.sha256(b"\xff" * (width * height * 3)).hexdigest()[:16]
    return f"mock page {width} x {height}{parting}digest: {digest}"


def write_page(folder: Path, name: str, lines: list[dict[str, Any]], colour: Any = "white", **more: Any) -> None:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT), colour).save(folder / f"{name}.png")
    (folder / f"{name}.json").write_text(json.dumps({"lines": lines, **more}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Page a has one line without its spaces and one right, and the page itself reads as none; b has no boxes."""
    folder = tmp_path / "pages"
    right = seen(*LINE_SIZE)
    lines = [{"text": right, "box": LINE}, {"text": right.replace(" ", ""), "box": [value + 1 for value in LINE]}]
    write_page(folder, "a", lines)
    write_page(folder, "b", [{"text": text} for text in seen(WIDTH, HEIGHT, "\n").split("\n")])
    return folder


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_server.logs.configure", lambda level, style: None)
    monkeypatch.setenv("COLUMNS", "160")


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "ocr", *map(str, arguments)])


def figures(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_json(folder: Path) -> None:
    found = figures(evaluate(folder, "--engine", "mock", "--lang", "ko", "--json"))
    assert (found["engine"], found["model_version"], found["lang"]) == ("mock", "mock 1", "korean")
    assert (found["pages"], found["noise"]) == (2, None)
    assert found["seconds_per_page"] > 0
    line = len(seen(*LINE_SIZE))
    assert found["lines"] == {
        "accuracy": 0.5, "accuracy_without_spaces": 1.0, "cer": round(6 / (2 * line - 6), 4), "count": 2
    }  # fmt: skip
    # 7 of b's words; of a's, "mock", "page", "x" and "digest" once each, of 7 and the 2 that the spaceless line makes.
    assert found["words"] == {"precision": round(11 / 14, 4), "recall": round(11 / 16, 4), "f1": 0.7333, "support": 16}
    assert 0.5 < found["characters"]["f1"] < 1
    assert 0.3 < found["cer"] < 0.9


def test_a_page_read_without_fault(folder: Path) -> None:
    for file in folder.glob("a.*"):
        file.unlink()
    found = figures(evaluate(folder, "-e", "mock", "--json"))
    assert (found["words"]["f1"], found["characters"]["f1"], found["cer"]) == (1.0, 1.0, 0.0)
    assert (found["lines"], found["lang"]) == (None, "korean+english")


def test_strictly_a_circled_number_is_no_other(tmp_path: Path) -> None:
    right = seen(WIDTH, HEIGHT, "\n").split("\n")
    write_page(tmp_path, "a", [{"text": text} for text in (right[0].replace("3", "③"), *right[1:])])
    folded, strict = (figures(evaluate(tmp_path, "-e", "mock", "--json", *more)) for more in ([], ["--strict"]))
    assert (folded["strict"], folded["characters"]["f1"], folded["cer"]) == (False, 1.0, 0.0)
    assert strict["strict"]
    assert strict["cer"] > 0
    assert strict["characters"]["f1"] < 1
    assert "① counts as 1" in evaluate(tmp_path, "-e", "mock").stdout
    assert "does not count as 1" in evaluate(tmp_path, "-e", "mock", "--strict").stdout


def test_truth_in_capitals_is_compared_without_case(tmp_path: Path) -> None:
    for name in ("box", "img"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (WIDTH, HEIGHT), "white").save(tmp_path / "img" / "1.png")
    corners = ",".join(map(str, (50, 40, 150, 40, 150, 60, 50, 60)))
    (tmp_path / "box" / "1.csv").write_text(f"{corners},{seen(*LINE_SIZE).upper()}\n")
    found = figures(evaluate(tmp_path, "-e", "mock", "--json"))
    assert (found["lines"]["accuracy"], found["lines"]["cer"]) == (1.0, 0.0)


def test_noise_reaches_pages_and_lines(folder: Path) -> None:
    assert "photographed" in evaluate(folder, "-e", "mock", "--photo", "--limit", 1).stdout
    assert evaluate(folder, "-e", "mock", "--photo", "--noise").exit_code == 2
    assert "with scan noise" in evaluate(folder, "-e", "mock", "--noise", "--limit", 1).stdout
    found = figures(evaluate(folder, "-e", "mock", "--json", "--noise", "--limit", 1))
    assert (found["noise"], found["pages"]) == ("scan", 1)
    # The sizes stay, the pixels do not.
    assert found["lines"]["accuracy_without_spaces"] == 0.0
    assert 0 < found["lines"]["cer"] < 0.5


def test_engines_side_by_side(folder: Path) -> None:
    both = figures(evaluate(folder, "-e", "mock", "-e", "Mock ", "--json", "--limit", 1))
    assert [found["engine"] for found in both] == ["mock", "mock"]
    assert both[0]["words"] == both[1]["words"]
    result = evaluate(folder, "-e", "mock", "-e", "mock")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("mock 1") == 2
    for text in ("2 pages in korean+english ", "word F1", "73.3", "2 lines cut out", "seconds a page"):
        assert text in result.stdout


def test_what_cannot_be_done_is_said_plainly(folder: Path, tmp_path: Path, samples: Path) -> None:
    cases = [
        (evaluate(tmp_path / "absent"), 2, "does not exist"),
        (evaluate(samples.parent / "docs", "-e", "mock"), 1, "known layouts: FUNSD"),
        (evaluate(folder, "-e", "mock", "-e", "magic"), 3, "unknown engine 'magic'"),
        (evaluate(folder, "-e", "mock", "--lang", "klingon"), 3, "klingon"),
    ]
    (folder / "b.png").write_bytes(b"no picture")
    cases.append((evaluate(folder, "-e", "mock", "--json"), 1, "b.png: not an image"))
    cases.append((evaluate(folder, "-e", "mock", "--noise"), 1, "b.png: not an image"))
    for result, code, text in cases:
        assert (result.exit_code, result.stdout) == (code, ""), result.stderr
        assert text in result.stderr
        assert "Traceback" not in result.stderr


def test_a_page_the_engine_fails_on_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_SERVER_MOCK_FAILURE", "raise")
    write_page(folder, "b", [{"text": "x"}], TRIGGER)
    result = evaluate(folder, "-e", "mock", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"ml-server: {folder / 'b.png'}: engine mock failed" in result.stderr


@pytest.fixture
def limits() -> DecodeLimits:
    return DecodeLimits.from_settings(Settings())


def test_lines_are_cut_with_their_paper_around(tmp_path: Path) -> None:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    page.paste((10, 20, 30), (40, 30, 200, 80))
    page.paste((250, 250, 0), LINE)
    line = cut(page, LINE)
    assert line.size == LINE_SIZE
    colours = {colour: count for count, colour in line.getcolors() or ()}
    assert set(colours) == {(10, 20, 30), (250, 250, 0)}
    assert colours[250, 250, 0] == 100 * 20
    assert cut(page, (290, -5, 340, 15)).size == (WIDTH - 288 + 20, 17 + 20)
    assert cut(page, (900, 900, 910, 905)).size == (1 + 16, 1 + 16)


def test_boxes_are_scaled_to_the_picture(tmp_path: Path, limits: DecodeLimits) -> None:
    halves = [value / 2 for value in LINE]
    write_page(tmp_path, "a", [{"text": "x", "box": halves}], width=WIDTH // 2, height=HEIGHT // 2)
    (picture,) = line_pictures(read_truth(tmp_path)[0], limits, noise=None)
    assert Image.open(io.BytesIO(picture)).size == LINE_SIZE


def test_noise_is_the_same_each_time_and_another_on_each_page(tmp_path: Path, limits: DecodeLimits) -> None:
    write_page(tmp_path, "a", [{"text": "x", "box": LINE}] * 2)
    page = read_truth(tmp_path)[0]
    other = TruthPage("b", page.image, page.words, page.lines, page.text)
    assert page_picture(page, limits, noise=None) == page.image.read_bytes()
    once = page_picture(page, limits, noise="scan")
    assert page_picture(page, limits, noise="scan") == once
    assert page_picture(other, limits, noise="scan") != once
    first, second = line_pictures(page, limits, noise="scan")
    assert first != second
    assert [first, second] == line_pictures(page, limits, noise="scan")


def test_a_scan_is_turned_a_little_blurred_and_speckled() -> None:
    page = Image.new("RGB", (400, 200), "white")
    page.paste((0, 0, 0), (100, 80, 300, 120))
    for seed in range(3):
        scan = Image.open(io.BytesIO(scanned(page, Random(seed))))
        assert (scan.format, scan.size) == ("JPEG", (400, 200))
        grey = np.asarray(scan.convert("L")).astype(np.int16)
        assert np.median(grey[90:110, 110:290]) < 15
        assert np.median(grey[:70]) > 240
        assert 20 < int((grey[:70] < 128).sum()) < 110  # 0.2 % of 28,000 pixels are 56
        edge = np.median(grey[100:101, 94:106], axis=0)
        assert ((edge > 30) & (edge < 225)).any()


def test_a_photograph_is_tilted_unevenly_lit_and_legible() -> None:
    page = Image.new("RGB", (400, 300), "white")
    page.paste((0, 0, 0), (150, 120, 250, 180))
    for seed in range(3):
        photo = Image.open(io.BytesIO(photographed(page, Random(seed))))
        assert (photo.format, photo.size) == ("JPEG", (400, 300))
        grey = np.asarray(photo.convert("L")).astype(np.int16)
        assert np.median(grey[140:160, 180:220]) < 40
        corners = [np.median(grey[y : y + 20, x : x + 20]) for y in (30, 250) for x in (30, 350)]
        assert max(corners) - min(corners) > 15
        assert min(corners) > 100
    assert photographed(page, Random(1)) == photographed(page, Random(1)) != photographed(page, Random(2))
