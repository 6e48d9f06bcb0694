"""Which documents a run has, and where their results go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_server.bulk.inputs import Inputs
from ml_server.errors import InvalidRequest


def nobody(folder: str) -> str | None:
    return None


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * len(name))


def folders(source: str | Path, output: str | Path = "out", owner: Callable[[str], str | None] = nobody) -> list[str]:
    return [document.folder for document in Inputs(str(source), str(output), owner)]


def test_a_folder_keeps_its_structure(tmp_path: Path) -> None:
    make(tmp_path, "b.PDF", "sub/deep/a.png", "sub/c.jpeg", ".hidden/d.png", ".e.png", "notes.txt", "out/b/page1.jpg")
    assert folders(tmp_path, tmp_path / "out") == ["b", "sub/c", "sub/deep/a"]
    assert Inputs(str(tmp_path), str(tmp_path / "out"), nobody).count() == 3
    (document, *_) = Inputs(str(tmp_path), "elsewhere", nobody)
    assert (document.url, document.size) == (str(tmp_path / "b.PDF"), 5)
    assert document.version == str((tmp_path / "b.PDF").stat().st_mtime_ns)


def test_documents_of_one_name_do_not_meet(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "a.png", "A.jpg", "a.png.tiff", "b.png", "x/a.png")
    found = folders(tmp_path)
    assert found == ["A.jpg", "a.pdf", "a.png", "a.png.tiff", "b", "x/a"]
    assert len({folder.casefold() for folder in found}) == len(found)


def test_a_document_keeps_its_folder_when_another_of_its_name_comes(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "a.png")
    mine = str(tmp_path / "a.png")
    assert folders(tmp_path, owner=lambda folder: mine if folder == "a" else None) == ["a.pdf", "a"]


def test_patterns_single_files_and_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "in/a.pdf", "in/x/b.pdf", "in/x/c.png", "in/scan", "[1].png")
    assert folders(f"{tmp_path}/in/**/*.pdf") == ["a", "x/b"]
    assert folders(f"{tmp_path}/in/**/*.pdf", tmp_path / "in" / "x") == ["a"], "what is below the output is ours"
    assert folders(tmp_path / "in" / "x" / "b.pdf") == ["b"]
    assert folders(tmp_path / "[1].png") == ["[1]"], "a file of that name, not a pattern"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text(
        f"# remark\nin/x/b.pdf\n\nin/scan\n{tmp_path}/in/a.pdf\nin/x/b.pdf\n../gone.png\n"
    )
    outside = str(tmp_path / "in").strip("/")
    assert folders("list.txt") == folders("@list.txt") == ["in/x/b", "in/scan", f"{outside}/a", "gone"]
    read, write = os.pipe()
    os.write(write, b"in/a.pdf\n")
    os.close(write)
    with os.fdopen(read) as listed:
        monkeypatch.setattr("sys.stdin", listed)
        assert folders("-") == ["in/a"]


def test_absolute_paths_of_a_list_lose_what_they_have_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "2026/a.pdf", "2026/x/b.png", "2025/a.pdf", "two\nlines.png")
    monkeypatch.chdir(tmp_path)
    listed = tmp_path / "listed"
    listed.write_text(f"{tmp_path}/2026/a.pdf\n{tmp_path}/2026/x/b.png\n")
    assert folders("@listed") == ["a", "x/b"]
    theirs = str(tmp_path / "2025" / "a.pdf")
    apart = str(tmp_path / "2026" / "a").strip("/")
    assert folders("@listed", owner=lambda folder: theirs if folder == "a" else None) == [apart, "x/b"], "no meeting"
    listed.write_text(f"{tmp_path}/2026/a.pdf\n")
    assert folders("@listed") == folders("@listed", owner=lambda folder: f"{tmp_path}/2026/a.pdf") == ["a"]
    listed.write_bytes(f"2026/a.pdf\0{tmp_path}/two\nlines.png\0".encode())
    assert folders("@listed") == ["2026/a", f"{str(tmp_path).strip('/')}/two\nlines"], "as find -print0 writes it"


def test_results_do_not_go_among_the_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "in/a.pdf", "in/out/a/page1.jpg")
    monkeypatch.chdir(tmp_path)
    for source, output in (("in", "in"), ("in", "."), ("in/*.pdf", "in"), ("s3://b/in", "s3://b"), ("in/..", "in/..")):
        with pytest.raises(InvalidRequest, match="another folder"):
            Inputs(source, output, nobody)
    assert folders("in", "in/out") == ["a"]
    assert folders("in/a.pdf", "in") == ["a"], "one that is named is read wherever it is"
    Inputs("s3://b/in/a.pdf", "s3://b/in", nobody)
    Inputs("s3://b/in", "s3://b/in2", nobody)


def test_links_in_circles_are_no_more_documents(tmp_path: Path) -> None:
    make(tmp_path, "in/a.pdf")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    assert folders(tmp_path / "in") == ["a"]
    assert folders(f"{tmp_path}/in/**/*.pdf") == ["a"]
    with pytest.raises(InvalidRequest, match="no file matches"):
        folders(f"{tmp_path}/in/**/*.tif")


@pytest.mark.parametrize("source", ["absent", "absent.pdf", "@absent"])
def test_what_is_not_there_is_said(source: str) -> None:
    with pytest.raises(InvalidRequest, match="absent"):
        Inputs(source, "out", nobody)
