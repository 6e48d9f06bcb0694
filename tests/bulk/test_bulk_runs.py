"""``ml-server bulk`` from folder to folder: what is written, what is told, what the exit code says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from bulk_runs import CONSOLE, bulk, bulk_process, environment, mixed, results, rows, summary
from pages import bad_png, png, tiff
from PIL import Image

from ml_server import cli_bulk_reader
from ml_server.bulk.path_text import shown


def test_every_page_of_a_folder_is_written_and_indexed(tmp_path: Path) -> None:
    mixed(tmp_path / "in", 8)
    (tmp_path / "in" / "notes.md").write_text("no document")
    run = bulk_process(tmp_path / "in", tmp_path / "out", "--text", "--markdown", "-i", "-k", "--json", cores="2")
    told = summary(run)
    assert (run.returncode, run.stderr) == (0, "")
    assert (told["status"], told["documents"], told["pages"], told["failed"]) == ("success", 8, 14, 0)
    page = json.loads((tmp_path / "out" / "하위" / "scan1" / "page2.json").read_bytes())
    assert (page["page"], page["width"], page["height"], page["engine"]) == (2, 201, 100, "mock")
    assert page["text_boxes"][0]["words"]
    folder = tmp_path / "out" / "하위" / "scan1"
    assert {path.name for path in folder.iterdir() if path.name.startswith("page2")} == {
        f"page2{suffix}" for suffix in (".json", ".txt", ".md", ".jpg", ".key_values.json")
    }
    assert (folder / "page2.txt").read_text() == page["text"] + "\n"
    assert "| Key | Value |" in (folder / "page2.md").read_text()
    with Image.open(folder / "page2.jpg") as drawn:
        assert drawn.width >= 201
    index = rows(tmp_path / "out" / "index.jsonl")
    assert len(index) == 14
    assert {row["file"] for row in index} == set(results(tmp_path / "out")) - {
        name for name in results(tmp_path / "out") if "key_values" in name
    }
    assert all(row["text"] and row["lines"] == 2 and row["key_values"] == 1 for row in index)
    assert (tmp_path / "out" / "failures.jsonl").read_text() == ""


def test_damaged_files_are_listed_and_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed(tmp_path / "in", 8, damaged=3)
    run = bulk(tmp_path / "in", tmp_path / "out", "--json")
    assert run.returncode == 1
    told = summary(run)
    assert (told["status"], told["pages"]) == ("partial", 8)
    failures = rows(tmp_path / "out" / "failures.jsonl")
    assert {Path(row["path"]).stem for row in failures} == {"scan0", "scan1", "scan2"}
    assert {(row["code"], row["attempts"]) for row in failures} == {("invalid_image", 1)}
    assert all(row["message"] for row in failures)
    assert "scan0.png" in run.stderr
    monkeypatch.setattr(cli_bulk_reader, "Pipeline", None)  # no engine is loaded for nothing
    again = bulk(tmp_path / "in", tmp_path / "out", "--json")
    assert again.returncode == 1, "it still cannot be read"
    assert (summary(again)["skipped"], summary(again)["pages"], summary(again)["failed"]) == (8, 0, told["failed"])


def test_names_are_bytes_and_any_of_them_will_do(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)
    for name in (b"bad\xff.png", b"two\nlines.png", "계약서 1.png".encode()):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(png(90, 40))
    Path(os.fsdecode(os.path.join(folder, b"cut\xfe.png"))).write_bytes(bad_png()[:20])
    run = bulk(tmp_path / "in", tmp_path / "out", "--json")
    assert (run.returncode, summary(run)["pages"]) == (1, 3)
    assert "cut\\udcfe.png" in run.stderr
    index = rows(tmp_path / "out" / "index.jsonl")
    assert [row["path"] for row in index if Path(row["path"]).exists()] == [row["path"] for row in index]
    assert {row["file"].rsplit("/")[0] for row in index} == {"bad\\udcff", "two\nlines", "계약서 1"}
    plan = bulk(tmp_path / "in", tmp_path / "out", "--dry-run")
    listed = dict(line.split("\t")[1::-1] for line in plan.stdout.splitlines())
    assert sorted(listed.values()) == ["done", "done", "done", "failed"]
    assert listed[shown(str(tmp_path / "in" / "cut\udcfe.png"))] == "failed"
    assert (plan.returncode, "3 finished, 1 failed" in plan.stderr) == (1, True), "as a run would end"
    retried = bulk(tmp_path / "in", tmp_path / "out", "--dry-run", "--retry-failed")
    assert (retried.returncode, retried.stdout.count("read\t")) == (0, 1)
    assert summary(bulk(tmp_path / "in", tmp_path / "out", "--json"))["skipped"] == 4


def test_a_folder_without_documents_is_no_fault_but_is_said(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    run = bulk(tmp_path / "in", tmp_path / "out")
    assert run.returncode == 0
    assert "no documents in" in run.stderr


def test_what_fails_for_the_moment_is_tried_again_and_pages_fail_alone(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (64, 48), "white"), Image.open(_file(tmp_path / "bad.png")), Image.new("RGB", (90, 48))]
    pages[0].save(tmp_path / "three.tiff", save_all=True, append_images=pages[1:])
    options = (tmp_path / "three.tiff", tmp_path / "out", "--json", "--retries", "1")
    run = bulk(*options, mock_failure="raise")
    assert run.returncode == 1
    assert {row["page"] for row in rows(tmp_path / "out" / "index.jsonl")} == {1, 3}
    (failure,) = rows(tmp_path / "out" / "failures.jsonl")
    assert (failure["page"], failure["code"], failure["attempts"]) == (2, "engine_failed", 2)
    assert summary(bulk(*options))["pages"] == 0, "only asked for it is tried again"
    mended = bulk(*options, "--retry-failed")
    assert mended.returncode == 0, mended.stderr
    assert summary(mended)["pages"] == 1
    assert [row["page"] for row in rows(tmp_path / "out" / "index.jsonl")] == [1, 2, 3]


def _file(path: Path) -> Path:
    path.write_bytes(bad_png())
    return path


@pytest.mark.bulk_long
def test_other_options_and_other_files_are_read_anew(tmp_path: Path) -> None:
    inputs, output = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    (inputs / "a.tiff").write_bytes(tiff((90, 40), (91, 40), (92, 40)))
    (inputs / "b.png").write_bytes(png(80, 40))
    assert summary(bulk(inputs, output, "--json", "--text"))["pages"] == 4
    (output / "a" / "page9.json").write_text("somebody's")
    assert summary(bulk(inputs, output, "--json", "--text"))["pages"] == 0
    without = bulk(inputs, output, "--json", "--confidence-threshold", "0.9")
    assert summary(without)["pages"] == 4
    assert not (output / "a" / "page1.txt").exists(), "ours, and of the other options"
    (inputs / "a.tiff").write_bytes(tiff((95, 40), (96, 40)))
    (output / "b" / "page1.json").unlink()
    changed = summary(bulk(inputs, output, "--json", "--confidence-threshold", "0.9"))
    assert (changed["pages"], changed["skipped"], changed["total_pages"]) == (3, 0, 3)
    assert {path.name for path in (output / "a").iterdir()} == {
        "page1.json", "page2.json", "page9.json", "record.json",
    }  # fmt: skip
    assert (output / "a" / "page9.json").read_text() == "somebody's"
    assert results(output / "b")["page1.json"]["width"] == 80


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    mixed(tmp_path / "in", 4)
    run = bulk(tmp_path / "in", tmp_path / "out", "--dry-run", "--json")
    assert run.returncode == 0
    listed = [json.loads(line) for line in run.stdout.splitlines()]
    assert {(row["action"], row["folder"]) for row in listed} == {
        ("read", "scan0"), ("read", "하위/scan1"), ("read", "scan2"), ("read", "하위/scan3"),
    }  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_parquet_index_and_larger_pages_scaled_down_but_not_their_boxes(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    mixed(tmp_path / "in", 3)
    (tmp_path / "in" / "large.png").write_bytes(png(2000, 1000))
    assert bulk(tmp_path / "in", tmp_path / "out", "--index", "parquet", "-m", "500000").returncode == 0
    table = parquet.read_table(tmp_path / "out" / "index.parquet").to_pylist()
    assert [row["page"] for row in table if row["path"].endswith("scan1.tiff")] == [1, 2, 3]
    assert all(row["text"].startswith("mock page") and row["key_values"] is None for row in table)
    page = results(tmp_path / "out" / "large")["page1.json"]
    assert (page["width"], page["height"]) == (2000, 1000)
    assert page["text"].startswith("mock page 1000 x 500"), "what the engine saw"
    assert max(x for x, _ in page["text_boxes"][0]["bbox"]) > 1000


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent", "out"], 2, "there is no absent"),
        (["in/*.gif", "out"], 2, "no file matches in/*.gif"),
        (["in", "."], 2, "among the documents of in"),
        (["in", "out", "--server", "ftp://x"], 2, "allowed"),
        (["in", "out", "--engine", "magic"], 3, "magic"),
        (["in", "out", "--lang", "klingon"], 3, "klingon"),
        (["in", "out", "--server", "grpc://127.0.0.1:9", "--server-wait", "1"], 1, "no server was ready"),
    ],
)
def test_what_cannot_begin_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    mixed(tmp_path / "in", 1)
    monkeypatch.chdir(tmp_path)
    run = bulk(*arguments)
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    assert said in run.stderr


def test_two_runs_do_not_write_to_one_folder_and_the_first_stops_cleanly(tmp_path: Path) -> None:
    mixed(tmp_path / "in", 16)
    command = [CONSOLE, "bulk", str(tmp_path / "in"), str(tmp_path / "out"), "--json"]
    first = subprocess.Popen(command, env=environment(mock_delay_s="0.2", cores="2"), stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("out/**/record.json")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = bulk(tmp_path / "in", tmp_path / "out")
        assert second.returncode == 1
        assert str(first.pid) in second.stderr
        first.send_signal(signal.SIGTERM)
        told = json.loads(first.communicate(timeout=30)[0])
    finally:
        first.kill()
    assert (first.returncode, told["status"]) == (1, "stopped")
    assert 0 < told["documents"] < 16
    assert told["total_pages"] == len(rows(tmp_path / "out" / "index.jsonl")) == len(results(tmp_path / "out"))
    rest = summary(bulk(tmp_path / "in", tmp_path / "out", "--json"))
    assert (rest["skipped"], rest["total_pages"]) == (told["documents"], 28)
