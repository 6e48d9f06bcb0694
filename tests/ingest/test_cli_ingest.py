"""``ml-server ingest`` as people and scripts use it: real decoder processes, a folder and a bucket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import png, tiff
from s3_server import s3_server
from typer.testing import CliRunner, Result

from ml_server.cli import app


def ingest(*arguments: str | Path, **environment: str) -> Result:
    """Run the command; its decoders are processes of their own."""
    env = {"COLUMNS": "200", "NO_COLOR": "1", **environment}
    result = CliRunner().invoke(app, ["ingest", *map(str, arguments)], env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ingest_process(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same as a shell runs it."""
    command = [str(Path(sys.executable).parent / "ml-server"), "ingest", *map(str, arguments)]
    env = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def scans(tmp_path: Path, samples: Path) -> Path:
    """A TIFF, a page, the page again under another name, a PDF, and what is none."""
    folder = tmp_path / "scans"
    (folder / "옛날").mkdir(parents=True)
    (folder / "two.tiff").write_bytes(tiff((40, 30), (50, 60)))
    (folder / "page.png").write_bytes(png(30, 20))
    Path(os.fsdecode(os.fsencode(folder / "옛날") + b"/\xff\n.png")).write_bytes(png(30, 20))
    (folder / "invoices.pdf").write_bytes((samples / "invoices.pdf").read_bytes())
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "notes.md").write_text("left alone: nobody takes it for a document")
    return folder


def test_a_folder_of_documents_into_a_folder_and_again(scans: Path, tmp_path: Path) -> None:
    kept, tasks = scans / "kept", tmp_path / "tasks.json"  # inside: pages are not taken for documents
    more = ("--to", kept, "--dpi", "72", "--tasks", tasks, "--files-url", "http://host:3000/")
    result = ingest_process(scans, *more)
    assert result.returncode == 1
    assert "damaged.pdf" in result.stderr
    assert "Traceback" not in result.stderr
    assert "1 failed; 6 pages" in result.stdout
    pages = sorted(path.name for path in (kept / "preprocessed").iterdir())
    assert len(pages) == 5
    assert len(list((kept / "raw").iterdir())) == 3
    made = json.loads(tasks.read_text())
    assert sorted(task["data"]["image"] for task in made) == [f"http://host:3000/files/{page}" for page in pages]
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*")}

    again = ingest(scans, "--to", kept / "preprocessed", "--dpi", "72", "--json")
    assert again.exit_code == 1
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert {row["status"] for row in rows if "damaged" not in row["file"]} == {"success"}
    assert all(row["already_stored"] and row["uploaded"] == 0 for row in rows if row["status"] == "success")
    (failed,) = (row for row in rows if row["status"] == "error")
    assert failed["error"]["code"] == "invalid_image"
    (pdf,) = (row for row in rows if row["file"].endswith("invoices.pdf"))
    assert (pdf["dpi"], pdf["page_count"]) == (72, 2)
    assert (pdf["pages"][0]["width"], pdf["pages"][0]["height"]) == (596, 843)
    assert Path(pdf["pages"][1]["url"]).is_file()
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*")} == before
    assert len(rows) == 5, "copies of what was stored are no documents more"
    copies = ingest(kept / "raw", "--to", kept, "--dpi", "72", "--json")
    assert len(copies.stdout.splitlines()) == 3, "unless they are asked for"


def test_a_bucket_into_a_bucket_that_is_slow_now_and_then(scans: Path, tmp_path: Path) -> None:
    with s3_server("inbox", "bucket") as s3:
        for path in (scans / "two.tiff", scans / "page.png"):
            s3.client.upload_file(str(path), "inbox", f"2026/{path.name}")
        tasks = tmp_path / "tasks.json"
        arguments = ("s3://inbox/2026", "--to", "s3://bucket/preprocessed/", "--no-keep-raw", "--tasks", tasks)
        s3.requests.clear()
        s3.fail_every = 15
        result = ingest(*arguments, "--tasks-by", "document", **s3.environment)
        s3.fail_every = 0
        assert result.exit_code == 0, result.stderr
        keys = s3.keys("bucket")
        assert [key.split("/")[0] for key in keys].count("preprocessed") == 3
        assert not [key for key in keys if key.startswith("raw/")]
        made = json.loads(tasks.read_text())
        assert sorted(url for task in made for url in task["data"]["pages"]) == [
            f"s3://bucket/{key}" for key in keys if key.startswith("preprocessed/")
        ]
        s3.requests.clear()
        assert ingest(*arguments, **s3.environment).exit_code == 0
        assert s3.puts() == []


def test_a_folder_without_documents_is_no_fault_but_is_said(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    result = ingest(tmp_path / "in", "--to", tmp_path / "kept")
    assert result.exit_code == 0
    assert "no documents in" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nothing.pdf", "--to", "kept"], 2, "there is no nothing.pdf"),
        (["."], 2, "--to"),
        (["none/*.pdf", "--to", "kept"], 2, "no file matches none/*.pdf"),
        ([".", "--to", "gs://bucket"], 2, "ML_SERVER_DOCUMENTS"),
        ([".", "--to", "kept", "--dpi", "9"], 2, "dpi"),
        ([".", "--to", "kept", "--tasks", "tasks.json"], 2, "--files-url"),
    ],
)
def test_wrong_usage_says_what_is_wrong(arguments: list[str], code: int, told: str) -> None:
    result = CliRunner().invoke(app, ["ingest", *arguments], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == code
    assert told in result.stderr


def test_a_bucket_that_is_not_there_ends_it_at_once_and_a_missing_package_is_named(scans: Path, tmp_path: Path) -> None:
    with s3_server() as s3:
        refused = ingest(scans, "--to", "s3://bucket/preprocessed/", **s3.environment)
    assert refused.exit_code == 1
    assert "s3://bucket" in refused.stderr
    assert "page.png" not in refused.stderr
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['s3fs'] = None\n")
    result = ingest_process(scans, "--to", "s3://bucket/x", PYTHONPATH=str(tmp_path))
    assert result.returncode == 3
    assert "pip install" in result.stderr
