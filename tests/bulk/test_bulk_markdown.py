"""Pages as Markdown, from where their words are."""

from __future__ import annotations

import json
from pathlib import Path

from ml_server.bulk import markdown
from ml_server.document import Block, Line, OCRPage, Word
from ml_server.geometry import Box, box_to_polygon, make_line, order_corners, polygon_to_box, reading_order

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def line(text: str, left: float, top: float, height: float = 20, letter: float = 10) -> Line:
    """A line of text; two bars in it are a wide gap, one is a gap that is a little wide."""
    words, x = [], left
    for part in text.split():
        if part in ("|", "||"):
            x += 5 * letter if part == "||" else 2 * letter
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
        assert f"\n{shown}\n" in of(*around, line(text, 50, 200, 28, 22), line("one two three four five", 50, 280))
    too_high = line("공개키 파라미터", 50, 200, 40, 20)  # its letters are no wider than the others
    assert "\n공개키 파라미터\n" in of(*around, too_high, line("one two three four five", 50, 280))
    assert of(line("- one", 50, 100), line("two", 50, 125)).splitlines() == ["- one", "", "two"]


def test_lines_of_a_title_are_one_heading_and_large_prose_is_none() -> None:
    below = [line("one two three four five six seven eight nine ten", 50, top) for top in (260, 285, 310)]
    title = [line("Popular Book", 60, 20, 44, 22), line("Company Ltd", 80, 70, 42, 21)]
    assert of(*title, line("Chapter", 50, 180, 30, 15), *below).startswith("# Popular Book Company Ltd\n\n## Chapter\n")
    large = [
        line("a sentence that is set in letters", 50, 20, 44, 22),
        line("as large and goes on and on and on", 50, 70, 44, 22),
    ]
    assert of(*large, *below).startswith("a sentence that is set in letters as large and goes on")


def test_lines_go_on_where_the_next_word_had_no_room_and_stay_apart_where_they_are_centred() -> None:
    address = ("No 8 Jalan Tun Razak", "56000 Kuala Lumpur in Malaysia", "AEON SHAH ALAM")
    centred = [line(text, 300 - 5 * len(text), 100 + 25 * row) for row, text in enumerate(address)]
    assert of(*centred).splitlines() == [f"{address[0]}  ", f"{address[1]}  ", address[2]]
    prose = [line("첫째 줄은 폭을 다 채우고", 50, 100, 20, 18), line("않는다. 다음 줄에서 이어진다", 50, 125, 20, 18)]
    assert of(*prose) == "첫째 줄은 폭을 다 채우고 않는다. 다음 줄에서 이어진다\n"
    items = [line("(1) the first item fills its line", 50, 100), line("(2) the second one does", 50, 125)]
    assert of(*items).splitlines() == ["(1) the first item fills its line  ", "(2) the second one does"]


def sample(name: str) -> OCRPage:
    """An invoice as it is printed, a line for each run of text, in the order an engine would give them."""
    truth = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    lines = []
    for item in truth["lines"]:
        left, top, right, bottom = polygon_to_box(order_corners(item["bbox"]))
        letter, words = (right - left) / len(item["text"]), []
        for part in item["text"].split():
            words.append(Word(part, 0.9, box_to_polygon((left, top, left + letter * len(part), bottom))))
            left += letter * (len(part) + 1)
        lines.append(make_line(words, 0.9, order_corners(item["bbox"])))
    ordered = reading_order(lines, [polygon_to_box(each.bbox) for each in lines])
    return OCRPage(tuple(ordered), truth["width"], truth["height"], "korean", "mock", "1")


def test_an_invoices_items_are_one_table_apart_from_what_stands_above_it() -> None:
    text = markdown.of(sample("invoice_korean"))
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    dates, parties, items = tables[:3]
    assert dates[0] == "| 청구번호 | 발행일 | 납기일 | 담당자 |"
    assert parties[0].startswith("| 등록번호 | 325-81-04417 | 등록번호 | 614-22-90358 |")
    assert len(parties) == 2 + 6
    assert items[0] == "| 번호 | 품목 | 규격 | 수량 | 단가 | 공급가액 | 세액 |"
    assert items[2] == "| 1 | 복사용지 A4 | 80g, 2,500매 | 20 | 23,500 | 470,000 | 47,000 |"
    assert len(items) == 2 + 8
    assert all(row.count(" |") == 7 and "|  |" not in row for row in items)
    assert "\n위와 같이 청구합니다. 납기일까지" in text


