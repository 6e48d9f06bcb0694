from __future__ import annotations

import math
from typing import Any

import pytest
from labelling_configs import FORMS, OCR_TEMPLATE, PAGES, POLYGONS, SPLIT

from ml_server.document import Entity, Line, OCRPage, Polygon, Relation, Word
from ml_server.errors import InvalidRequest
from ml_server.geometry import box_to_polygon, order_corners
from ml_server.key_value import KeyValuePage
from ml_server.label_studio.annotated_regions import corners, read_result
from ml_server.label_studio.config import parse
from ml_server.label_studio.existing import existing_pages
from ml_server.label_studio.predictions import of_entities, of_text, prediction
from ml_server.label_studio.shapes import around, value_of


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return box_to_polygon((left, top, right, bottom))


def turned(polygon: Polygon, degrees: float, width: float, height: float) -> Polygon:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved = ((x - width / 2, y - height / 2) for x, y in polygon)
    return order_corners((width / 2 + x * cos - y * sin, height / 2 + x * sin + y * cos) for x, y in moved)


def entity(label: str, text: str, where: Polygon) -> Entity:
    return Entity(label, text, 0.75, where, (Word(text, 0.75, where),))


NAME, VALUE, NOTE = box(20, 10, 60, 30), box(100, 10, 180, 30), box(20, 50, 50, 60)
UNDERSTOOD = KeyValuePage(
    (entity("QUESTION", "Name:", NAME), entity("ANSWER", "Kim", VALUE), entity("TOTAL", "9", NOTE)),
    (Relation(0, 1, 0.5),), (), 200, 100, "english", "mock", "mock 1", "forms 2",
)  # fmt: skip
READ = OCRPage(
    (Line("Name: Kim", 0.5, box(20, 10, 180, 30), (Word("Name:", 0.6, NAME), Word("Kim", 0.4, VALUE))),),
    200, 100, "english", "mock", "mock 1",
)  # fmt: skip


