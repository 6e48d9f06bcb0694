"""What the commands say before they speak to anybody, and where nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_server import free_port
from typer.testing import CliRunner

from ml_server.cli import app

RUN = CliRunner()


def run(*arguments: str, token: str = "0" * 40) -> tuple[int, str]:
    found = RUN.invoke(app, ["label-studio", *arguments], env={"LABEL_STUDIO_API_KEY": token})
    return found.exit_code, " ".join(found.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["predict", "-p", "1", "--watch", "soon"], "it is like 30s, 5m or 1h"),
        (["predict", "-p", "1", "--watch", "0"], "it is like 30s, 5m or 1h"),
        (["predict", "-p", "1", "--watch", "30s", "--retry-failed", "f"], "exclude each other"),
        (["predict", "-p", "1", "--retry-failed", "/no/such/file"], "cannot read /no/such/file"),
        (["predict", "-p", "1", "--url", "studio:8080"], "the address of Label Studio is"),
        (["predict", "-p", "0"], "greater than or equal"),
        (["backend", "--predict", "everything"], "predict: Input should be 'auto', 'ocr', 'key_values' or 'both'"),
        (["export", "-p", "1", "out", "--label", "품명"], "it is like 품명=QUESTION"),
        (["export", "-p", "1", "out", "--label", "품명=DATE"], "it is like 품명=QUESTION"),
    ],
)
def test_wrong_command_lines_are_refused_with_the_reason(arguments: list[str], fault: str) -> None:
    code, err = run(*arguments)
    assert code == 2
    assert fault in err.replace("│ ", "")


@pytest.mark.parametrize("command", [["predict", "-p", "1"], ["sync", "-s", "scans"], ["export", "-p", "1", "out"]])
def test_without_a_token_they_say_how_to_get_one(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    found = RUN.invoke(app, ["label-studio", *command])
    assert found.exit_code == 1
    assert "LABEL_STUDIO_API_KEY" in found.stderr


@pytest.mark.parametrize("command", ["predict", "sync", "export"])
def test_a_label_studio_that_is_not_there_is_said(command: str, tmp_path: Path) -> None:
    rest = {
        "predict": ["-p", "1", "--wait-for-label-studio", "0", "--state", str(tmp_path)],
        "sync": ["-s", "scans"],
        "export": ["-p", "1", str(tmp_path / "out"), "--wait-for-label-studio", "0"],
    }[command]
    url = f"http://127.0.0.1:{free_port()}"
    code, err = run(command, *rest, "--url", url)
    assert code == 1
    assert url in err
