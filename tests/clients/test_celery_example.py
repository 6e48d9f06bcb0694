"""The task of docs/examples/celery_app.py, run by real Celery workers against a server with both wires."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from client_fakes import PAGE, Served, serving

from ml_server.errors import InvalidImage

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "celery_app.py"
RESULT = {"text": PAGE.text, "confidence": PAGE.overall_confidence, "engine": PAGE.engine}


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as server:
        yield server


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    """Imported once: Celery keeps a task of a module that has been imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
            patch.delenv(name, raising=False)
        patch.syspath_prepend(EXAMPLE.parent)
        found = importlib.import_module("celery_app")
        yield found
        found.app.close()


@pytest.fixture
def example(module: Any) -> Iterator[Any]:
    assert module._client is None, "the client must not be made before the fork"
    yield module
    module.close_client()  # Celery's worker for tests sends no signal when it ends


def page(folder: Path, data: bytes) -> str:
    path = folder / "page.png"
    path.write_bytes(data)
    return str(path)


async def test_a_worker_reads_pages(
    example: Any, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_SERVER", served.http)

    def work() -> tuple[dict[str, Any], str]:
        with start_worker(example.app, pool="solo", perform_ping_check=False, loglevel="warning"):
            sent = example.read_page.delay(page(tmp_path, b"image"), language="ko+en")
            found = sent.get(timeout=30)
            with pytest.raises(InvalidImage, match="made to fail"):
                example.read_page.delay(page(tmp_path, b"raise invalid_image")).get(timeout=30)
            return found, sent.id

    found, task = await asyncio.to_thread(work)
    assert found == RESULT
    assert served.pipeline.requests[0].language == "ko+en"
    assert served.pipeline.ids[0] == task


async def test_a_busy_server_sends_the_task_back_to_the_queue(
    example: Any, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_fakes.RETRY_S", 0.01)
    made = example.OCRClient
    monkeypatch.setattr(example, "OCRClient", lambda *args, **options: made(*args, **options, retries=0))
    monkeypatch.setenv("OCR_SERVER", served.grpc)

    def work() -> Any:
        with start_worker(example.app, pool="solo", perform_ping_check=False, loglevel="warning"):
            return example.read_page.delay(page(tmp_path, b"busy 2")).get(timeout=30)

    assert await asyncio.to_thread(work) == RESULT
    assert len(served.pipeline.requests) == 3
    assert len(set(served.pipeline.ids)) == 1


FORKING = """
import json, sys
sys.path.insert(0, sys.argv[1])
import celery_app
from pathlib import Path
folder = Path(sys.argv[2])
app = celery_app.app
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={name: str(folder / "queue") for name in ("data_folder_in", "data_folder_out")},
    result_backend=f"file://{folder / 'results'}",
    worker_hijack_root_logger=False,
)
"""


async def test_forked_workers_have_a_client_each(served: Served, tmp_path: Path) -> None:
    for folder in ("queue", "results"):
        (tmp_path / folder).mkdir()
    path = page(tmp_path, b"image")
    arguments = [str(EXAMPLE.parent), str(tmp_path)]
    worker = FORKING + "app.Worker(pool='prefork', concurrency=2, loglevel='warning').start()\n"
    sender = FORKING + (
        f"found = [celery_app.read_page.delay({path!r}) for _ in range(6)]\n"
        "print(json.dumps([each.get(timeout=60) for each in found]))\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CELERY_")}
    environment["OCR_SERVER"] = served.grpc  # the wire that forks could hurt: it has threads

    def work() -> Any:
        with subprocess.Popen([sys.executable, "-c", worker, *arguments], env=environment, cwd=tmp_path) as process:
            try:
                command = [sys.executable, "-c", sender, *arguments]
                sent = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
        return json.loads(sent.stdout)

    assert await asyncio.to_thread(work) == [RESULT] * 6
    assert len(served.pipeline.requests) == 6
