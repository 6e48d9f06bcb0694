"""`bentoml build` packs the service from bentofile.yaml: our code, stubs and weights, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ("ml_server/engines/layoutlm/weights", "ml_server/engines/korean_recogniser")


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


@pytest.fixture(scope="module")
def dockerfile(bento: Path) -> str:
    """What BentoML made of deploy/bento.Dockerfile.j2."""
    return (bento / "env/docker/Dockerfile").read_text(encoding="utf-8")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_has_every_module_and_stub_of_the_package(bento: Path) -> None:
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "ml_server").rglob("*.py")}
    assert {"ml_server/grpc_services/v1/ocr_pb2.py", "ml_server/bentoml_services/service.py"} <= wanted
    assert wanted - files(bento / "src") == set()


def test_has_the_weights_that_ship_with_the_package(bento: Path) -> None:
    for folder in WEIGHTS:
        assert files(bento / "src" / folder) == files(ROOT / folder)
    sizes = [path.stat().st_size for folder in WEIGHTS for path in (bento / "src" / folder).glob("*")]
    assert 37_000_000 < sum(sizes) < 60_000_000


def test_has_nothing_else(bento: Path) -> None:
    src = files(bento / "src")
    tops = {name.split("/")[0] for name in src}
    assert tops == {"ml_server", "deploy", "README.md", "LICENSE", "NOTICE", "bentofile.yaml"}
    assert {name for name in src if name.startswith("deploy/")} == {
        "deploy/image_packages.sh",
        "deploy/image_venv.sh",
    }
    others = [name for name in src if name.startswith("ml_server/") and not name.startswith(WEIGHTS)]
    assert {Path(name).suffix for name in others} == {".py", ".typed"}
    assert not [name for name in files(bento) if "__pycache__" in name]
    assert sum((bento / "src" / name).stat().st_size for name in others) < 5_000_000


def test_requirements_are_the_pinned_ones(bento: Path) -> None:
    written = (bento / "env/python/requirements.txt").read_text(encoding="utf-8")
    pins = [line for line in written.splitlines() if line and not line.startswith("#")]
    ours = (ROOT / "deploy/requirements.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"^[^#\n]+$", ours, re.MULTILINE)) <= set(pins)
    assert {pin.partition("==")[0] for pin in pins if "==" in pin} >= {
        "bentoml",
        "grpcio",
        "paddleocr",
        "tesserocr",
        "torch",
    }
    assert [pin for pin in pins if "==" not in pin] == []


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


def test_image_serves_both_wires_as_nobody_special(dockerfile: str) -> None:
    assert re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE) == ["3000", "3001", "50051"]
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE)[-1] == "bentoml"
    assert "HEALTHCHECK" in dockerfile
    assert "/livez" in dockerfile
    assert 'ENTRYPOINT [ "/home/bentoml/bento/env/docker/entrypoint.sh" ]' in dockerfile


def test_image_has_the_base_that_is_asked_for(dockerfile: str) -> None:
    """CUDA unless a build argument says otherwise, and the device and torch's build are such arguments, too."""
    base = re.search(r"^ARG CUDA_IMAGE=(.+)$", (ROOT / "Dockerfile.gpu").read_text(encoding="utf-8"), re.MULTILINE)
    assert base is not None
    assert re.findall(r"^FROM (.+)$", dockerfile, re.MULTILINE) == ["${BASE_IMAGE} AS base-container"]
    for argument in (f"BASE_IMAGE={base[1]}", "ML_SERVER_DEVICE=gpu", "TORCH_BACKEND=cu130"):
        assert f"ARG {argument}\n" in dockerfile


def test_image_is_built_in_an_order_that_works(dockerfile: str) -> None:
    steps = (
        "COPY ./src/deploy/image_packages.sh",
        "ln -s /opt/uv/bin/uv",
        "command -v uv",  # else BentoML calls pip, which there is not
        "/env/python/install.sh",
        "COPY --chown=bentoml:bentoml . ./",
        "RUN /home/bentoml/bento/env/docker/setup_script",
        "USER bentoml",
    )
    places = [dockerfile.index(step) for step in steps]
    assert places == sorted(places)


def test_the_setup_script_is_ours(bento: Path) -> None:
    setup = (bento / "env/docker/setup_script").read_text(encoding="utf-8")
    assert setup == (ROOT / "deploy/bento_setup.sh").read_text(encoding="utf-8")
    assert "/src/deploy/image_venv.sh" in setup
