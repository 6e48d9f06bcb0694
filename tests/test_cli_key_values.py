"""``ml-server extract --key-values`` as people and scripts use it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from pages import png
from PIL import Image
from test_cli import ml_server


@pytest.fixture
def two_pages(tmp_path: Path) -> Path:
    path = tmp_path / "둘[1].tiff"
    pages = [Image.new("RGB", (400, 100), "white"), Image.new("RGB", (300, 200), "white")]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def test_pairs_are_a_table_a_page(two_pages: Path) -> None:
    result = ml_server("extract", "-k", two_pages)
    assert result.returncode == 0, result.stderr
    for number, size in ((1, "400 x 100"), (2, "300 x 200")):
        assert f"page {number} — mock page {size}" in result.stdout
    assert result.stdout.count("digest:") == 2
    assert "languages:" not in result.stdout, "it is below the threshold"
    assert "0.22" in result.stdout, "0.6 three times"
    assert "1 header, 1 question, 1 answer; mock 1" in result.stdout


def test_a_page_without_pairs_says_so(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(png())
    result = ml_server("extract", "--key-values", path, "--confidence-threshold", "1")
    assert result.returncode == 0, result.stderr
    assert "no pairs found" in result.stdout
    assert "no text" in result.stdout


def test_a_bad_file_does_not_stop_the_rest(two_pages: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    result = ml_server("extract", "--key-values", "--json", text, two_pages)
    assert result.returncode == 1
    bad, good = (json.loads(line) for line in result.stdout.splitlines())
    assert (bad["status"], bad["error"]["code"]) == ("error", "invalid_image")
    assert [page["page"] for page in good["pages"]] == [1, 2]
    assert [pair["key"] for pair in good["pages"][0]["key_values"]] == ["digest:"]
    listed = ml_server("extract", "--key-values", text, two_pages)
    assert f"==> {two_pages} <==" in listed.stdout


def test_the_overlay_has_a_picture_for_every_page(two_pages: Path, tmp_path: Path) -> None:
    result = ml_server("extract", "-k", two_pages, "--overlay", tmp_path / "seen.png")
    assert result.returncode == 0, result.stderr
    ratios = []
    for number in (1, 2):
        with Image.open(io.BytesIO((tmp_path / f"seen-{number}.png").read_bytes())) as drawn:
            assert drawn.width >= 300
            colours = {colour for _, colour in drawn.getcolors(2**24) or []}
            assert len(colours) > 20
            ratios.append(drawn.width / drawn.height)
    assert ratios[0] > ratios[1]


def test_an_extractor_that_cannot_be_has_its_own_exit_code(two_pages: Path) -> None:
    result = ml_server("extract", "-k", two_pages, "--engine", "layoutlm")
    assert result.returncode == 3
    assert "no OCR engine" in result.stderr
    assert ml_server("extract", "-k", two_pages, ML_SERVER_KEY_VALUE_EXTRACTOR="magic").returncode == 2
