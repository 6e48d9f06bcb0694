"""The index and the list of failures: what is in them, what is swept up for them, and a run that ends early."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bulk_runs import bulk, environment, rows, summary
from pages import png, tiff

from ml_server import cli_bulk_shown
from ml_server.bulk import run
from ml_server.bulk.index import FAILURES, build
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.places import PART, LocalPlace
from ml_server.bulk.read_document import read_document
from ml_server.bulk.record import Failure, Record
from ml_server.cli_bulk_shown import Shown
from ml_server.errors import EngineUnavailable

INTERRUPTED = """\
import os, signal, sys, time
from ml_server import cli
from ml_server.bulk.places import LocalPlace

number = int(sys.argv.pop(1))

def kept_waiting(place, last):
    os.kill(os.getpid(), number)
    time.sleep(60)
    return iter(())

if __name__ == "__main__":
    LocalPlace.find = kept_waiting
    cli.main()
"""
"""The command in a process of its own, which is asked to stop while it looks for what its index is to hold."""


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(90, 40))
    (folder / "b.tiff").write_bytes(tiff((90, 40), (91, 40)))
    (folder / "bad.png").write_bytes(png(90, 40)[:30])
    (folder / "last.png").write_bytes(png(92, 40))
    return folder


def test_what_others_are_writing_below_is_left_to_them(tmp_path: Path) -> None:
    theirs, ours, old = (tmp_path / name for name in (f"b/x/{PART}1", f"{PART}2", f"b/{PART}3"))
    theirs.parent.mkdir(parents=True)
    for path in (theirs, ours, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    build(LocalPlace(str(tmp_path)), "jsonl", 0)
    assert [path for path in (theirs, ours, old) if path.exists()] == [theirs]


def test_a_run_that_ends_early_leaves_its_failures_and_an_index(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, through = tmp_path / "out", list[str]()
    done = Shown.done

    def tell(shown: Shown, document: BulkDocument, outcome: Outcome) -> None:
        done(shown, document, outcome)
        through.append(document.folder)

    async def read(document: BulkDocument, *args: Any, **more: Any) -> Outcome:
        while document.folder == "last":
            await asyncio.sleep(0.01)
            if len(through) == 3:
                raise EngineUnavailable("the server wants a key")
        return await read_document(document, *args, **more)

    monkeypatch.setattr(Shown, "done", tell)
    monkeypatch.setattr(run, "read_document", read)
    ended = bulk(scans, out)
    assert ended.returncode == 3
    assert "the server wants a key" in ended.stderr
    assert "ended early" in ended.stderr
    assert [(row["path"], row["page"]) for row in rows(out / "index.jsonl")] == [
        (str(scans / "a.png"), 1), (str(scans / "b.tiff"), 1), (str(scans / "b.tiff"), 2),
    ]  # fmt: skip
    assert [row["path"] for row in rows(out / FAILURES)] == [str(scans / "bad.png")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_does_not_wait_for_the_index_need_not(scans: Path, tmp_path: Path, number: signal.Signals) -> None:
    (scans / "bad.png").unlink()
    out = tmp_path / "out"
    command = [sys.executable, "-c", INTERRUPTED, str(int(number)), "bulk", str(scans), str(out)]

    def interrupted(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], env=environment(), capture_output=True, text=True, timeout=120, check=False
        )

    stopped = interrupted("--json")
    told = summary(stopped)
    assert (stopped.returncode, told["status"], told["pages"], told["total_pages"]) == (1, "stopped", 4, None)
    assert not (out / "index.jsonl").exists()
    assert "stopped before the index was written" in interrupted().stdout
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(each) for each in numbers]
    assert summary(bulk(scans, out, "--json"))["total_pages"] == 4
    assert [signal.getsignal(each) for each in numbers] == before


def test_an_index_that_cannot_be_written_is_told_of(scans: Path, tmp_path: Path) -> None:
    (scans / "bad.png").unlink()
    out = tmp_path / "out"
    (out / "index.jsonl" / "folder").mkdir(parents=True)
    failed = bulk(scans, out)
    assert (failed.returncode, f"cannot write the index of {out}" in failed.stderr) == (1, True)


@pytest.mark.parametrize("terminal", [True, False])
def test_pages_of_a_long_document_are_told_as_they_come(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(cli_bulk_shown, "_EVERY_S", 0.0)
    long = BulkDocument("book.pdf", "book", 1, "1")
    with Shown(lambda: 1) as shown:
        shown.begin()
        while shown._total is None:
            time.sleep(0.001)
        shown.page(long, 1, 0.25)
        shown.page(long, 2, 0.5)
        shown._progress.refresh()
        record = Record.begin(long, "f", 4).done({}, {3: Failure(3, "engine_failed", "why", 4)}, {})
        shown.done(long, Outcome(record, 3))
        shown.finishing()
        shown.indexed(1, 1)
        shown._progress.refresh()
    told = capsys.readouterr().err
    assert "book.pdf, page 3: why (engine_failed)" in told
    if terminal:
        assert "2 pages, " in told
        assert "writing the index" in told
    else:
        assert "0 of 1 documents, 1 pages, " in told
        assert "min left" in told.splitlines()[1]
        assert "1 of 1 documents, 3 pages, " in told
        assert "writing the index: 1 of 1 documents" in told
