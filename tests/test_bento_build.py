"""`bentoml build` packs the service from bentofile.yaml: our code and stubs, and nothing that does not belong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bento built from this repository."""
    home = tmp_path_factory.mktemp("bentoml")
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag", str(ROOT)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    _, _, tag = finished.stdout.strip().splitlines()[-1].partition("__tag__:")
    name, _, version = tag.partition(":")
    assert name == "ml_server"
    return home / "bentos" / name / version


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_has_every_module_and_stub_of_the_package(bento: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "ml_server").rglob("*")
        if path.suffix in {".py", ".pyi", ".typed"} or path.name == "py.typed"
    }
    assert {"ml_server/grpc_services/v1/ocr_pb2.py", "ml_server/grpc_services/v1/ocr_pb2.pyi"} <= wanted
    assert wanted - files(bento / "src") == set()
    assert {"pyproject.toml", "constraints.txt", "LICENSE", "NOTICE"} <= files(bento / "src")


def test_has_nothing_else(bento: Path) -> None:
    tops = {name.split("/")[0] for name in files(bento / "src")}
    ours = {
        "ml_server",
        "protos",
        "pyproject.toml",
        "constraints.txt",
        "README.md",
        "LICENSE",
        "NOTICE",
        "bentofile.yaml",
    }
    assert tops <= ours
    assert not [name for name in files(bento) if "__pycache__" in name or name.endswith((".onnx", ".pth", ".jpg"))]
    weights = {path for path in bento.rglob("weights/*") if path.is_file()}
    assert {path.suffix for path in weights} == {".json", ".md", ".safetensors"}
    assert sum(path.stat().st_size for path in weights) < 40_000_000
    assert sum(path.stat().st_size for path in bento.rglob("*") if path.is_file() and path not in weights) < 5_000_000


def test_service_imports_from_the_bento_alone(bento: Path) -> None:
    program = (
        "import ml_server.bentoml_services.service as service; from ml_server.grpc_services.v1 import ocr_pb2_grpc;"
        "print(service.__file__, ocr_pb2_grpc.__file__, service.MLServer.name, sep='\\n')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=bento / "src", capture_output=True, text=True, check=True
    )
    service, stubs, name = finished.stdout.split()
    assert Path(service).is_relative_to(bento)
    assert Path(stubs).is_relative_to(bento)
    assert name == "ml_server"


def test_image_exposes_both_wires_and_brings_korean(bento: Path) -> None:
    dockerfile = (bento / "env/docker/Dockerfile").read_text(encoding="utf-8")
    assert "FROM nvidia/cuda:" in dockerfile
    for expected in ("EXPOSE 3000", "EXPOSE 50051", "USER bentoml", "/livez", "tesseract-ocr-kor", "python3.11"):
        assert expected in dockerfile, expected
    # The base image has no pip, which BentoML's own next line calls when it finds no uv.
    assert dockerfile.index("ln -s /opt/uv/bin/uv") < dockerfile.index("command -v uv")
    setup = (bento / "env/docker/setup_script").read_text(encoding="utf-8")
    assert setup == (ROOT / "deploy/bento_setup.sh").read_text(encoding="utf-8")
