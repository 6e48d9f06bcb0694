"""The manifests against Kubernetes' schemas, and what an overlay has in it once it is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError
from manifests import KUBERNETES, OVERLAYS, Manifest, built, built_with, container, documents, one, pod

VERSIONS = ("1.30", kubernetes_validate.latest_version())
CUSTOM = yaml.safe_load(Path(__file__).with_name("custom_resources.yaml").read_text(encoding="utf-8"))
"""Schemas of kinds that are not Kubernetes' own."""

FILES = sorted(
    path
    for path in KUBERNETES.rglob("*.yaml")
    if path.name != "kustomization.yaml" and all("apiVersion" in each for each in documents(path))
)


def check(manifest: Manifest) -> None:
    """Raises ValidationError where Kubernetes, or the operator whose kind it is, would not take it."""
    if kind := CUSTOM["kinds"].get(manifest["kind"]):
        assert manifest["apiVersion"] == kind["apiVersion"]
        Draft7Validator({"definitions": CUSTOM["definitions"], **kind["spec"]}).validate(manifest["spec"])
        return
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KUBERNETES)))
def test_a_file_is_valid(path: Path) -> None:
    for manifest in documents(path):
        if "$patch" not in manifest:
            check(manifest)


def test_the_validator_finds_what_is_wrong() -> None:
    (deployment,) = documents(KUBERNETES / "base" / "deployment.yaml")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        check(deployment)


@pytest.mark.parametrize(
    ("path", "wrong", "named"),
    [
        ("components/monitoring/servicemonitor.yaml", {"selectr": 1, "endpoint": [{"port": "http"}]}, "selectr"),
        ("components/monitoring/servicemonitor.yaml", {"endpoints": [{"path": "/metrics"}]}, "not valid under any"),
        ("components/keda/scaledobject.yaml", {"nonsense": True}, "nonsense"),
        ("components/keda/scaledobject.yaml", {"maxReplicaCount": "8"}, "not of type 'integer'"),
        ("components/keda/scaledobject.yaml", {"triggers": [{"type": "prometheus", "metadata": {}}]}, "serverAddress"),
        ("components/gateway/http.yaml", {"rulez": []}, "rulez"),
        ("components/gateway/http.yaml", {"rules": [{"matches": [{}] * 9}]}, "too long"),
        ("components/gateway/grpc.yaml", {"rules": [{"timeouts": {"request": "5 minutes"}}]}, "5 minutes"),
        ("../monitoring/prometheus_rule.yaml", {"groups": [{"name": "a", "rules": [{"alert": "A"}]}]}, "'expr'"),
        ("../monitoring/prometheus_rule.yaml", {"groups": []}, "non-empty"),
    ],
)
def test_the_schemas_of_other_kinds_find_what_is_wrong(path: str, wrong: dict[str, Any], named: str) -> None:
    (manifest,) = documents(KUBERNETES / path)
    check(manifest)
    with pytest.raises(ValidationError, match=named):
        check(manifest | {"spec": manifest["spec"] | wrong})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_valid_and_whole(overlay: str) -> None:
    manifests = built(overlay)
    for manifest in manifests:
        check(manifest)
        assert manifest["metadata"]["namespace"] == "ml-server"
    kinds = {manifest["kind"] for manifest in manifests}
    assert {"PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor"} <= kinds
    assert ("Ingress" in kinds) == (overlay != "grpc")
    # A key in the repository would be everybody's.
    assert "Secret" not in kinds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_selects_the_pods(overlay: str) -> None:
    manifests = built(overlay)
    labels = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        one(manifests, "Deployment")["spec"]["selector"]["matchLabels"],
        one(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        pod(manifests)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        *(each["spec"]["selector"] for each in manifests if each["kind"] == "Service"),
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()
    assert one(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "ml-server"
    # Two that set the number of pods would undo each other.
    assert "replicas" not in one(manifests, "Deployment")["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_may_do_no_more_than_it_must(overlay: str) -> None:
    spec, server = pod(built(overlay)), container(built(overlay))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    # With links, a Service named ml-server-grpc would set ML_SERVER_GRPC_PORT to an address.
    assert spec["enableServiceLinks"] is False
    assert server["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {mount["mountPath"] for mount in server["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/tmp", "/dev/shm"}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["shm"]["emptyDir"]["medium"] == "Memory"
    assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values() if "emptyDir" in volume)
    assert one(built(overlay), "NetworkPolicy")["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_only_the_gpu_overlay_asks_for_a_gpu() -> None:
    assert OVERLAYS == ["cpu", "gpu", "grpc"]
    for overlay in OVERLAYS:
        limits = container(built(overlay))["resources"]["limits"]
        device = one(built(overlay), "ConfigMap", "ml-server-settings")["data"].get("ML_SERVER_DEVICE", "cpu")
        assert (limits.get("nvidia.com/gpu", 0), device) == ((1, "gpu") if overlay == "gpu" else (0, "cpu"))


def test_components_that_no_overlay_has_can_be_put_together(tmp_path: Path) -> None:
    manifests = built_with(tmp_path, "gateway", "keda")
    for manifest in manifests:
        check(manifest)
    assert "replicas" not in one(manifests, "Deployment")["spec"]
    assert one(manifests, "ScaledObject")["spec"]["scaleTargetRef"]["name"] == "ml-server"
    sources = one(manifests, "NetworkPolicy")["spec"]["ingress"][0]["from"]
    names = {each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in sources[1:]}
    assert names == {"envoy-gateway-system"}
