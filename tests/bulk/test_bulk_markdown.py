"""Pages as Markdown, from where their words are."""

from __future__ import annotations

from ml_server.bulk import markdown
from ml_server.document import Block, Line, OCRPage, Word
from ml_server.geometry import Box, box_to_polygon, make_line


def line(text: str, left: float, top: float, height: float = 20, letter: float = 10) -> Line:
    """A line of text; two bars in it are a wide gap."""
    words, x = [], left
    for part in text.split():
        if part == "||":
            x += 5 * letter
            continue
        words.append(Word(part, 0.9, box_to_polygon((x, top, x + len(part) * letter, top + height))))
        x += (len(part) + 1) * letter
    box: Box = (left, top, x - letter, top + height)
    return make_line(words, 0.9, box_to_polygon(box))


def of(*lines: Line, blocks: tuple[Block, ...] = ()) -> str:
    return markdown.of(OCRPage(lines, 1000, 1400, "english", "mock", "1", blocks=blocks))


def test_larger_lines_are_headings_and_full_lines_a_paragraph() -> None:
    text = of(
        line("A Title", 50, 20, 44, 22),
        line("Chapter", 50, 100, 30, 15),
        line("one two three four five six seven eight nine ten eleven", 50, 160),
        line("twelve thirteen fourteen fifteen sixteen seventeen hyphen-", 50, 185),
        line("ated and the end", 50, 210),
        line("another paragraph", 50, 280),
    )
    assert text.splitlines() == [
        "# A Title", "", "## Chapter", "",
        "one two three four five six seven eight nine ten eleven "
        "twelve thirteen fourteen fifteen sixteen seventeen hyphenated and the end",
        "", "another paragraph",
    ]  # fmt: skip


def test_rows_with_common_columns_are_a_table_however_the_engine_parted_them() -> None:
    text = of(
        line("Item || Price", 50, 100),
        line("Tea", 50, 130),
        line("3.00", 160, 131),
        line("Rice || 4|5", 50, 160),
        line("Thank you", 50, 300),
    )
    assert text.splitlines() == [
        "| Item | Price |", "| --- | --- |", "| Tea | 3.00 |", "| Rice | 4\\|5 |", "", "Thank you",
    ]  # fmt: skip


def test_cells_that_stand_out_a_little_are_no_headings_and_text_after_an_item_is_not_the_items() -> None:
    around = [line("one two three four five six seven", 50, top) for top in (20, 60, 100)]
    for text, shown in (("공개키", "공개키"), ("평문과 암호문,", "평문과 암호문,"), ("패딩 방법", "### 패딩 방법")):
        assert f"\n{shown}\n" in of(*around, line(text, 50, 200, 28), line("one two three four five", 50, 280))
    assert of(line("- one", 50, 100), line("two", 50, 125)).splitlines() == ["- one", "", "two"]


def test_lists_and_signs_that_mean_something_in_markdown() -> None:
    text = of(line("• one", 50, 100), line("• two *", 50, 125), line("# three", 50, 220), line("1.5 litre", 50, 320))
    assert text.splitlines() == ["- one", "- two \\*", "", "\\# three", "", "1.5 litre"]


def test_blocks_of_a_layout_come_first_and_a_blank_page_is_empty() -> None:
    box = box_to_polygon((0, 0, 10, 10))
    blocks = (
        Block("Title", box, "A_title_"),
        Block("Table", box, "<table></table>", "html"),
        Block("Picture", box),
        Block("Formula", box, "a^2", "latex"),
        Block("List-item", box, "one"),
    )
    text = of(line("read", 0, 0), blocks=blocks)
    assert text == "# A_title\\_\n\n<table></table>\n\n$$\na^2\n$$\n\n- one\n"
    assert of() == ""
