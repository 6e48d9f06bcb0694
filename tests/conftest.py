"""Fixtures that more than one part of the suite uses."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from model_home import model_home
from running_server import RunningServer, running

from ml_server.engines import paddle_weights
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

if TYPE_CHECKING:
    from real_label_studio import LabelStudio

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Commands that run in this process set up logging for the whole of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    # pytest takes its own handlers away itself.
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]
    root.setLevel(level)


@pytest.fixture(scope="session")
def data() -> Path:
    """Real documents with ground truth; not part of a user's clone."""
    folder = Path(os.environ.get("ML_SERVER_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no evaluation documents here; point ML_SERVER_TEST_DATA at them to run this test")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The repository's own sample documents."""
    return ROOT / "samples"


@pytest.fixture
async def make_pipeline() -> AsyncIterator[Callable[..., Pipeline]]:
    """Pipelines on the mock engine with settings of the test's choice; closed at its end."""
    made: list[Pipeline] = []

    def make(*, inline: bool = False, **settings: object) -> Pipeline:
        extraction = {"key_value_extractor": "mock", "key_value_preload": False}
        values = {"engine": "mock", "preload": "", "decode_workers": 1, "shutdown_grace_s": 1.0} | extraction | settings
        pipeline = Pipeline(Settings.model_validate(values), inline=inline)
        made.append(pipeline)
        return pipeline

    yield make
    for pipeline in made:
        await pipeline.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server as it comes: real engines and default settings, but that the extractor waits for its first request."""
    with running(tmp_path_factory.mktemp("server"), key_value_preload="false") as started:
        yield started


@pytest.fixture(scope="session")
def mock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on the mock engine: three quarters of a second a page, two replicas, crashing when told to.

    It is started in a folder of modules named as packages that it needs.
    """
    settings = {"engine": "mock", "mock_delay_s": "0.75", "mock_failure": "crash", "replicas": "2", "preload": ""}
    extraction = {"key_value_extractor": "mock", "key_value_preload": "false"}
    folder = tmp_path_factory.mktemp("mock_server")
    cwd = folder / "cwd"
    for name in ("ml_server", "bentoml", "grpc", "circus", "uvicorn"):
        (cwd / name).mkdir(parents=True)
        (cwd / name / "__init__.py").write_text(f"raise SystemExit('this is not the installed {name}')\n")
    with running(folder, None, cwd=str(cwd), **settings, **extraction) as started:
        yield started


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    """A real Label Studio with a user and both kinds of token; for tests with the marker ``label_studio``."""
    from real_label_studio import running_label_studio

    with running_label_studio(tmp_path_factory.mktemp("label_studio")) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """BentoML's home with an empty model store; of this process and of those it starts."""
    with model_home(tmp_path / "bentoml") as made:
        yield made


@pytest.fixture(scope="session")
def released() -> Path:
    """PP-OCRv6's small recogniser as it was released: its ONNX file."""
    model = paddle_weights.find(paddle_weights.RECOGNISER, None)
    assert model is not None
    assert model.file is not None
    return model.file
