"""What the manifests say of the server is what its code says: ports, paths, settings, times, sizes, images."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests import KUBERNETES, OVERLAYS, ROOT, built, built_with, container, documents, one, pod, quantity, settings

from ml_server import __version__
from ml_server.bentoml_services import paths
from ml_server.bentoml_services.edge import FORM_SLACK
from ml_server.body_budget import disk_bytes, memory_bytes
from ml_server.grpc_services.server import SERVICE
from ml_server.settings import Settings

DOCKERFILE = (ROOT / "Dockerfile.gpu").read_text(encoding="utf-8")
PREFIX = "ML_SERVER_"


def configured(overlay: str) -> Settings:
    server = container(built(overlay))
    (source,) = server["envFrom"]
    config = one(built(overlay), "ConfigMap", "ml-server-settings")
    assert source["configMapRef"]["name"] == config["metadata"]["name"]
    return settings(config["data"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ports_are_the_servers(overlay: str) -> None:
    wanted = configured(overlay)
    ports = {port["name"]: port["containerPort"] for port in container(built(overlay))["ports"]}
    if overlay == "grpc":
        assert ports == {"grpc": wanted.grpc_port, "metrics": wanted.grpc_metrics_port}
        assert wanted.grpc_metrics_port
    else:
        assert ports == {"http": wanted.http_port, "grpc": wanted.grpc_port}
        exposed = {int(port) for line in re.findall(r"^EXPOSE (.+)$", DOCKERFILE, re.M) for port in line.split()}
        assert exposed == set(ports.values())
    for service in (each for each in built(overlay) if each["kind"] == "Service"):
        for port in service["spec"]["ports"]:
            assert (port["name"], port["port"]) == (port["targetPort"], ports[port["targetPort"]])
    allowed = {
        port["port"] for rule in one(built(overlay), "NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]
    }
    assert allowed == set(ports)
    assert "egress" not in one(built(overlay), "NetworkPolicy")["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_what_there_is(overlay: str) -> None:
    server = container(built(overlay))
    startup, ready, live = (server[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness"))
    if overlay == "grpc":
        assert server["args"] == ["grpc"]
        port = configured(overlay).grpc_port
        assert startup["grpc"] == ready["grpc"] == {"port": port, "service": SERVICE}
        assert live["grpc"] == {"port": port}
        # Its health knows no difference between dead and not ready, so the server's own limit has to come first.
        assert live["periodSeconds"] * live["failureThreshold"] > 2 * configured(overlay).unhealthy_after_s
    else:
        assert server["args"] == ["serve"]
        assert startup["httpGet"] == ready["httpGet"] == {"path": paths.READYZ, "port": "http"}
        assert live["httpGet"] == {"path": paths.LIVEZ[0], "port": "http"}
    assert startup["periodSeconds"] * startup["failureThreshold"] > configured(overlay).load_timeout_s


def test_the_documented_probes_are_these() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n# Kubernetes\n(.*?)```", text, re.S)
    assert found is not None
    server = container(built("cpu"))
    for name, probe in yaml.safe_load(found[1]).items():
        ours = server[name] | {"httpGet": server[name]["httpGet"] | {"port": configured("cpu").http_port}}
        assert probe.items() <= ours.items()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_gets_the_time_to_finish(overlay: str) -> None:
    _, pause = container(built(overlay))["lifecycle"]["preStop"]["exec"]["command"]
    needed = int(pause) + configured(overlay).shutdown_grace_s
    assert needed + 15 <= pod(built(overlay))["terminationGracePeriodSeconds"]
    # A document that was let in takes no longer.
    assert configured(overlay).shutdown_grace_s >= configured(overlay).request_timeout_s


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_update_needs_no_gpu_that_may_not_be_there(overlay: str) -> None:
    update = one(built(overlay), "Deployment")["spec"]["strategy"]["rollingUpdate"]
    gpus = overlay == "gpu"
    assert update == ({"maxSurge": 0, "maxUnavailable": 1} if gpus else {"maxSurge": 1, "maxUnavailable": 0})
    scaler = one(built(overlay), "HorizontalPodAutoscaler")["spec"]
    assert 2 <= scaler["minReplicas"] <= scaler["maxReplicas"] <= (2 if gpus else 8)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_memory_and_cores_fit(overlay: str) -> None:
    resources = container(built(overlay))["resources"]
    wanted = configured(overlay)
    assert resources["requests"]["cpu"] == resources["limits"]["cpu"]
    cores = quantity(resources["limits"]["cpu"])
    assert cores == int(cores)
    sizes = {
        volume["name"]: volume["emptyDir"]["sizeLimit"]
        for volume in pod(built(overlay))["volumes"]
        if "emptyDir" in volume
    }
    decoders = wanted.decode_workers * (wanted.decode_memory_mb + 128) * 2**20  # with the largest pages
    bodies = 2 * memory_bytes(wanted)  # as they came, and as they go to a decoder
    besides = quantity(sizes["shm"]) + 2**29 + bodies + decoders  # and the server itself
    assert wanted.memory_budget_mb * 2**20 + besides <= quantity(resources["limits"]["memory"])
    # All uploads that may be in /tmp, and what else is written there.
    assert quantity(sizes["tmp"]) >= disk_bytes(wanted) + 2**29
    assert wanted.body_memory_mb == memory_bytes(wanted) / 2**20
    assert wanted.body_disk_mb == disk_bytes(wanted) / 2**20
    (metric,) = one(built(overlay), "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert quantity(metric["pods"]["target"]["averageValue"]) == cores


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_those_that_the_dockerfile_makes(overlay: str) -> None:
    server = container(built(overlay))
    target = "gpu" if overlay == "gpu" else "cpu"
    # A name that changes with what is in it: nodes pull no name twice, and pods are rolled over by a new one only.
    assert server["image"] == f"ml-server:{__version__}-{target}"
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    assert f"registry.example/{server['image']}" in page or overlay == "gpu"
    assert re.search(rf"^FROM \S+ AS {target}$", DOCKERFILE, re.M)
    identity = pod(built(overlay))["securityContext"]
    users = set(re.findall(r"^USER (\d+)(?::(\d+))?$", DOCKERFILE, re.M))
    assert {user for user, _ in users} == {str(identity["runAsUser"])}
    assert {group or str(identity["runAsGroup"]) for _, group in users} == {str(identity["runAsGroup"])}
    assert 'ENTRYPOINT ["tini", "--", "ml-server"]\nCMD ["serve"]' in DOCKERFILE
    assert set(re.findall(r"\bHOME=(\S+)", DOCKERFILE)) == {"/tmp"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_keys_come_from_the_mounted_secret(overlay: str) -> None:
    file = configured(overlay).api_keys_file
    assert file is not None
    (mount,) = (each for each in container(built(overlay))["volumeMounts"] if each["mountPath"] == str(file.parent))
    (volume,) = (each for each in pod(built(overlay))["volumes"] if each["name"] == mount["name"])
    (example,) = documents(KUBERNETES / "components" / "api-keys" / "secret.example.yaml")
    assert volume["secret"]["secretName"] == example["metadata"]["name"]
    assert "subPath" not in mount
    assert set(example["stringData"]) == {file.name}


def test_uploads_that_the_server_takes_pass_the_ingress() -> None:
    defaults = Settings.model_validate({})
    for name in ("ml-server", "ml-server-grpc"):
        ingress = one(built("cpu"), "Ingress", name)
        annotations: dict[str, str] = {
            key.removeprefix("nginx.ingress.kubernetes.io/"): value
            for key, value in ingress["metadata"]["annotations"].items()
        }
        largest = quantity(annotations["proxy-body-size"])
        assert not largest or largest > defaults.max_document_bytes + FORM_SLACK
        for kind in ("read", "send"):
            assert float(annotations[f"proxy-{kind}-timeout"]) > defaults.request_timeout_s
        (rule,) = ingress["spec"]["rules"]
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            service = one(built("cpu"), "Service", backend["name"])
            assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}
        assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]
        assert annotations.get("backend-protocol", "HTTP") == ("GRPC" if name == "ml-server-grpc" else "HTTP")


def test_nobody_outside_gets_what_wants_no_key(tmp_path: Path) -> None:
    """But whether the server is ready, which clients ask."""
    named = [value for name, value in vars(paths).items() if name.isupper()]
    known = {path for value in named for path in ((value,) if isinstance(value, str) else value)}
    public = {path for path in known if path.startswith("/") and not paths.is_open(path)} | {paths.READYZ}
    assert {paths.EXTRACT_TEXT, paths.DOCUMENTS, paths.ENGINES} <= public
    assert paths.METRICS not in public
    (rule,) = one(built("cpu"), "Ingress")["spec"]["rules"]
    ways = [(each["path"], each["pathType"] == "Prefix") for each in rule["http"]["paths"]]
    assert sorted(ways) == sorted((path, path == paths.FILES) for path in public)
    routes = one(built_with(tmp_path, "gateway"), "HTTPRoute")["spec"]["rules"]
    matches = [match["path"] for route in routes for match in route["matches"]]
    assert sorted((each["value"], each["type"] == "PathPrefix") for each in matches) == sorted(ways)


def test_the_gateways_routes_lead_to_the_services(tmp_path: Path) -> None:
    manifests = built_with(tmp_path, "gateway")
    for name, longest in (("ml-server", Settings.model_validate({}).request_timeout_s), ("ml-server-grpc", 0)):
        rule, *others = one(manifests, "HTTPRoute", name)["spec"]["rules"]
        assert all(other["backendRefs"] == rule["backendRefs"] for other in others)
        # 0s is no limit: a stream of many pages may take longer than a request.
        assert int(rule["timeouts"]["request"].removesuffix("s")) >= longest
        assert (rule["timeouts"]["request"] == "0s") == (longest == 0)
        (backend,) = rule["backendRefs"]
        (port,) = one(manifests, "Service", backend["name"])["spec"]["ports"]
        assert backend == {"name": name, "port": port["port"]}
    assert one(manifests, "Service", "ml-server-grpc")["spec"]["ports"][0]["appProtocol"] == "kubernetes.io/h2c"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_prometheus_finds_the_metrics(overlay: str) -> None:
    monitor = one(built(overlay), "ServiceMonitor")["spec"]
    (service,) = (
        each
        for each in built(overlay)
        if each["kind"] == "Service"
        and monitor["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()
    )
    (endpoint,) = monitor["endpoints"]
    assert endpoint["path"] == paths.METRICS
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_every_variable_in_a_manifest_is_a_setting() -> None:
    names: set[str] = set()
    for path in KUBERNETES.rglob("*"):
        if path.suffix in {".yaml", ".env"}:
            names |= set(re.findall(rf"^[^#]*?\b{PREFIX}([A-Z_]+)", path.read_text(encoding="utf-8"), re.M))
    assert {"MEMORY_BUDGET_MB", "API_KEYS_FILE", "DEVICE", "GRPC_METRICS_PORT"} <= names
    assert {name for name in names if name.lower() not in Settings.model_fields} == set()


def test_the_bento_has_the_same_ports() -> None:
    bento: dict[str, Any] = yaml.safe_load((ROOT / "bentofile.yaml").read_text(encoding="utf-8"))
    variables = bento["docker"].get("env") or {}
    ours = {name: str(value) for name, value in variables.items() if name.startswith(PREFIX)}
    assert settings(ours).grpc_port == Settings.model_validate({}).grpc_port
