"""A server as a stranger runs it: versions change by command while both wires are busy, and none of the calls fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pages import png
from running_server import running

from ml_server.clients import OCRClient
from ml_server.errors import InvalidRequest
from ml_server.models.store import Facts, ModelStore


def command(*arguments: str) -> str:
    tool = str(Path(sys.executable).parent / "ml-server")
    done = subprocess.run([tool, "models", *arguments], env=os.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_promoted_under_load_on_both_wires_and_rolled_back(home: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (model / name).write_text("{}")
    ModelStore("key-values").add(model, Facts(), "v2")
    with running(tmp_path, engine="mock", preload="", key_value_extractor="mock", queue_size="200") as server:
        addresses = (server.http, f"grpc://{server.grpc}")
        seen: list[tuple[str, str]] = []
        failed: list[Exception] = []
        over = threading.Event()

        def ask(address: str) -> None:
            with OCRClient(address, retries=0) as client:
                while not over.is_set():
                    try:
                        seen.append((address, client.extract_key_values(png())[0].model_version))
                    except Exception as error:
                        failed.append(error)
                    time.sleep(0.05)  # the machine must also start processes

        callers = [threading.Thread(target=ask, args=(address,)) for address in addresses * 2]
        for caller in callers:
            caller.start()
        try:
            until(lambda: len(seen) > 30)
            assert "v2 serves, instead of shipped" in command("promote", "v2", "--force")
            until(lambda: {version for _, version in seen[-12:]} == {"v2"})
            command("rollback")
            until(lambda: {version for _, version in seen[-12:]} == {"mock 1"})
        finally:
            over.set()
            for caller in callers:
                caller.join()
        assert failed == []
        assert set(seen) == {(address, version) for address in addresses for version in ("mock 1", "v2")}

        command("promote", "v2", "--share", "0")
        for address in addresses:
            with OCRClient(address, retries=0) as client:
                until(lambda asked=client: _answers(asked, "v2"))  # type: ignore[misc]  # a default binds the client
                assert client.extract_key_values(png())[0].model_version == "mock 1"
                with pytest.raises(InvalidRequest, match=r"'v9'; in service here: shipped \(1\), v2"):
                    client.extract_key_values(png(), model_version="v9")
        metrics = httpx.get(f"{server.http}/metrics").text
        for version in ("mock 1", "v2"):
            counted = f'ml_server_key_value_pages_total{{model_version="{version}"}}'
            assert any(line.startswith(counted) for line in metrics.splitlines())


def _answers(client: OCRClient, version: str) -> bool:
    try:
        return client.extract_key_values(png(), model_version=version)[0].model_version == version
    except InvalidRequest:
        return False
