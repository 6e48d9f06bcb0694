"""Checksums of weights, folders of links, and the splitting of lines into words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml_server.engines import weights
from ml_server.engines.words import split_line
from ml_server.errors import EngineUnavailable
from ml_server.geometry import box_to_polygon, polygon_to_box


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_the_right_file_passes(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"weights")
    weights.verify(file, hashlib.new(algorithm, b"weights").hexdigest().upper(), algorithm)


def test_a_damaged_file_is_refused_with_both_sums(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"weight")
    expected = hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(EngineUnavailable) as caught:
        weights.verify(file, expected, "sha256")
    for part in ("model.onnx", expected, hashlib.sha256(b"weight").hexdigest()):
        assert part in caught.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="gone\\.onnx"):
        weights.verify(tmp_path / "gone.onnx", "00", "md5")


def test_the_first_folder_wins_and_links_lead_to_the_files(tmp_path: Path) -> None:
    for name, content in (("first", "1"), ("second", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(content)
    (tmp_path / "second" / "b").write_text("2")
    places = [tmp_path / "absent", tmp_path / "first", tmp_path / "second"]
    a, b = weights.find("a", places), weights.find("b", places)
    assert a == tmp_path / "first" / "a"
    assert b == tmp_path / "second" / "b"
    assert weights.find("c", places) is None
    with weights.linked([a, b]) as folder:
        assert {link.name: link.read_text() for link in folder.iterdir()} == {"a": "1", "b": "2"}
    assert not folder.exists()
    assert a.read_text() == "1"


def test_words_take_their_share_of_the_line() -> None:
    words = split_line("ab 가나 c", box_to_polygon((0, 10, 90, 30)), 0.5)  # columns 2 + 1 + 4 + 1 + 1
    assert [word.text for word in words] == ["ab", "가나", "c"]
    assert [polygon_to_box(word.bbox)[::2] for word in words] == [(0, 20), (30, 70), (80, 90)]
    assert {polygon_to_box(word.bbox)[1::2] for word in words} == {(10, 30)}
    assert {word.confidence for word in words} == {0.5}


def test_words_run_along_a_line_that_is_read_upwards() -> None:
    upwards = ((10.0, 100.0), (10.0, 0.0), (30.0, 0.0), (30.0, 100.0))  # corners in the order of the text
    first, second = split_line("aaaa bbbbb", upwards, 1.0)
    assert polygon_to_box(first.bbox) == (10, 60, 30, 100)
    assert polygon_to_box(second.bbox) == (10, 0, 30, 50)


@pytest.mark.parametrize("text", ["", " ", "\t\u3000 "])
def test_a_line_of_spaces_has_no_words(text: str) -> None:
    assert split_line(text, box_to_polygon((0, 0, 10, 10)), 1.0) == ()


def test_spaces_around_and_between_do_not_make_words() -> None:
    words = split_line("  a   b ", box_to_polygon((0, 0, 50, 10)), 1.0)
    assert [polygon_to_box(word.bbox)[::2] for word in words] == [(0, 10), (40, 50)]
