"""Tables with printed lines: the lines of a picture, the cells they make, and what stands in them."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ml_server.bulk import markdown
from ml_server.bulk.grids import Grid, GridCell, grids_of
from ml_server.bulk.page_worker import PagePool
from ml_server.bulk.rules import rules_of
from ml_server.document import Block, Line, OCRPage, Page, Word
from ml_server.geometry import box_to_polygon, make_line
from ml_server.settings import Settings

SIZE = (1000, 1400)
XS, YS = (100, 280, 620, 900), (200, 260, 340, 420, 500)


class Sheet:
    """A page that is drawn, and what an engine would read on it."""

    def __init__(self, noise: int = 0) -> None:
        grain = np.random.default_rng(5).integers(0, noise + 1, (SIZE[1], SIZE[0], 1), dtype=np.uint8)
        self.image = Image.fromarray(np.repeat(255 - grain, 3, axis=2))
        self.brush = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []
        self._font = ImageFont.load_default(20)

    def write(self, *texts: tuple[str, int, int]) -> None:
        """One line of the engine, of texts at left, top: in several cells where it took them together."""
        words = []
        for text, left, top in texts:
            self.brush.text((left, top), text, fill=(20, 20, 20), font=self._font)
            for part in text.split():
                wide = self._font.getlength(part)
                words.append(Word(part, 0.9, box_to_polygon((left, top, left + wide, top + 22))))
                left += round(wide + 6)
        bottom = max(word.bbox[2][1] for word in words)
        box = (words[0].bbox[0][0], words[0].bbox[0][1], words[-1].bbox[2][0], bottom)
        self.lines.append(make_line(words, 0.9, box_to_polygon(box)))

    def rule(self, *ends: float, colour: str = "black", width: int = 2) -> None:
        self.brush.line(ends, fill=colour, width=width)

    def grids(self) -> list[Grid]:
        return grids_of(*rules_of(Page(np.asarray(self.image))), max(SIZE))

    def markdown(self) -> str:
        return markdown.of(OCRPage(tuple(self.lines), *SIZE, "korean", "mock", "1"), None, self.grids())


def government_table(sheet: Sheet) -> None:
    """Pale lines, no outer sides, a shaded head, and a first cell that reaches over two rows."""
    sheet.brush.rectangle((XS[0], YS[0], XS[-1], YS[1]), fill=(235, 236, 238))
    for y in YS:
        sheet.rule(XS[0] if y != YS[2] else XS[1], y, XS[-1], y, colour="#c8ccd0")
    for x in XS[1:-1]:
        sheet.rule(x, YS[0], x, YS[-1], colour="#c8ccd0")
    sheet.write(("Before the table", 100, 120))
    sheet.write(("Group", 150, 218), ("Function", 400, 218), ("Output", 720, 218))
    # Cells of two lines beside one in their middle: what a reader by rows alone tears apart.
    sheet.write(("encrypt();", 300, 288))
    sheet.write(("cipher text, and the", 640, 272))
    sheet.write(("error code", 640, 302))
    sheet.write(("Public key", 130, 328))
    sheet.write(("decrypt();", 300, 368), ("plain text", 640, 356))
    sheet.write(("error <code>", 640, 386))
    sheet.write(("Sum", 130, 448), ("two | three", 300, 448))
    sheet.write(("After the table", 100, 560))


@pytest.mark.parametrize("noise", [0, 9])
def test_a_ruled_table_keeps_its_cells_however_many_lines_they_have(noise: int) -> None:
    sheet = Sheet(noise)
    government_table(sheet)
    assert sheet.markdown().splitlines() == [
        "Before the table",
        "",
        "<table>",
        "<tr><th>Group</th><th>Function</th><th>Output</th></tr>",
        '<tr><td rowspan="2">Public key</td><td>encrypt();</td><td>cipher text, and the<br>error code</td></tr>',
        "<tr><td>decrypt();</td><td>plain text<br>error &lt;code&gt;</td></tr>",
        "<tr><td>Sum</td><td>two | three</td><td></td></tr>",
        "</table>",
        "",
        "After the table",
    ]


def test_a_table_whose_cells_reach_over_none_is_one_of_markdown_and_lines_of_a_cell_go_on() -> None:
    sheet = Sheet()
    for y in (100, 150, 240, 300):
        sheet.rule(100, y, 900, y)
    for x in (100, 300, 900):
        sheet.rule(x, 100, x, 300)
    sheet.write(("Part", 120, 115), ("What it says", 320, 115))
    sheet.write(("A long entry that fills the width its cell has and so goes on in a", 320, 160))
    sheet.write(("Access", 120, 185))
    sheet.write(("second line", 320, 200))
    sheet.write(("Lists", 120, 260), ("1. one|two", 320, 246))
    sheet.write(("2. three", 320, 274))
    assert sheet.markdown().splitlines() == [
        "| Part | What it says |",
        "| --- | --- |",
        "| Access | A long entry that fills the width its cell has and so goes on in a second line |",
        "| Lists | 1. one\\|two<br>2. three |",
    ]


def test_a_row_that_one_cell_fills_parts_two_tables_and_is_text_of_the_page() -> None:
    sheet = Sheet()
    ys = (100, 150, 200, 300, 350, 400)
    for y in ys:
        sheet.rule(100, y, 900, y)
    for x in (100, 900):
        sheet.rule(x, 100, x, 400)
    for top, low in ((100, 200), (300, 400)):
        sheet.rule(500, top, 500, low)
    assert [(round(grid.ys[0], -1), round(grid.ys[-1], -1)) for grid in sheet.grids()] == [(100, 200), (300, 400)]
    for top, _ in pairwise(ys):
        sheet.write((f"left {top}", 120, top + 14), (f"right {top}", 520, top + 14))
    text = sheet.markdown()
    assert text.count("| --- | --- |") == 2
    assert "\n\nleft 200 right 200\n\n" in text


def test_lines_that_are_no_table_make_none() -> None:
    form = Sheet()
    for top in range(200, 500, 60):  # blanks to fill in
        form.write(("Name of the company", 100, top))
        form.rule(350, top + 24, 900, top + 24)
    assert form.grids() == []
    boxes = Sheet()
    for left in (100, 130, 160):  # boxes to tick
        boxes.rule(left, 100, left, 130)
    for top in (100, 115, 130):
        boxes.rule(100, top, 160, top)
    boxes.write(("Approved by the manager", 60, 104))
    assert boxes.markdown() == "Approved by the manager\n"
    through = Sheet()  # words that run across the lines: a picture's, or a stamp's
    for y in (100, 140, 180):
        through.rule(100, y, 700, y)
    for x in (100, 330, 390, 470, 700):
        through.rule(x, 100, x, 180)
    for top in (108, 148):
        through.write(("Neither columns nor any rows divide international understanding of what is meant", 40, top))
    assert "|" not in through.markdown()


def test_cells_that_make_no_rectangles_are_no_grid() -> None:
    sheet = Sheet()
    for ends in ((100, 100, 500, 100), (100, 300, 500, 300), (100, 100, 100, 300), (500, 100, 500, 300)):
        sheet.rule(*ends)
    sheet.rule(300, 100, 300, 200)
    sheet.rule(300, 200, 500, 200)  # its left cell is an angle
    assert sheet.grids() == []


def test_a_grid_says_which_cells_reach_over_several() -> None:
    sheet = Sheet()
    government_table(sheet)
    (grid,) = sheet.grids()
    assert grid.xs == pytest.approx(XS, abs=2)
    assert grid.ys == pytest.approx(YS, abs=2)
    assert grid.cells[3:5] == (GridCell(1, 0, rows=2), GridCell(1, 1))
    assert len(grid.cells) == 11


def test_large_pages_and_tiny_ones_are_looked_at_likewise() -> None:
    sheet = Sheet()
    government_table(sheet)
    (grid,) = sheet.grids()
    large = sheet.image.resize((SIZE[0] * 4, SIZE[1] * 4))
    (found,) = grids_of(*rules_of(Page(np.asarray(large))), 4 * max(SIZE))
    assert found.xs == pytest.approx([4 * x for x in grid.xs], abs=12)
    assert found.cells == grid.cells
    assert rules_of(Page(np.zeros((1, 3, 3), dtype=np.uint8))) == ([], [])


def test_a_runs_pages_are_looked_at_unless_the_engine_wrote_their_tables() -> None:
    sheet = Sheet()
    government_table(sheet)
    file = io.BytesIO()
    sheet.image.save(file, "PNG")
    page = OCRPage(tuple(sheet.lines), *SIZE, "korean", "mock", "1")
    written = replace(page, blocks=(Block("Table", sheet.lines[0].bbox, "<table></table>", "html"),))

    async def looked() -> list[tuple[Grid, ...]]:
        pool = PagePool(Settings(), inline=True)
        try:
            return [await pool.grids(file.getvalue(), each) for each in (page, written, replace(page, lines=()))]
        finally:
            await pool.close()

    found, *others = asyncio.run(looked())
    assert list(found) == sheet.grids()
    assert others == [(), ()]
