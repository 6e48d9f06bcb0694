from __future__ import annotations

from typing import Any, Literal

import pytest
from labelling_configs import ALIASES, FORMS, OCR_TEMPLATE, PAGES, POLYGONS, SPLIT

from ml_server.errors import InvalidRequest
from ml_server.label_studio.config import LabelConfig, parse


def test_the_tags_of_a_form_project() -> None:
    found = parse(FORMS)
    assert (found.image, found.field, found.several) == ("image", "image", False)
    assert (found.shape, found.drawn_by, found.draws_labels) == ("rectangle", "label", True)
    assert (found.text, found.relation) == ("transcription", "answers")


@pytest.mark.parametrize(
    ("config", "shape", "drawn_by", "labels", "text"),
    [
        (OCR_TEMPLATE, "rectangle", "bbox", "label", "transcription"),
        (POLYGONS, "polygon", "poly", "poly", ""),
        (SPLIT, "rectangle", "bbox", "label", "transcription"),
    ],
)
def test_who_draws_and_who_labels(config: str, shape: str, drawn_by: str, labels: str, text: str) -> None:
    found = parse(config)
    assert found.labels is not None
    assert (found.shape, found.drawn_by, found.labels.name, found.text) == (shape, drawn_by, labels, text)


@pytest.mark.parametrize(
    ("config", "setting", "task"),
    [
        (FORMS, "auto", "both"),
        (FORMS, "ocr", "ocr"),
        (FORMS, "key_values", "key_values"),
        (POLYGONS, "auto", "both"),
        (OCR_TEMPLATE, "auto", "ocr"),  # its labels are none of the model's
        (ALIASES, "auto", "both"),
        (FORMS.replace("<TextArea", '<TextArea model_predict="ocr"'), "both", "ocr"),
    ],
)
def test_what_is_predicted(config: str, setting: Literal["auto", "ocr", "key_values", "both"], task: str) -> None:
    assert parse(config).task(setting) == task


def labels(config: str) -> Any:
    return parse(config).labels


def test_labels_are_found_whatever_their_case_and_by_their_aliases() -> None:
    assert [labels(FORMS).spelt(label) for label in ("QUESTION", "header", "TOTAL")] == ["Question", "Header", ""]
    assert [labels(ALIASES).spelt(label) for label in ("QUESTION", "ANSWER", "HEADER")] == ["키", "값", ""]
    assert [labels(ALIASES).meant(value) for value in ("키", "값", "else")] == ["QUESTION", "ANSWER", "ELSE"]
    assert labels(OCR_TEMPLATE).of_text == "Text"
    assert labels(FORMS).of_text == "Other"
    assert labels(ALIASES).of_text == ""


def test_of_several_label_tags_the_one_that_the_model_knows_is_taken() -> None:
    stamps = '<RectangleLabels name="stamps" toName="image"><Label value="Stamp"/></RectangleLabels>'
    assert labels(FORMS.replace("<TextArea", f"{stamps}<TextArea").replace("<Image", f"{stamps}<Image")).name == "label"


@pytest.mark.parametrize(
    ("config", "data", "addresses"),
    [
        (FORMS, {"image": " /data/a.png "}, ["/data/a.png"]),
        (PAGES, {"pages": ["a", "b"]}, ["a", "b"]),
        (PAGES, {"pages": "a"}, ["a"]),
        (ALIASES, {"doc": {"scan": "s3://b/a.png"}}, ["s3://b/a.png"]),
        (ALIASES, {"doc.scan": "x"}, ["x"]),
    ],
)
def test_where_the_images_are(config: str, data: dict[str, Any], addresses: list[str]) -> None:
    assert parse(config).addresses(data) == addresses


@pytest.mark.parametrize("data", [{}, {"image": ""}, {"image": None}, {"image": ["a"]}, {"images": "a"}, {"image": 7}])
def test_a_task_without_an_image(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="has no 'image' with an image's address"):
        parse(FORMS).addresses(data)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("<View>", "is not XML"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><View/>", "declares entities"),
        ('<View><Text name="t" value="$t"/></View>', "has no <Image>"),
        ('<View><Image name="i" value="$i"/></View>', "no tag that draws labelled or transcribed boxes"),
        ('<View><Image name="i" value="$i"/><Rectangle name="r" toName="i"/></View>', "neither labels nor a transcr"),
        (FORMS.replace('toName="image"', 'toName="other"'), '<Image name="image"> has no tag'),
        (FORMS.replace('value="$image"', 'value="a.png"'), "names a field of the task's data, but 'a.png'"),
        (FORMS.replace("<TextArea", '<TextArea model_predict="all"'), "it is ocr, key_values or both"),
    ],
)
def test_a_config_without_what_is_needed_says_what_is_missing(config: str, why: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(config)
    assert why in caught.value.message


def test_labels_are_asked_for_where_there_are_none() -> None:
    bare: LabelConfig = parse(OCR_TEMPLATE.replace('<Label value="Text"/><Label value="Handwriting"/>', ""))
    assert bare.task("auto") == "ocr"
    with pytest.raises(InvalidRequest, match="add <RectangleLabels"):
        bare.task("both")
