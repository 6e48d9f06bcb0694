"""The sample documents and their ground truth agree, and are what the script renders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from ml_server import fonts

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"


def truth(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", ["invoice_korean", "invoice_english"])
def test_ground_truth_lies_where_the_ink_is(name: str) -> None:
    expected = truth(name)
    file = SAMPLES / expected["image"]
    assert file.stat().st_size < 300_000
    with Image.open(file) as image:
        grey = np.asarray(image.convert("L")).astype(np.int16)
    assert (expected["width"], expected["height"]) == grey.shape[::-1]
    for item in expected["lines"]:
        (x0, y0), _, (x1, y1), _ = item["bbox"]
        box = grey[y0:y1, x0:x1]
        assert box.max() - box.min() > 60, f"no ink under {item['text']!r}"
    words = [item["text"] for item in expected["lines"]]
    for pair in expected["key_values"]:
        assert pair["key"] in words
        assert pair["value"] in words


def test_sums_on_the_invoices_add_up() -> None:
    for name in ("invoice_korean", "invoice_english"):
        *_, net, tax, total = (pair["value"] for pair in truth(name)["key_values"])
        amounts = [int("".join(filter(str.isdigit, value))) for value in (net, tax, total)]
        assert amounts[0] + amounts[1] == amounts[2]


def test_pdf_has_both_pages() -> None:
    expected = truth("invoices")
    with pypdfium2.PdfDocument(SAMPLES / expected["document"]) as pdf:
        assert len(pdf) == len(expected["pages"]) == 2
        sizes = [tuple(round(side / 72 * 25.4) for side in pdf.get_page_size(number)) for number in range(2)]
    assert sizes == [(210, 297), (210, 297)]
    assert [page["language"] for page in expected["pages"]] == ["korean", "english"]


@pytest.mark.skipif(
    getattr(fonts.hangul_font(), "path", Path()).name != "NanumGothic.ttf", reason="samples are set in NanumGothic"
)
def test_script_renders_the_committed_ground_truth_the_same_way_twice(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        command = [sys.executable, str(ROOT / "scripts/render_samples.py"), "--out", str(tmp_path / folder)]
        subprocess.run(command, check=True)
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name
        if file.suffix == ".json":
            assert file.read_text(encoding="utf-8") == (SAMPLES / file.name).read_text(encoding="utf-8")


def test_script_says_what_to_install_without_a_korean_font(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv.pop(1)); from ml_server import fonts;"
        "fonts.folders = lambda: (Path(sys.argv[2]),); import render_samples; render_samples.main()"
    )
    command = [sys.executable, "-c", program, str(ROOT / "scripts"), "--out", str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "no Korean font" in finished.stderr
    assert fonts.INSTALL in finished.stderr
    assert list(tmp_path.iterdir()) == []
