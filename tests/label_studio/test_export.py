"""Annotations → FUNSD documents, from what Label Studio's API gives."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from exporting import HEIGHT, KEY, VALUE, WIDTH, annotation, causes, exported, link, region, run, studio_with
from pages import png
from PIL import Image

from ml_server.errors import InvalidRequest
from ml_server.label_studio import config
from ml_server.label_studio.export import ExportReport, chosen
from ml_server.label_studio.exported_pictures import picture_file
from ml_server.label_studio.funsd import meanings_of
from ml_server.label_studio.which import Which
from ml_server.label_studio.word_boxes import place_words
from ml_server.training.forms import read_forms


async def test_boxes_text_labels_and_relations_arrive(tmp_path: Path) -> None:
    result = [*region("v", VALUE, "ANSWER", ["2026 01"]), *region("k", KEY, "질문", "날짜"), link("v", "k")]
    report = await run(studio_with(result), tmp_path)
    form = exported(tmp_path)
    assert report == ExportReport(written=1)
    assert [(each.label, each.text, each.box) for each in form.entities] == [
        ("QUESTION", "날짜", (20.0, 10.0, 60.0, 20.0)), ("ANSWER", "2026 01", (100.0, 10.0, 160.0, 20.0)),
    ]  # fmt: skip
    assert [word.text for word in form.entities[1].words] == ["2026", "01"]
    assert form.links == ((0, 1),), "from the question to its answer, whichever was clicked first"
    assert (form.width, form.height, form.image) == (WIDTH, HEIGHT, tmp_path / "images" / "task-1.png")


async def test_turned_boxes_and_polygons_are_where_they_were_drawn(tmp_path: Path) -> None:
    upright = {"x": 50, "y": 50, "width": 20, "height": 10, "rotation": 90}
    slanted = {"points": [[10, 10], [30, 10], [30, 30], [20, 40], [10, 30]]}
    await run(studio_with([*region("t", upright, "ANSWER", "90"), *region("p", slanted, "ANSWER", "five")]), tmp_path)
    assert {each.text: each.box for each in exported(tmp_path).entities} == {
        "90": (90.0, 50.0, 100.0, 90.0),  # 40 pixels of text downwards from (100, 50), 10 to its left
        "five": (20.0, 10.0, 60.0, 40.0),
    }


async def test_what_cannot_be_converted_is_listed_with_its_cause(tmp_path: Path) -> None:
    ellipse = {"x": 50, "y": 50, "radiusX": 5, "radiusY": 5}
    result = [
        *region("good", KEY, "QUESTION", "key"),
        *region("silent", VALUE, "ANSWER"),
        *region("strange", VALUE, "Stamp", "seal"),
        *region("flat", {**VALUE, "height": 0}, "ANSWER", "flat"),
        *region("outside", {**VALUE, "x": 120}, "ANSWER", "outside"),
        *region("round", ellipse, "ANSWER", "round"),
        *region("turned", VALUE, "ANSWER", "turned", image_rotation=90),
        link("good", "silent"), link("good", "good"),
    ]  # fmt: skip
    report = await run(studio_with(result), tmp_path)
    assert [each.text for each in exported(tmp_path).entities] == ["key"]
    found = "\n".join(causes(tmp_path))
    for cause in ("no transcription", "label Stamp", "less than a pixel", "outside of the picture", "kind ellipse",
                  "turned by 90", "silent is not on this page or could not", "with itself"):  # fmt: skip
        assert cause in found
    assert report.not_converted == 8


async def test_cancelled_annotations_are_left_out_and_the_best_is_taken(tmp_path: Path) -> None:
    studio = studio_with([], region("b", KEY, "QUESTION", "only"))
    studio.tasks[1]["annotations"] = [annotation(region("a", KEY, "QUESTION", "skipped"), was_cancelled=True)]
    report = await run(studio, tmp_path)
    assert (report.written, report.left_out) == (1, 1)
    assert exported(tmp_path).name == "task-2"
    several = [annotation([], 1, ground_truth=True), annotation([], 2), annotation([], 3, was_cancelled=True)]
    assert [(chosen(several, which) or {}).get("id") for which in Which] == [1, 2, 1]
    assert chosen(several[1:], Which.ground_truth) is None


async def test_it_is_repeated_for_what_changed_only(tmp_path: Path) -> None:
    studio = studio_with(*(region("a", KEY, "QUESTION", f"key {number}") for number in (1, 2, 3)))
    await run(studio, tmp_path)
    (tmp_path / "annotations" / "task-2.json").write_text("{ half a fi")  # as no version of ours leaves it
    (tmp_path / "annotations" / "theirs.json").write_text('{"form": [], "width": 1, "height": 1}')
    studio.tasks[1]["annotations"] = [annotation(region("a", KEY, "QUESTION", "corrected"), 9)]
    del studio.tasks[3]
    pictures: list[int] = []
    report = await run(studio, tmp_path, pictures)
    assert (report.written, report.unchanged, report.removed, sorted(pictures)) == (2, 0, 1, [1, 2])
    assert [form.name for form in read_forms(tmp_path)] == ["task-1", "task-2", "theirs"]
    assert await run(studio, tmp_path) == ExportReport(unchanged=2)


async def test_a_picture_that_cannot_be_had_now_takes_no_document_away(tmp_path: Path) -> None:
    studio = studio_with(*(region("a", KEY, "QUESTION", f"key {number}") for number in (1, 2)))
    await run(studio, tmp_path)
    studio.tasks[1]["annotations"] = [annotation(region("a", KEY, "QUESTION", "corrected"), 9)]
    report = await run(studio, tmp_path, away=1)
    assert (report.written, report.unchanged, report.removed, report.failed) == (0, 1, 0, 1)
    assert [form.entities[0].text for form in read_forms(tmp_path)] == ["key 1", "key 2"]
    assert causes(tmp_path) == ["its picture: Label Studio failed (502)"]
    await run(studio, tmp_path)
    assert [form.entities[0].text for form in read_forms(tmp_path)] == ["corrected", "key 2"]


async def test_pages_of_one_task_are_documents_of_their_own(tmp_path: Path) -> None:
    first, second = region("a", KEY, "QUESTION", "one"), region("b", KEY, "QUESTION", "two", item_index=1)
    report = await run(studio_with([*first, *second, link("a", "b")]), tmp_path)
    assert report.written == 2
    found = {form.name: form.entities[0].text for form in read_forms(tmp_path)}
    assert found == {"task-1": "one", "task-1-2": "two"}


async def test_a_folder_of_another_label_studio_is_refused(tmp_path: Path) -> None:
    studio = studio_with(region("a", KEY, "QUESTION", "key"))
    await run(studio, tmp_path)
    file = tmp_path / "annotations" / "task-1.json"
    file.write_text(file.read_text().replace("label-studio.test", "elsewhere.example"))
    with pytest.raises(InvalidRequest, match=r"documents of http://elsewhere\.example"):
        await run(studio, tmp_path)


def test_words_share_the_box_as_print_would() -> None:
    box = ((0.0, 0.0), (100.0, 0.0), (100.0, 10.0), (0.0, 10.0))
    assert place_words(["abcd abcd"], box) == [
        ("abcd", (0, 0, pytest.approx(46.5, abs=0.1), 10)),
        ("abcd", (pytest.approx(53.5, abs=0.1), 0, 100, 10)),
    ]
    hangul, latin = (found[1] for found in place_words(["한국 ab"], box))
    assert hangul[2] - hangul[0] == pytest.approx(2 * (latin[2] - latin[0]))


def test_a_high_box_with_one_line_of_text_is_broken_into_rows() -> None:
    box = ((0.0, 0.0), (100.0, 0.0), (100.0, 46.0), (0.0, 46.0))
    placed = place_words(["fourteen Weaver Street Northmoor in the very north"], box)
    tops = sorted({found[1] for _, found in placed})
    assert len(tops) in (2, 3, 4)
    lines = [[word for word, found in placed if found[1] == top] for top in tops]
    assert " ".join(word for line in lines for word in line) == "fourteen Weaver Street Northmoor in the very north"


def test_labels_mean_what_the_config_says() -> None:
    tags = '<Label value="품명" predicted_values="QUESTION"/><Label value="Amount" predicted_values="answer"/>'
    xml = f'<View><Image name="i" value="$i"/><RectangleLabels name="l" toName="i">{tags}</RectangleLabels></View>'
    found = meanings_of(config.parse(xml).labels)
    assert (found["품명"], found["AMOUNT"], found["HEADER"], found["값"]) == ("question", "answer", "header", "answer")


def test_pictures_are_written_upright() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(file, "JPEG", exif=exif)
    found = picture_file(file.getvalue())
    assert (found.size, found.suffix) == ((20, 40), ".png")
    with Image.open(io.BytesIO(found.data)) as picture:
        assert picture.size == (20, 40)
    assert picture_file(png(30, 20)).data == png(30, 20)
