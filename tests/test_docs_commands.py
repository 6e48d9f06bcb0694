"""Every shell command in README.md and docs/ is run here, or the page says why it is not.

The reason stands in a comment right above the block: ``<!-- not run: reason -->``. What runs, runs in a folder with
copies of what the commands name, against a server on the mock engine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from docs_commands import PAGES, ROOT, Block, blocks
from running_server import RunningServer, running
from typer.core import TyperGroup

from ml_server.cli import app

MOCK = {"ML_SERVER_ENGINE": "mock", "ML_SERVER_KEY_VALUE_EXTRACTOR": "mock"}
TOOLS = ("curl", "jq", "base64")

BLOCKS = [block for page in PAGES for block in blocks(page)]


def commands(block: Block) -> str:
    """What it does, without remarks: two pages may show the same."""
    return re.sub(r"\s+#.*$|\.venv/bin/", "", block.shell, flags=re.MULTILINE)


RUN = list({commands(block): block for block in BLOCKS if not block.reason}.values())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("docs_server")
    kept = str(folder / "documents")
    with running(folder, engine="mock", preload="", key_value_extractor="mock", documents=kept) as started:
        yield started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the commands expect to be in."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("samples", "docs", "deploy", "protos"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "samples" / "invoice_korean.png", folder / "scan.jpg")
    shutil.copy(ROOT / "samples" / "invoices.pdf", folder / "계약서.pdf")
    return folder


def test_there_are_commands_of_every_page_that_has_some() -> None:
    """A fence that the reader of blocks does not understand would go untested."""
    assert len(BLOCKS) > 20
    for page in PAGES:
        prompts = re.findall(r"^ *(\$ .+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        typed = "".join(block.shell for block in blocks(page))
        assert [prompt for prompt in prompts if prompt.removeprefix("$ ") not in typed] == []


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {name for block in BLOCKS for name in re.findall(r"^make (\w+)", block.shell, re.MULTILINE)}
    assert named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def called(shell: str) -> Iterator[list[str]]:
    """The words after each ``ml-server`` that is run, up to what the shell does with it."""
    whole = shell.replace("\\\n", "")
    for rest in re.findall(r"(?:^|[|&;] *|/)(?:\w+=\S* )*ml-server ([^|;&>#\n]*)", whole, re.MULTILINE):
        yield rest.split()


def test_commands_and_options_of_ml_server_exist() -> None:
    """Of those commands, too, that are not run."""
    seen = set()
    for block in BLOCKS:
        for words in called(block.shell):
            command: Any = typer.main.get_command(app)
            name = []
            while isinstance(command, TyperGroup):
                name.append(words.pop(0))
                assert name[-1] in command.commands, f"{block}: {name}"
                command = command.commands[name[-1]]
            seen.add(" ".join(name))
            known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
            given = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
            assert given <= known | {"--help"}, f"{block}: {name}"
    assert {"serve", "extract", "bulk", "ingest", "evaluate kie", "label-studio predict", "models list"} <= seen


def test_fences_within_lists_are_seen() -> None:
    inside = [block for block in BLOCKS if "label-studio export --project 1 corrected\n" in block.shell]
    assert any(block.page == "docs/label_studio.md" and block.reason for block in inside)
    assert any(block.page == "deploy/compose/README.md" for block in BLOCKS)


@pytest.mark.parametrize("block", RUN, ids=str)
def test_commands_do_what_they_should(block: Block, server: RunningServer, place: Path) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    script = block.shell.replace("localhost:3000", server.http.removeprefix("http://"))
    script = script.replace("localhost:50051", server.grpc)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=place,
        env=os.environ | MOCK | {"PATH": path, "BENTOML_HOME": str(place / "bentoml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.strip()
    # Curl is content with an error's answer, and jq finds null in it.
    assert "null" not in finished.stdout.splitlines()
    assert '"error"' not in finished.stdout