def test_two_tables_side_by_side_whose_rows_are_not_level_stay_two() -> None:
    account, total = markdown.of(sample("invoice_korean")).split("\n\n입금 안내\n\n")[1].split("\n\n")[:2]
    assert account.splitlines() == [
        "| 입금 은행 | 가온은행 |", "| --- | --- |", "| 계좌번호 | 110-382-904417 |", "| 예금주 | 주식회사 솔빛상사 |",
    ]  # fmt: skip
    assert total.splitlines() == [
        "| 공급가액 | 2,414,000원 |", "| --- | --- |", "| 부가가치세 (10%) | 241,400원 |",
        "| 합계 금액 | 2,655,400원 |",
    ]  # fmt: skip
    below = markdown.of(sample("invoice_english")).split("\n\nPayment\n\n")[1]
    bank, number, iban, total, due = below.split("\n\n")[:5]
    assert bank.splitlines() == ["| Bank | Harrow Vale Bank |", "| --- | --- |", "| Sort code | 00-00-41 |"]
    assert [number, iban] == ["Account number 00417831", "IBAN GB00 HVBK 0000 4100 4178 31"]
    assert total.splitlines() == ["| Subtotal | GBP 1,997.70 |", "| --- | --- |", "| VAT (20%) | GBP 399.54 |"]
    assert due == "Total due GBP 2,397.24"


def test_a_table_whose_cells_are_empty_on_one_side_and_the_other_stays_one() -> None:
    rows = [("Name", "Room", "Date", "Sum"), ("Kim", "B1", "", ""), ("", "", "1 May", "20"), ("Lee", "B2", "", ""),
            ("", "", "2 May", "35"), ("Cho", "B3", "3 May", "15")]  # fmt: skip
    places = ((at, n) for at in range(len(rows)) for n in range(4))
    cells = [line(rows[at][n], 50 + 150 * n, 100 + 30 * at) for at, n in places if rows[at][n]]
    (table,) = of(*cells).strip().split("\n\n")
    assert [row.count("|") for row in table.splitlines()] == [5] * (1 + len(rows))


def test_a_cells_further_lines_are_in_it_and_a_gap_too_narrow_for_a_column_is_one_where_others_have_it() -> None:
    text = of(
        *(line(text, left, 100) for text, left in (("Supplier", 50), ("Remarks", 180), ("Cost", 500))),
        line("Kapuler | quick and in the usual good || 70", 68, 130),
        line("quality of last year", 180, 152),
        *(line(text, left, 190) for text, left in (("Market", 50), ("none", 180), ("112", 500))),
    )
    assert text.splitlines() == [
        "| Supplier | Remarks | Cost |", "| --- | --- | --- |",
        "| Kapuler | quick and in the usual good quality of last year | 70 |", "| Market | none | 112 |",
    ]  # fmt: skip


def test_rows_that_are_no_certain_grid_are_lines() -> None:
    ragged = [line("Date || 10/9/87", 50, 100), line("one || two || three || four", 90, 130), line("x || y", 400, 160)]
    assert "|" not in of(*ragged)
    # Which cell the first line belongs to is unknown, as the second column's are set about the first's middle.
    middled = [line("암호모듈은 단일 운영자만", 200, 100), line("단일 || 사용하도록 설치된다", 50, 122)]
    middled += [line("접근 || 막는다", 50, 180), line("간섭 || 없다", 50, 240)]
    assert not of(*middled).startswith("암호모듈은 단일 운영자만\n\n| 단일")


def test_columns_of_prose_are_read_one_after_the_other_and_those_of_a_table_row_by_row() -> None:
    column = [f"line {n} of a column of prose that is long" for n in range(6)]
    left = [line(text, 50, 100 + 26 * row) for row, text in enumerate(column)]
    right = [line(text.replace("line", "other"), 560, 108 + 26 * row) for row, text in enumerate(column)]
    text = of(*left, *right)
    assert text.index("line 5") < text.index("other 0")
    names = [line(text, 50, 100 + 21 * row) for row, text in enumerate(("Tea", "Rice", "Salt", "Milk"))]
    prices = [line(f"{row}.50", 300, 104 + 21 * row) for row in range(4)]
    table = of(*names, *prices)
    assert [row for row in table.splitlines() if "---" not in row] == [
        "| Tea | 0.50 |", "| Rice | 1.50 |", "| Salt | 2.50 |", "| Milk | 3.50 |",
    ]  # fmt: skip


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


def test_blocks_of_a_layout_model_have_the_tables_of_their_lines_and_a_pictures_text_is_not_lost() -> None:
    lines = [line("A heading", 50, 40, 30, 15), line("Item || Price", 50, 100), line("Tea", 50, 130)]
    lines += [line("3.00", 160, 131), line("on a sign", 50, 300)]
    box = box_to_polygon((0, 0, 10, 10))
    blocks = (
        Block("Title", box, "A heading", confidence=0.9),
        Block("Table", box, "Item Price\nTea\n3.00", confidence=0.8),
        Block("Picture", box, "on a sign", confidence=0.7),
        Block("Picture", box, confidence=0.7),
    )
    assert of(*lines, blocks=blocks).splitlines() == [
        "# A heading", "", "| Item | Price |", "| --- | --- |", "| Tea | 3.00 |", "", "on a sign",
    ]  # fmt: skip
