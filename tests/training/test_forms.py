"""Annotated forms: what is read, what is left out, and how damage is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_forms import SIZE, entity, first, second, write_folder

from ml_server.errors import InvalidRequest
from ml_server.training.forms import Form, read_forms, split


def test_a_funsd_folder(tmp_path: Path) -> None:
    form, other = read_forms(write_folder(tmp_path))
    assert (form.name, form.width, form.height) == ("a", *SIZE)
    assert form.image == tmp_path / "images" / "a.png"
    assert [entity.label for entity in form.entities] == [
        "HEADER", "QUESTION", "ANSWER", "ANSWER", "QUESTION", "ANSWER", "OTHER",
    ]  # fmt: skip
    assert [entity.text for entity in form.entities][:3] == ["Loan Form", "Name:", "Kim Minsu"]
    assert form.entities[2].words[1].box == (140.0, 30.0, 190.0, 42.0)
    assert (other.width, other.height) == (640, 480)


def test_links_are_positions_each_once_and_only_between_entities_that_are_there(tmp_path: Path) -> None:
    form, other = read_forms(write_folder(tmp_path))
    assert form.links == ((0, 1), (0, 4), (1, 2), (1, 3), (4, 5))
    assert other.links == ((1, 0),)


def test_lines_of_json_are_the_same_forms(tmp_path: Path) -> None:
    lines = [{"name": "a", "width": SIZE[0], "height": SIZE[1], **first()}, {"name": "b", **second()}]
    file = tmp_path / "train.jsonl"
    file.write_text("\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    alone = read_forms(file)
    assert read_forms(tmp_path) == alone
    write_folder(tmp_path)
    assert read_forms(file) == read_forms(tmp_path)
    assert [form.image for form in alone] == [None, None]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "damaged JSON"),
        ("[" * 100_000, "damaged JSON"),
        ("[]", '"form"'),
        ('{"form": {}}', '"form"'),
        ('{"form": [3]}', "form.json"),
        ('{"form": [{"id": 0, "label": "title", "words": []}]}', "unknown label 'title'"),
        ('{"form": [{"id": 0, "label": "other"}]}', "'words' is missing"),
        ('{"form": [{"id": 0, "label": "other", "words": [{"text": "a", "box": [1, 2, 3]}]}]}', "3 numbers"),
        ('{"form": [{"id": 0, "label": "other", "words": [{"text": "a", "box": [1, 2, 3, NaN]}]}]}', "nan"),
        ('{"form": [{"id": 0, "label": "other", "words": [{"text": "a", "box": null}]}]}', "form.json"),
        (json.dumps({"form": [entity(1, "other", "a", 0, 0), entity(1, "other", "b", 0, 0)]}), "the id 1"),
        ('{"form": [], "width": 0, "height": 5}', "0 x 5"),
    ],
)
def test_damage_names_the_file_and_the_fault(tmp_path: Path, text: str, fault: str) -> None:
    write_folder(tmp_path)
    (tmp_path / "annotations" / "form.json").write_text(text)
    (tmp_path / "images" / "a.png").rename(tmp_path / "images" / "form.png")
    (tmp_path / "annotations" / "a.json").unlink()
    with pytest.raises(InvalidRequest) as caught:
        read_forms(tmp_path)
    assert str(tmp_path / "annotations" / "form.json") in caught.value.message
    assert fault in caught.value.message


def test_damaged_folders(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="annotations/"):
        read_forms(tmp_path)
    with pytest.raises(InvalidRequest, match="No such file"):
        read_forms(tmp_path / "absent.jsonl")
    write_folder(tmp_path)
    (tmp_path / "images" / "a.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InvalidRequest, match=r"a\.png cannot be read"):
        read_forms(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    with pytest.raises(InvalidRequest, match="page's size"):
        read_forms(tmp_path)
    (tmp_path / "annotations" / "a.json").write_bytes(b'{"form": "\xff"}')
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        read_forms(tmp_path)
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"form": [], "width": 9, "height": 9}\n{"form": []}\n')
    with pytest.raises(InvalidRequest, match=r"x\.jsonl:2"):
        read_forms(lines)


def test_splits_repeat_and_do_not_overlap() -> None:
    forms = [Form(f"{number:02}", 1, 1, (), ()) for number in range(20)]
    train, held = split(forms, 0.25, seed=3)
    assert (len(train), len(held)) == (15, 5)
    assert sorted(form.name for form in (*train, *held)) == [form.name for form in forms]
    assert split(forms[::-1], 0.25, seed=3) == (train, held)
    assert split(forms, 0.25, seed=4) != (train, held)
    assert len(split(forms[:2], 0.01, seed=0)[1]) == 1
    assert split(forms[:1], 0.5, seed=0) == (forms[:1], [])
    assert split(forms, 0.0, seed=0)[1] == []


def test_real_forms(data: Path) -> None:
    forms = read_forms(data / "funsd_train")
    assert len(forms) == 149
    assert sum(len(form.entities) for form in forms) == 7259
    assert sum(len(form.links) for form in forms) == 4146
    assert all(form.image is not None for form in forms)
