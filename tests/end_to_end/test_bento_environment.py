"""A bento by itself: an empty environment gets what the bento asks for, then serves a real page with the network off.

Not part of the default run, because the installation takes minutes: ``make test ARGS="-m bento_environment"``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.bento_environment, pytest.mark.timeout(3000)]

# Run by the bento's own Python, in a network namespace that has a loopback device and nothing else.
READ = """\
import json, os, signal, socket, subprocess, sys, time
from ml_server.clients import OCRClient

bento, image = sys.argv[1:]
command = ["bentoml", "serve", bento, "--host", "127.0.0.1", "--port", "3000"]
with open("server.log", "w") as log:
    began = time.monotonic()
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with OCRClient("http://127.0.0.1:3000") as http, OCRClient("grpc://127.0.0.1:50051") as grpc:
            http.wait_until_ready(240)
            ready_s = time.monotonic() - began
            pages = [client.extract_text(image) for client in (http, grpc)]
            pairs = [next(iter(client.extract_key_values(image))) for client in (http, grpc)]
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(60)
print(json.dumps({
    "network": [name for _, name in socket.if_nameindex()],
    "ready_s": ready_s,
    "engines": [page.engine for page in pages],
    "texts": [page.text for page in pages],
    "pairs": [[[pair.key, pair.value] for pair in page.key_values] for page in pairs],
    "code": code,
}))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the bento, the environment and the server's files."""
    return tmp_path_factory.mktemp("bento_environment")


@pytest.fixture(scope="module")
def bento(place: Path) -> Path:
    """The bento, where nothing of this repository is near."""
    environment = os.environ | {"BENTOML_HOME": str(place / "build"), "BENTOML_DO_NOT_TRACK": "True"}
    subprocess.run([sys.executable, "-m", "bentoml", "build", str(ROOT)], env=environment, check=True)
    (built,) = (path.parent for path in (place / "build" / "bentos").glob("*/*/bento.yaml"))
    shutil.copytree(built, place / "bento")
    return place / "bento"


@pytest.fixture(scope="module")
def environment(place: Path, bento: Path) -> dict[str, str]:
    """Variables under which the bento's environment is active; BentoML's script and ours have installed into it."""
    venv = place / "venv"
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([python, "-m", "venv", venv], check=True)
    variables = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG"))}
    variables |= {
        "PATH": f"{venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(venv),
        "HOME": str(place),
        "BENTO_PATH": str(bento),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    for script in ("env/python/install.sh", "env/docker/setup_script"):
        subprocess.run(["bash", bento / script], cwd=bento, env=variables, check=True)
    return variables


@pytest.fixture(scope="module")
def answers(place: Path, bento: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What the server of the bento answered over both wires."""
    image = shutil.copy(ROOT / "samples" / "invoice_korean.png", place)
    arguments = ["python", "-c", READ, str(bento), str(image)]
    offline = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*offline, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespaces here (unshare --map-root-user --net)")
    finished = subprocess.run(
        [*offline, *arguments],
        cwd=place,
        env=environment | {"PYTHONPATH": str(bento / "src")},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    log = (place / "server.log").read_text(encoding="utf-8")
    assert finished.returncode == 0, log[-4000:]
    answers: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answers


def test_there_was_no_network(answers: dict[str, Any]) -> None:
    assert answers["network"] == ["lo"]


def test_both_wires_read_a_real_page_alike(answers: dict[str, Any]) -> None:
    over_http, over_grpc = answers["texts"]
    assert over_http == over_grpc
    assert "주식회사" in over_http
    assert len(over_http.splitlines()) > 15


def test_both_wires_find_keys_and_values_with_the_shipped_model(answers: dict[str, Any]) -> None:
    over_http, over_grpc = answers["pairs"]
    assert over_http == over_grpc
    assert len(over_http) > 5


def test_the_server_stopped_as_it_should(answers: dict[str, Any]) -> None:
    assert answers["code"] == 0


def test_its_opencv_needs_no_libgl(environment: dict[str, str]) -> None:
    program = "import cv2; print(open('/proc/self/maps').read())"
    maps = subprocess.run(["python", "-c", program], env=environment, capture_output=True, text=True, check=True).stdout
    assert "cv2" in maps
    assert "libGL" not in maps
