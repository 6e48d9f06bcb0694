"""A server as a stranger runs it: versions change by command while both wires are busy, and none of the calls fails.

And ``ml-server label-studio predict --server`` lets it read, on both wires at a time.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_home import model_home
from pages import png
from running_server import RunningServer, running
from stand_in import StandIn
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.clients import OCRClient
from ml_server.errors import InvalidRequest
from ml_server.models.serving import Serving, ServingFile
from ml_server.models.store import Facts, ModelStore
from ml_server.settings import Settings

SHIPPED, READ_BY = "mock 1", "mock 1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """On the mocks, with a version v2 in the store; who serves is for each test to say."""
    folder = tmp_path_factory.mktemp("served")
    model = folder / "model"
    model.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (model / name).write_text("{}")
    with model_home(folder / "bentoml"):
        ModelStore("key-values").add(model, Facts(), "v2")
        with running(folder, engine="mock", preload="", key_value_extractor="mock", queue_size="200") as server:
            yield server


def command(*arguments: str) -> str:
    """``ml-server models …`` here: the server sees only what it writes."""
    done = CliRunner().invoke(app, ["models", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(client: OCRClient) -> set[str]:
    """Who answers four requests."""
    return {client.extract_key_values(png())[0].model_version for _ in range(4)}


def address_of(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def predict(state: Path, *servers: str, code: int = 0) -> dict[str, Any]:
    """The last line of ``--json``."""
    flags = [part for address in servers for part in ("--server", address)]
    done = CliRunner().invoke(
        app, ["label-studio", "predict", "-p", "1", "--json", "--state", str(state), *flags],
        env={"LABEL_STUDIO_API_KEY": "0" * 40},
    )  # fmt: skip
    assert done.exit_code == code, done.output
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_promoted_under_load_on_both_wires_and_rolled_back(served: RunningServer) -> None:
    ServingFile.of(Settings()).write(Serving())
    addresses = (served.http, f"grpc://{served.grpc}")
    with OCRClient(served.http) as client:
        until(lambda: answers(client) == {SHIPPED})
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
                time.sleep(0.1)  # the machine must also start processes

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

    metrics = httpx.get(f"{served.http}/metrics").text
    for version in ("mock 1", "v2"):
        counted = f'ml_server_key_value_pages_total{{model_version="{version}"}}'
        assert any(line.startswith(counted) for line in metrics.splitlines())


def test_all_predictions_of_a_run_are_of_one_version_and_the_next_one_has_its_own(
    served: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = StandIn(tasks=8)
    for number, task in studio.tasks.items():
        task["data"]["image"] = address_of(png(300 + number, 90))
    monkeypatch.setattr("ml_server.label_studio.predict_passes.LabelStudio", lambda settings: studio.client())
    file = ServingFile.of(Settings())
    file.write(shared := Serving().sharing("v2", 50, "a test"))
    addresses = (served.http, f"grpc://{served.grpc}")
    for address in addresses:
        with OCRClient(address, retries=0) as client:
            until(lambda asked=client: answers(asked) == {SHIPPED, "v2"})  # type: ignore[misc]  # binds the client
            for asked, answered in (("v2", "v2"), ("shipped", SHIPPED)):
                assert client.extract_key_values(png(), model_version=asked)[0].model_version == answered
            with pytest.raises(InvalidRequest, match=r"'v9'; in service here: shipped \(1\), v2"):
                client.extract_key_values(png(), model_version="v9")

    first = predict(tmp_path, *addresses)
    assert (first["done"], first["failed"], first["model_version"]) == (8, 0, f"{SHIPPED} + {READ_BY}")
    assert all(studio.versions_of(task) == [f"{SHIPPED} + {READ_BY}"] for task in studio.tasks)
    widths = {each["task"]: each["result"][0]["original_width"] for each in studio.predictions.values()}
    assert widths == {task: 300 + task for task in studio.tasks}
    assert predict(tmp_path, addresses[0])["skipped"] == 8

    def promote(path: str) -> None:
        """With the first prediction of the run: v2 serves alone from then on."""
        if path == "/api/predictions/" and file.read().version != "v2":
            file.write(shared.promoted("v2", "a test"))
            with OCRClient(served.http) as client:
                until(lambda: answers(client) == {"v2"})

    studio.on_call = promote
    for number in range(9, 30):
        studio.tasks[number] = {"id": number, "data": {"image": address_of(png(300, 90))}}
    studio.tasks[8]["data"]["image"] = address_of(b"no picture")
    second = predict(tmp_path, *addresses, code=1)
    assert (second["done"], second["failed"], second["model_version"]) == (28, 1, f"v2 + {READ_BY}")
    made = [studio.versions_of(task) for task in range(9, 30)]
    assert [each[-1] for each in made] == [f"v2 + {READ_BY}"] * 21
    assert 0 < sum(each == [f"{SHIPPED} + {READ_BY}", f"v2 + {READ_BY}"] for each in made) < 21
    assert all(len(each) == len(set(each)) for each in made)
    (line,) = Path(second["failures"]).read_text().splitlines()
    assert (json.loads(line)["task"], json.loads(line)["code"]) == (8, "invalid_image")
    assert [studio.versions_of(task)[1:] for task in range(1, 9)] == [[f"v2 + {READ_BY}"]] * 7 + [[]]
