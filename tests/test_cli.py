"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pages import png
from PIL import Image


def ml_server(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the console script on the mock engine unless told otherwise."""
    command = [str(Path(sys.executable).parent / "ml-server"), *map(str, arguments)]
    ours = {"ML_SERVER_ENGINE": "mock", "ML_SERVER_KEY_VALUE_EXTRACTOR": "mock"}
    env = {**os.environ, **ours, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "페이지.png"
    path.write_bytes(png(300, 90))
    return path


@pytest.mark.parametrize("command", ["", "serve", "grpc", "extract", "engines"])
def test_help_teaches(command: str) -> None:
    result = ml_server(*[command] if command else [], "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout
    if command in ("serve", "extract"):
        assert "Example" in result.stdout


def test_version() -> None:
    assert ml_server("--version").stdout.startswith("ml-server 0.")


def test_text_goes_to_standard_output(page: Path) -> None:
    result = ml_server("extract", page)
    assert result.returncode == 0
    assert result.stdout.splitlines()[0] == "mock page 300 x 90"
    assert result.stderr == ""


def test_json_is_one_line_a_file_and_a_bad_file_does_not_stop_the_rest(page: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    result = ml_server("extract", text, tmp_path / "absent.png", page, "--json", "--confidence-threshold", "0")
    assert result.returncode == 1
    bad, absent, good = (json.loads(line) for line in result.stdout.splitlines())
    assert (bad["status"], bad["error"]["code"], bad["file"]) == ("error", "invalid_image", str(text))
    assert "No such file" in absent["error"]["message"]
    assert (good["status"], good["file"], good["page_count"]) == ("success", str(page), 1)
    assert len(good["pages"][0]["text_boxes"]) == 3
    assert "notes.txt" in result.stderr


def test_processes_of_the_engines_do_not_load_the_command_line(page: Path, tmp_path: Path) -> None:
    every_import = {"PYTHONPROFILEIMPORTTIME": "1"}  # of every process, on standard error
    result = ml_server("bulk", page, tmp_path / "read", **every_import)
    imported = [line.rpartition("|")[2].strip() for line in result.stderr.splitlines()]
    assert imported.count("ml_server.child") > 1, "there were no such processes"
    assert imported.count("ml_server.cli") == imported.count("typer") == 1


def test_overlay_draws_every_page(tmp_path: Path) -> None:
    document = tmp_path / "two.tiff"
    pages = [Image.new("RGB", (200, 100), "white"), Image.new("RGB", (100, 200), "white")]
    pages[0].save(document, save_all=True, append_images=pages[1:])
    result = ml_server("extract", document, "--overlay", tmp_path / "seen.png")
    assert result.returncode == 0, result.stderr
    for number, page in enumerate(pages, start=1):
        with Image.open(tmp_path / f"seen-{number}.png") as drawn:
            assert drawn.width >= 2 * page.width


def test_files_of_one_name_have_overlays_of_their_own(page: Path, tmp_path: Path) -> None:
    twin = tmp_path / "other" / page.name
    twin.parent.mkdir()
    twin.write_bytes(page.read_bytes())
    result = ml_server("extract", page, twin, page, "--overlay", tmp_path / "seen.png")
    assert result.returncode == 0, result.stderr
    drawn = {path.name for path in tmp_path.glob("seen*")}
    assert drawn == {f"seen-{page.stem}.png", f"seen-{page.stem}_2.png", f"seen-{page.stem}_3.png"}


def test_an_overlay_that_cannot_be_written_is_said_plainly(page: Path, tmp_path: Path) -> None:
    result = ml_server("extract", page, "--overlay", tmp_path / "absent" / "seen.png")
    assert result.returncode == 1
    assert "mock page" in result.stdout
    assert "cannot draw" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_engine_that_is_not_there_has_its_own_exit_code(page: Path) -> None:
    result = ml_server("extract", page, "--engine", "magic")
    assert result.returncode == 3
    assert "tesseract" in result.stderr
    assert "Traceback" not in result.stderr
    assert ml_server("extract", page, "--lang", "klingon").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["extract"], {}),
        (["fly"], {}),
        (["engines"], {"ML_SERVER_PDF_DPI": "9"}),
        (["serve", "--grpc-port", "x"], {}),
        (["serve", "--engine", "padle"], {}),
        (["grpc"], {"ML_SERVER_PRELOAD": "korean,xx"}),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], environment: dict[str, str]) -> None:
    result = ml_server(*arguments, **environment)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_a_taken_port_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for result in (ml_server("grpc", "--grpc-port", port), ml_server("serve", "--http-port", port)):
            assert result.returncode == 1
            assert port in result.stderr.splitlines()[-1]
            assert "Traceback" not in result.stderr


def test_engines_says_what_is_here_and_what_is_missing(tmp_path: Path) -> None:
    infos = json.loads(ml_server("engines", "--json", ML_SERVER_ENGINE="auto").stdout)
    assert infos["default_language"] == "korean"
    assert [(info["name"], info["kind"]) for info in infos["engines"]] == [
        *((name, "ocr") for name in ("paddle", "tesseract", "easyocr", "vlm", "mock")),
        ("mock", "key_values"),
    ]
    table = ml_server("engines").stdout
    assert "Apache-2.0" in table
    assert "key values" in table
    blocker = tmp_path / "sitecustomize.py"
    blocker.write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'tesserocr' else find(name, *rest)\n"
    )
    table = ml_server("engines", PYTHONPATH=str(tmp_path)).stdout
    assert "tesserocr" in table
    assert 'pip install "ml_server[tesseract]"' in table.replace("\n", "")
