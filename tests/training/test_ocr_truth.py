"""Folders with ground truth in every layout that is known, and what is said of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_forms import second, write_folder

from ml_server.errors import InvalidRequest
from ml_server.training.ocr_truth import TruthPage, read_truth


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (300, 120), "white").save(path)
    return path


def annotate(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_funsd(tmp_path: Path) -> None:
    first, other = read_truth(write_folder(tmp_path / "forms"))
    assert (first.name, first.image, first.size, first.cased) == (
        "a", tmp_path / "forms" / "images" / "a.png", (300, 120), True
    )  # fmt: skip
    assert first.words == ("Loan", "Form", "Name:", "Kim", "Minsu", "Director", "Sum:", "100", "page", "1")
    assert first.lines[2] == ("Kim Minsu", (80.0, 30.0, 190.0, 42.0))
    assert first.text == "Loan Form\nName:\nKim Minsu\nDirector\nSum:\n100\npage 1"
    assert (other.text, other.size) == ("날짜:\n2024", (640, 480))


def test_forms_as_jsonl(tmp_path: Path) -> None:
    file = annotate(tmp_path / "set.jsonl", {**second(), "name": "b"})
    picture(tmp_path / "images" / "b.png")
    expected = ["b"]
    assert [page.name for page in read_truth(tmp_path)] == expected
    assert [page.name for page in read_truth(file)] == expected


@pytest.mark.parametrize(("images", "ending"), [("img", "csv"), ("images", "txt")])
def test_sroie(tmp_path: Path, images: str, ending: str) -> None:
    image = picture(tmp_path / images / "019.jpg")
    rows = "10,40,90,40,90,60,10,60,TOTAL, RM\n\n10,12,90,10,90,30,10,30,SHOP  ONE\n100,41,150,41,150,61,100,61,5.00\n"
    annotate(tmp_path / "box" / f"019.{ending}", rows)
    assert read_truth(tmp_path) == [
        TruthPage(
            name="019",
            image=image,
            words=("TOTAL,", "RM", "SHOP", "ONE", "5.00"),
            lines=(
                ("SHOP  ONE", (10.0, 10.0, 90.0, 30.0)),
                ("TOTAL, RM", (10.0, 40.0, 90.0, 60.0)),
                ("5.00", (100.0, 41.0, 150.0, 61.0)),
            ),
            text="SHOP  ONE\nTOTAL, RM\n5.00",
            cased=False,
        )
    ]


def test_letters_of_other_encodings_cost_no_page(tmp_path: Path) -> None:
    picture(tmp_path / "img" / "1.jpg")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "1.csv").write_bytes(b"1,1,9,1,9,5,1,5,CAF\xc9 1\n")
    assert read_truth(tmp_path)[0].words == ("CAF\ufffd", "1")


def test_lines_with_corners_beside_the_picture(tmp_path: Path) -> None:
    lines = [
        {"text": "합계 100", "bbox": [[10, 50], [90, 50], [90, 70], [10, 70]]},
        {"text": " ", "bbox": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        {"text": "청구서", "bbox": [[10, 10], [90, 10], [90, 30], [10, 30]]},
    ]
    picture(tmp_path / "a.png")
    annotate(tmp_path / "a.json", {"lines": lines, "width": 600, "height": 240})
    (page,) = read_truth(tmp_path)
    assert page.words == ("합계", "100", "청구서")
    assert page.lines == (("청구서", (10.0, 10.0, 90.0, 30.0)), ("합계 100", (10.0, 50.0, 90.0, 70.0)))
    assert (page.text, page.size, page.image) == ("청구서\n합계 100", (600, 240), tmp_path / "a.png")


def test_words_and_lines_with_boxes_and_a_picture_by_name(tmp_path: Path) -> None:
    words = [{"text": "번호", "box": [60.5, 10, 90, 30]}, {"text": "등록", "box": [10, 10, 50, 30]}]
    picture(tmp_path / "scan.png")
    annotate(tmp_path / "a.json", {"image": "scan.png", "words": words})
    (page,) = read_truth(tmp_path)
    assert (page.words, page.lines, page.text) == (("번호", "등록"), (), "등록\n번호")
    annotate(
        tmp_path / "a.json",
        {"image": "scan.png", "words": words, "lines": [{"text": "등록 번호", "box": [10, 10, 90, 30]}]},
    )
    (page,) = read_truth(tmp_path)
    assert (page.words, page.text) == (("번호", "등록"), "등록 번호")
    assert page.lines == (("등록 번호", (10.0, 10.0, 90.0, 30.0)),)


def test_without_boxes_the_files_order_stands(tmp_path: Path) -> None:
    picture(tmp_path / "a.PNG")
    annotate(tmp_path / "a.json", {"words": [{"text": "둘"}, {"text": "하나", "box": [0, 0, 5, 5]}]})
    (page,) = read_truth(tmp_path)
    assert (page.words, page.text, page.lines) == (("둘", "하나"), "둘\n하나", ())


def test_other_json_is_passed_over(tmp_path: Path) -> None:
    annotate(tmp_path / "package.json", {"name": "x"})
    annotate(tmp_path / "list.json", [1])
    picture(tmp_path / "a.png")
    annotate(tmp_path / "a.json", {"words": [{"text": "x"}]})
    assert [page.name for page in read_truth(tmp_path)] == ["a"]


def test_our_own_samples(samples: Path) -> None:
    pages = {page.name: page for page in read_truth(samples)}
    assert set(pages) == {"invoice_english", "invoice_korean"}
    assert pages["invoice_korean"].text.startswith("주식회사 솔빛상사")
    assert pages["invoice_korean"].image.is_file()


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "known layouts: FUNSD"),
        ({"other.json": {"pages": []}}, "known layouts: FUNSD"),
        ({"box/readme.md": ""}, "known layouts: FUNSD"),
        ({"a.json": "{"}, "a.json: damaged JSON"),
        ({"a.json": {"lines": [{"text": "x"}]}}, "no picture a beside it"),
        ({"a.json": {"image": "b.png", "lines": []}}, "no picture b.png beside it"),
        ({"a.json": {"lines": [{"bbox": []}]}}, "a.json: 'text' is missing"),
        ({"a.json": {"lines": [{"text": "x", "box": [1, 2]}]}}, "a.json: a box of 2 numbers"),
        ({"a.json": {"lines": [{"text": "x", "box": [1, 2, 3, float("inf")]}]}}, "a.json: a box of [1, 2, 3, inf]"),
        ({"a.json": {"lines": ["x"]}}, "a.json: "),
        ({"box/1.csv": "1,1,2,1,2,2,1,2,x"}, "no picture 1 in img/ or images/"),
        ({"box/2.csv": "1,1,2,1,2,2,1,2,x\n1,2,x", "img/2.jpg": None}, "2.csv:2: x1,y1,"),
        ({"box/2.csv": "1,1,2,1,2,two,1,2,x", "img/2.jpg": None}, "2.csv:1: x1,y1,"),
        ({"annotations/b.json": second()}, "b: no picture of it in images/"),
        ({"a.json": {"words": [{"text": "x"}], "width": 0, "height": 5}, "a.png": None}, "a page of 0 x 5 pixels"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(tmp_path: Path, files: dict[str, Any], text: str) -> None:
    for name, value in files.items():
        (picture if value is None else annotate)(*((tmp_path / name,) if value is None else (tmp_path / name, value)))
    with pytest.raises(InvalidRequest) as caught:
        read_truth(tmp_path)
    assert text in caught.value.message