def results(config: str, *pages: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = prediction(parse(config), pages)["result"]
    return found


def test_box_label_and_text_share_an_id_and_are_percent() -> None:
    found = prediction(parse(FORMS), [of_entities(UNDERSTOOD, "forms 2")])
    first, text, *_ = found["result"]
    where = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
    assert first["value"] == where | {"rectanglelabels": ["Question"]}
    assert text["value"] == where | {"text": ["Name:"]}
    assert first["id"] == text["id"]
    assert (first["from_name"], first["to_name"], first["type"]) == ("label", "image", "rectanglelabels")
    assert (text["from_name"], text["type"]) == ("transcription", "textarea")
    assert (first["original_width"], first["original_height"], first["image_rotation"]) == (200, 100, 0)
    assert (first["score"], found["score"], found["model_version"]) == (0.75, 0.75, "forms 2")
    assert "item_index" not in first


def test_a_relation_points_from_the_question_to_the_answer() -> None:
    *_, relation = found = results(FORMS, of_entities(UNDERSTOOD, "forms 2"))
    names = {item["value"]["text"][0]: item["id"] for item in found if item["type"] == "textarea"}
    assert relation == {
        "type": "relation", "from_id": names["Name:"], "to_id": names["Kim"], "direction": "right",
        "labels": ["answers"],
    }  # fmt: skip


def test_split_tags_give_a_result_each() -> None:
    found = results(SPLIT, of_entities(UNDERSTOOD, "forms 2"))
    assert [item["type"] for item in found[:3]] == ["rectangle", "labels", "textarea"]
    assert len({item["id"] for item in found[:3]}) == 1
    assert found[1]["value"]["labels"] == ["Question"]
    assert found[1]["value"].keys() >= {"x", "y", "width", "height"}


def test_what_the_config_has_no_label_for_is_text_or_nothing() -> None:
    def given(config: str, kind: str) -> list[Any]:
        return [
            item["value"][kind] for item in results(config, of_entities(UNDERSTOOD, "forms 2")) if item["type"] == kind
        ]

    assert given(FORMS, "rectanglelabels") == [["Question"], ["Answer"], []]
    assert given(POLYGONS, "polygonlabels") == [["Question"], ["Answer"]]


def test_polygons_have_points() -> None:
    first = results(POLYGONS, of_entities(UNDERSTOOD, "forms 2"))[0]
    assert first["value"]["points"] == [[10, 10], [30, 10], [30, 30], [10, 30]]
    assert first["type"] == "polygonlabels"


def test_text_alone_by_line_or_by_word() -> None:
    lines = results(OCR_TEMPLATE, of_text(READ, "line", "mock 1"))
    assert [item["type"] for item in lines] == ["rectangle", "labels", "textarea"]
    assert lines[1]["value"]["labels"] == ["Text"]
    assert lines[2]["value"]["text"] == ["Name: Kim"]
    words = results(OCR_TEMPLATE, of_text(READ, "word", "mock 1"))
    assert [item["value"]["text"] for item in words if item["type"] == "textarea"] == [["Name:"], ["Kim"]]
    assert prediction(parse(OCR_TEMPLATE), [of_text(READ, "line", "v 7")])["model_version"] == "v 7"


def test_pages_carry_their_position() -> None:
    found = results(PAGES, of_entities(UNDERSTOOD, "forms 2"), of_entities(UNDERSTOOD, "forms 2"))
    assert [item["item_index"] for item in found if item["type"] == "rectanglelabels"] == [0, 0, 0, 1, 1, 1]
    regions, relations = read_result(found, "transcription")
    assert len({region.id for region in regions}) == 6
    assert len(relations) == 2


def test_a_blank_page_is_an_empty_prediction() -> None:
    blank = OCRPage((), 200, 100, "english", "mock", "mock 1")
    assert prediction(parse(FORMS), [of_text(blank, "line", "m")]) == {"result": [], "score": 0.0, "model_version": "m"}


@pytest.mark.parametrize("degrees", [-40, -7, 5, 30])
def test_a_turned_box_comes_back_as_it_was(degrees: float) -> None:
    tilted = turned(box(300, 400, 600, 430), degrees, 1000, 800)
    value = value_of(tilted, "rectangle", 1000, 800)
    assert value["rotation"] == pytest.approx(degrees % 360, abs=0.01)
    item = {"id": "a", "type": "rectangle", "to_name": "image", "value": value}
    back = corners(read_result([item], "")[0][0], 1000, 800)
    assert [list(corner) for corner in order_corners(back)] == [pytest.approx(corner, abs=0.02) for corner in tilted]


def test_a_box_is_upright_where_it_hardly_sinks_and_stays_on_the_page() -> None:
    assert value_of(turned(box(480, 390, 520, 410), 3, 1000, 800), "rectangle", 1000, 800)["rotation"] == 0
    outside = value_of(((-50.0, -5.0), (1100.0, 200.0), (1090.0, 260.0), (-60.0, 50.0)), "rectangle", 1000, 800)
    assert outside == {"x": 0, "y": 0, "width": 100, "height": 32.5, "rotation": 0}


def test_words_of_a_turned_line_get_one_turned_box() -> None:
    line = [box(300, 400, 380, 420), box(390, 400, 470, 420), box(480, 400, 600, 420)]
    words = [Word("w", 1.0, turned(each, 8, 1000, 800)) for each in line]
    whole = turned(box(300, 400, 600, 420), 8, 1000, 800)
    assert [list(corner) for corner in around(words)] == [pytest.approx(corner, abs=0.01) for corner in whole]


def test_regions_that_are_there_keep_their_ids_and_get_labels() -> None:
    drawn = results(OCR_TEMPLATE, of_text(READ, "word", "mock 1"))
    older = [
        {**item, "value": item["value"] | ({"text": ["old"]} if "text" in item["value"] else {})} for item in drawn
    ]
    task = {
        "id": 1,
        "annotations": [
            {"result": older, "updated_at": "2026-01-01"},
            {"result": drawn, "updated_at": "2026-02-01"},
            {"result": older, "updated_at": "2026-03-01", "was_cancelled": True},
        ],
        "predictions": [{"result": older, "created_at": "2026-04-01"}],
    }
    (existing,) = existing_pages(task, parse(OCR_TEMPLATE), "english", 1)
    assert [word.text for line in existing.page.lines for word in line.words] == ["Name:", "Kim"]
    assert (existing.page.width, existing.page.height) == (200, 100)
    words = [line.words for line in existing.page.lines]
    entities = (
        Entity("QUESTION", "Name:", 0.9, NAME, words[0]), Entity("ANSWER", "Kim", 0.8, VALUE, words[1]),
    )  # fmt: skip
    found = existing.labelled(KeyValuePage(entities, (Relation(0, 1, 1.0),), (), 200, 100, "", "", "", "forms 2"))
    assert [(region.label, region.text, region.score) for region in found.regions] == [
        ("QUESTION", "Name:", 0.9), ("ANSWER", "Kim", 0.8),
    ]  # fmt: skip
    assert [region.id for region in found.regions] == [item["id"] for item in drawn if item["type"] == "textarea"]
    assert found.links == ((0, 1),)


def test_a_task_without_transcribed_regions_says_so() -> None:
    boxes = [item for item in results(FORMS, of_entities(UNDERSTOOD, "forms 2")) if item["type"] != "textarea"]
    with pytest.raises(InvalidRequest, match="task 3 has no regions with text"):
        existing_pages({"id": 3, "predictions": [{"result": boxes}]}, parse(FORMS), "english", 1)


def test_a_transcription_keeps_its_printed_lines_and_is_no_comment_nor_of_another_image() -> None:
    drawn = results(OCR_TEMPLATE, of_text(READ, "line", "mock 1"))
    lines = ["Name:\nKim  Minsu"]
    for item in drawn:
        if item["type"] == "textarea":
            item["value"]["text"] = lines
    comment = {**drawn[-1], "from_name": "comment", "value": drawn[-1]["value"] | {"text": ["is this right?"]}}
    back = [{**item, "id": "back", "to_name": "back", "original_width": 10, "original_height": 10} for item in drawn]
    task = {"id": 1, "annotations": [{"result": [*drawn, comment, *back], "updated_at": "2026-01-01"}]}
    (existing,) = existing_pages(task, parse(OCR_TEMPLATE), "english", 1)
    (line,) = existing.page.lines
    assert (line.text, [word.text for word in line.words]) == ("Name: Kim Minsu", ["Name:", "Kim", "Minsu"])
    assert (existing.page.width, existing.page.height) == (200, 100)
    found = existing.labelled(KeyValuePage((), (), (), 200, 100, "", "", "", "forms 2"))
    again = [item for item in results(OCR_TEMPLATE, found) if item["type"] == "textarea"]
    assert [item["value"]["text"] for item in again] == [["Name:\nKim Minsu"]]
