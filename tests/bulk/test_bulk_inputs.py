"""Which documents a run has, and where their results go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_server.bulk.inputs import Inputs
from ml_server.bulk.path_text import fitted
from ml_server.bulk.places import open_place
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


@pytest.mark.parametrize("turned", [False, True])
def test_no_two_documents_of_a_list_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turned: bool
) -> None:
    make(tmp_path, "w/x/a.png", "w/x/a.pdf", "x/a.png", "y/x/A.png")
    monkeypatch.chdir(tmp_path / "w")
    lines = ["x/a.png", "../x/a.png", "../y/x/A.png", "./x/a.png", "x//a.png", f"{tmp_path}/w/x/a.png", "x/a.pdf"]
    (tmp_path / "list").write_text("\n".join(lines[:3][::-1] + lines[3:] if turned else lines))
    found = {document.url: document.folder for document in Inputs(f"@{tmp_path}/list", "out", nobody)}
    outside = str(tmp_path).strip("/")
    assert found == {
        f"{tmp_path}/w/x/a.png": "x/a.png",
        f"{tmp_path}/x/a.png": f"{outside}/x/a",
        f"{tmp_path}/y/x/A.png": "y/x/A",
        f"{tmp_path}/w/x/a.pdf": "x/a.pdf",
    }


def test_what_would_meet_all_the_same_gets_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = str(tmp_path / "x").strip("/")
    make(tmp_path, "x/a.png", f"w/{outside}/a.png")
    monkeypatch.chdir(tmp_path / "w")
    (tmp_path / "list").write_text(f"{outside}/a.png\n{tmp_path}/x/a.png\n")
    mine, other = Inputs(f"@{tmp_path}/list", "out", nobody)
    assert mine.folder == f"{outside}/a.png"
    assert other.folder.startswith(f"{outside}/a.png~")


def test_long_names_have_folders_that_a_disk_takes(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["계약서 및 부속서류 일체 스캔본 홍길동 고객님 서울지점 상반기" * 2 + end for end in ("1", "2")]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name.encode("cp949") + b".png")).write_bytes(b"x")
    found = folders(folder, tmp_path / "out")
    assert found == folders(folder, tmp_path / "out")
    assert len(set(found)) == 2
    for each in found:
        (tmp_path / "out" / each).mkdir(parents=True)
        assert each.startswith("\\udcb0\\udce8")
    deep = fitted("/".join(["가나다"] * 300 + ["scan"]), 255, 1000)
    assert len(deep.encode()) <= 1000
    assert deep.startswith("가나다/")
    assert deep.endswith("/scan")
    assert fitted("a/b", 255, 1000) == "a/b"


def test_a_pattern_through_a_link_leaves_out_what_is_ours(tmp_path: Path) -> None:
    make(tmp_path, "real/a.jpg", "real/out/a/page1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert folders(f"{tmp_path}/link/**/*.jpg", tmp_path / "link" / "out") == ["a"]
    assert folders(f"{tmp_path}/link/**/*.jpg", tmp_path / "real" / "out") == ["a"]


def test_lists_as_powershell_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "x/스캔.png", "b.pdf")
    monkeypatch.chdir(tmp_path)
    for encoding in ("utf-16", "utf-8-sig"):
        (tmp_path / "list.txt").write_bytes("x/스캔.png\r\n# remark\r\nb.pdf\r\n".encode(encoding))
        assert folders("list.txt") == ["x/스캔", "b"]
    (tmp_path / "list.txt").write_bytes(b"\xff\xfea")
    with pytest.raises(InvalidRequest, match=r"list\.txt"):
        folders("list.txt")


def test_an_address_without_a_bucket_is_said() -> None:
    for source, output in (("s3://", "out"), ("s3:///in", "out")):
        with pytest.raises(InvalidRequest, match="names no bucket"):
            Inputs(source, output, nobody)
    with pytest.raises(InvalidRequest, match="names no bucket"):
        open_place("s3://")
