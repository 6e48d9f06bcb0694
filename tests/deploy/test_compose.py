"""deploy/compose: variables, ports, paths and times agree with the server and with each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from manifests import PREFIX, ROOT, quantity, settings

from ml_server.bentoml_services import paths
from ml_server.body_budget import disk_bytes, memory_bytes

COMPOSE = ROOT / "deploy" / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
SERVERS = {name: service for name, service in SERVICES.items() if "profiles" in service}
EXAMPLE = dict(
    line.split("=", 1)
    for line in (COMPOSE / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


AWS = ("ENDPOINT_URL", "DEFAULT_REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def filled(text: str) -> str:
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: EXAMPLE[found[1]] or "secret", text)


def valid(file: dict[str, Any]) -> None:
    """Raises ValueError where Compose's specification does not have it so, or a network is referred to in vain."""
    PyCompose.from_yaml(filled(yaml.safe_dump(file))).validate()


def keys(node: yaml.Node) -> Iterator[list[str]]:
    """Of every mapping, as they are written: the loader keeps the last of two that are the same."""
    parts = [node] if isinstance(node, yaml.MappingNode) else []
    yield from ([str(key.value) for key, _ in part.value] for part in parts)
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        for each in child if isinstance(child, tuple) else (child,):
            yield from keys(each)


def test_no_key_is_there_twice() -> None:
    """Compose refuses such a file."""
    twice = [found for found in keys(yaml.compose(TEXT)) if len(found) != len(set(found))]
    assert twice == []
    assert list(keys(yaml.compose("a: {b: 1, b: 2}"))) == [["a"], ["b", "b"]]


def test_the_file_is_one_of_compose() -> None:
    plain = {name: part for name, part in FILE.items() if not name.startswith("x-")}
    valid(plain)
    with pytest.raises(ValueError, match="service_helthy"):
        valid(plain | {"services": {"a": {"image": "b", "depends_on": {"b": {"condition": "service_helthy"}}}}})
    with pytest.raises(ValueError, match="default"):
        valid(plain | {"networks": {}})


def test_the_example_has_every_variable_and_no_secret() -> None:
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    assert used | {"COMPOSE_PROFILES"} == set(EXAMPLE)
    asked_for = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert asked_for >= {"S3_SECRET_KEY", "GRAFANA_PASSWORD", "LABEL_STUDIO_PASSWORD"}
    assert {name for name in EXAMPLE if not EXAMPLE[name]} == asked_for | {"ML_SERVER_API_KEYS", "LABEL_STUDIO_API_KEY"}
    for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT):
        assert EXAMPLE[name] == default, name
    assert ".env" in (COMPOSE / ".gitignore").read_text(encoding="utf-8").split()


