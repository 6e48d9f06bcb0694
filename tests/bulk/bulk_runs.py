"""Folders of documents for tests, and runs over them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from pages import png, tiff
from PIL import Image
from typer.testing import CliRunner

from ml_server.bulk.pages import PageReading
from ml_server.cli import app
from ml_server.document import OCRPage

CONSOLE = str(Path(sys.executable).parent / "ml-server")


class FakeReader:
    """Reads documents of ``total`` pages; ``errors`` come, in order, when their page is asked for."""

    def __init__(self, total: int, **errors: list[BaseException]) -> None:
        self.total = total
        self.errors = {int(name.removeprefix("page")): list(found) for name, found in errors.items()}
        self.asked: list[int] = []

    async def count(self, data: bytes) -> int:
        return self.total

    async def read(self, data: bytes, pages: tuple[int, ...]) -> AsyncGenerator[PageReading, None]:
        for number in pages:
            self.asked.append(number)
            if self.errors.get(number):
                raise self.errors[number].pop(0)
            yield PageReading(OCRPage((), 10, 20, "english", "mock", "1", number=number))


def environment(**settings: str) -> dict[str, str]:
    """Of a run on the mock engine, unless settings say otherwise."""
    ours = {"engine": "mock", "key_value_extractor": "mock", "decode_workers": "1", "cores": "1", **settings}
    more = {"COLUMNS": "200", "NO_COLOR": "1"}
    return {**os.environ, **{f"ML_SERVER_{name.upper()}": value for name, value in ours.items()}, **more}


def bulk(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A whole run, but for the start of a process for the command itself; those of engine and decoder are real."""
    command = ["bulk", *map(str, arguments)]
    result = CliRunner().invoke(app, command, env=environment(**settings))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(command, result.exit_code, result.stdout, result.stderr)


def bulk_process(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A whole run in a process of its own, as a shell starts it."""
    command = [CONSOLE, "bulk", *map(str, arguments)]
    return subprocess.run(
        command, env=environment(**settings), capture_output=True, text=True, timeout=120, check=False
    )


def summary(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What ``--json`` printed."""
    assert run.stdout, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    """Of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def results(output: Path) -> dict[str, Any]:
    """Every page's JSON by its path below the output, but for how long it took."""
    found = {}
    for path in sorted(output.rglob("page*.json")):
        body = json.loads(path.read_bytes())
        del body["processing_time_ms"]
        found[path.relative_to(output).as_posix()] = body
    return found


def mixed(folder: Path, count: int, *, damaged: int = 0) -> None:
    """Documents of all kinds in two folders, of a size each, of which some are cut off.

    Args:
        folder: made here.
        count: of the documents.
        damaged: how many of them; the first ones.
    """
    (folder / "하위").mkdir(parents=True)
    for index in range(count):
        size = 200 + index, 90
        name = folder / ("하위" if index % 2 else "") / f"scan{index}"
        kind = index % 4
        if kind == 0:
            path, data = name.with_suffix(".png"), png(*size)
        elif kind == 1:
            path, data = name.with_suffix(".tiff"), tiff(size, (size[0], 100), (size[0], 110))
        else:
            path = name.with_suffix(".pdf" if kind == 2 else ".jpg")
            picture = Image.new("RGB", size, "white")
            picture.save(path, save_all=True, append_images=[picture]) if kind == 2 else picture.save(path)
            data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] if index < damaged else data)