def test_the_servers_are_one_but_for_the_image() -> None:
    assert {name: service["profiles"] for name, service in SERVERS.items()} == {
        "server-cpu": ["cpu"],
        "server-gpu": ["gpu"],
    }
    assert EXAMPLE["COMPOSE_PROFILES"] == "cpu"
    dockerfile = (ROOT / "Dockerfile.gpu").read_text(encoding="utf-8")
    for name, service in SERVERS.items():
        target = name.removeprefix("server-")
        build = service["build"]
        assert (build["target"], service["image"]) == (target, f"ml-server:{target}")
        assert (COMPOSE / build["context"] / build["dockerfile"]).resolve() == ROOT / "Dockerfile.gpu"
        assert re.search(rf"^FROM \S+ AS {target}$", dockerfile, re.M)
        assert service["command"] == ["serve"]
        assert service["networks"]["default"]["aliases"] == ["server"]
    assert "deploy" not in SERVERS["server-cpu"]
    (gpu,) = SERVERS["server-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (gpu["driver"], gpu["capabilities"]) == ("nvidia", ["gpu"])


def test_the_servers_settings_and_ports_are_real() -> None:
    for service in SERVERS.values():
        variables = {name: filled(value) for name, value in service["environment"].items()}
        others = {name for name in variables if not name.startswith(PREFIX)}
        assert others == {"BENTOML_HOME", "XDG_STATE_HOME", *(f"AWS_{name}" for name in AWS)}
        wanted = settings({name: value for name, value in variables.items() if name not in others})
        assert variables["AWS_ENDPOINT_URL"] == "http://storage:8333"
        assert wanted.documents == f"s3://{EXAMPLE['S3_BUCKET']}/preprocessed"
        # Else the versions of a model would go with the container; the image has made the folder the server's.
        assert f"models:{variables['BENTOML_HOME']}" in service["volumes"]
        assert variables["XDG_STATE_HOME"].startswith(f"{variables['BENTOML_HOME']}/")
        assert f"-d {variables['BENTOML_HOME']}" in (ROOT / "Dockerfile.gpu").read_text(encoding="utf-8")
        ports = {tuple(port.rsplit(":", 2)[1:]) for port in service["ports"]}
        assert ports == {(str(port), str(port)) for port in (wanted.http_port, wanted.grpc_port)}
        assert f":{wanted.http_port}{paths.READYZ}'" in service["healthcheck"]["test"][-1]
        assert seconds(service["healthcheck"]["start_period"]) > wanted.load_timeout_s
        assert seconds(service["stop_grace_period"]) > wanted.shutdown_grace_s + 10
        assert wanted.shutdown_grace_s >= wanted.request_timeout_s
        assert service["read_only"] is True
        (tmp,) = service["tmpfs"]
        path, _, options = tmp.partition(":")
        size = dict(option.split("=") for option in options.split(","))["size"]
        assert path == "/tmp"
        assert quantity(size) >= disk_bytes(wanted) + 2**29
        # In a container, files of a tmpfs are memory, too.
        decoders = wanted.decode_workers * (wanted.decode_memory_mb + 128) * 2**20
        besides = 2**29 + 2 * memory_bytes(wanted) + decoders + quantity(size) + quantity(service["shm_size"])
        assert wanted.memory_budget_mb * 2**20 + besides <= quantity(filled(service["mem_limit"]))


def test_everything_starts_in_order() -> None:
    for name, service in SERVICES.items():
        assert name == "bucket" or "healthcheck" in service, name
        for before, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if before == "bucket" else "service_healthy"
            assert how["condition"] == wanted
            # Of the two servers only one is in the profile.
            assert how.get("required", True) == (before not in SERVERS)
    assert set(SERVICES["label-studio"]["depends_on"]) == {"bucket", *SERVERS}
    assert all(set(server["depends_on"]) == {"bucket"} for server in SERVERS.values())
    assert set(SERVICES["grafana"]["depends_on"]) == {"prometheus"}


@pytest.mark.parametrize(
    ("buckets", "made", "code"),
    [
        ("", "documents", 0),
        # The shell fails at making one that is there.
        ("documents", "", 0),
        # It succeeds although nothing was made, and another's name begins like ours.
        ("documents-2", "", 1),
    ],
)
def test_the_bucket_is_there_or_the_job_fails(tmp_path: Path, buckets: str, made: str, code: int) -> None:
    job = SERVICES["bucket"]
    (script,) = job["command"]
    environment = {name: filled(value) for name, value in job["environment"].items()}
    assert environment == {"BUCKET": EXAMPLE["S3_BUCKET"], "MASTER": "storage:9333"}
    programs = {
        "weed": f"""\
            read -r command name
            case $command in
              s3.bucket.create) [ -z '{made}' ] || echo '{made}' >>{tmp_path}/buckets ;;
              s3.bucket.list) awk '{{print "  " $0 "\\tsize:0\\tchunk:0"}}' {tmp_path}/buckets ;;
            esac""",
        "sleep": "",
    }
    (tmp_path / "buckets").write_text(buckets, encoding="utf-8")
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    command = [*job["entrypoint"], script.replace("$$", "$")]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == code, finished.stderr
    assert ("no bucket documents" in finished.stderr) == bool(code)


def test_the_server_may_use_its_bucket_and_nothing_else() -> None:
    (identity,) = json.loads(filled(FILE["configs"]["s3"]["content"]))["identities"]
    bucket = EXAMPLE["S3_BUCKET"]
    assert identity["actions"] == [f"{action}:{bucket}" for action in ("Read", "Write", "List", "Tagging")]


def test_label_studio_may_reach_storage_and_server() -> None:
    """They are at private addresses, which it refuses unless it is told as docs/label_studio.md tells it."""
    page = (ROOT / "docs" / "label_studio.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\$ export (USE_DEFAULT_BANNED_SUBNETS.*)$", page, re.M)
    told = dict(variable.split("=", 1) for variable in line.split())
    assert told.items() <= SERVICES["label-studio"]["environment"].items()
    for server in SERVERS.values():
        assert server["environment"]["ML_SERVER_LABEL_STUDIO_URL"] == "http://label-studio:8080"
        assert server["environment"]["ML_SERVER_LABEL_STUDIO_HOSTS"] == "storage:8333"


def test_label_studio_is_the_version_that_the_tests_run() -> None:
    tested = (ROOT / "tests" / "label_studio" / "real_label_studio.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^VERSION = "([\d.]+)"$', tested, re.M)
    assert SERVICES["label-studio"]["image"] == f"heartexlabs/label-studio:{version}"
    page = (ROOT / "docs" / "label_studio.md").read_text(encoding="utf-8")
    assert re.findall(r"label-studio==([\d.]+)", page) == [version]


def test_images_are_pinned_and_ports_stay_on_this_machine() -> None:
    hosts: list[str] = []
    for service in SERVICES.values():
        assert re.fullmatch(r"[\w./-]+:(v?\d[\w.]*|cpu|gpu)", service["image"])
        hosts += [port.rsplit(":", 2)[1] for port in service.get("ports", ()) if service is not SERVERS["server-gpu"]]
        assert all(port.startswith("${BIND:-127.0.0.1}:") for port in service.get("ports", ()))
    assert len(hosts) == len(set(hosts))


def test_what_is_mounted_is_there_and_prometheus_scrapes_the_server() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in FILE["volumes"] or (COMPOSE / source).exists(), volume
    prometheus = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yaml").read_text(encoding="utf-8"))
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in prometheus["scrape_configs"]}
    assert targets["ml_server"] == ["server:3000"]
    provisioned = yaml.safe_load(
        (ROOT / "deploy/monitoring/grafana/provisioning/dashboards/ml_server.yaml").read_text(encoding="utf-8")
    )
    (provider,) = provisioned["providers"]
    assert f"../monitoring/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
