"""Rules, dashboard and the autoscaler's query name only metrics, labels and values that there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from manifests import KUBERNETES, ROOT, built_with, documents, one
from programs import found

from ml_server import metrics
from ml_server.bentoml_services import paths
from ml_server.errors import all_errors

MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "ml_server.json"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

TARGET_LABELS = {"job", "instance", "namespace", "pod"}
"""Prometheus puts them on everything it scrapes; the last two on Kubernetes."""

RULES = [rule for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


RULE_TESTS = sorted(MONITORING.glob("*_test.yaml"))


def exposed() -> dict[str, set[str]]:
    """Name of each series in the exposition → its labels."""
    found: dict[str, set[str]] = {"up": set()}
    for collector, names in metrics.REGISTRY._collector_to_names.items():
        labels = set(getattr(collector, "_labelnames", ()))
        for name in names:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


def documented_values() -> dict[str, set[str]]:
    """Label → its values, for those of which docs/operations.md lists all."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", OPERATIONS.split("| metric |")[0], re.M)
    listed = {label: set(re.findall(r"`([\w ]+)`", values)) for label, values in rows}
    return {label: listed[label] for label in ("wire", "stage", "outcome", "cause", "reason", "kind")}


def queries() -> Iterator[Any]:
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield pytest.param(filled(target["expr"]), id=f"{panel['title']} {target['refId']}")
    yield pytest.param(adapted(), id="prometheus-adapter")
    (scaled,) = documents(KUBERNETES / "components" / "keda" / "scaledobject.yaml")
    yield pytest.param(scaled["spec"]["triggers"][0]["metadata"]["query"], id="keda")


def filled(query: str) -> str:
    """A query of the dashboard with Grafana's variables replaced."""
    return re.sub(r"\$(namespace|job|pod|instance)\b", ".*", query.replace("$__rate_interval", "1m"))


def adapter_rule() -> dict[str, Any]:
    (file,) = documents(KUBERNETES / "components" / "hpa" / "prometheus-adapter.yaml")
    (rule,) = file["rules"]
    found: dict[str, Any] = rule
    return found


def adapted() -> str:
    """What prometheus-adapter asks for the pods a and b."""
    rule = adapter_rule()
    query: str = rule["metricsQuery"]
    query = query.replace("<<.Series>>", rule["seriesQuery"].partition("{")[0])
    return query.replace("<<.LabelMatchers>>", 'namespace="ml-server",pod=~"a|b"').replace("<<.GroupBy>>", "pod")


def parts(node: Any) -> Iterator[Any]:
    """A node of a query and all below it."""
    yield node
    below = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param")]
    below += getattr(node, "args", None) or []
    for each in below:
        if each is not None:
            yield from parts(each)


def selectors(node: Any) -> list[Any]:
    return [each for each in parts(node) if isinstance(each, promql_parser.VectorSelector)]


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_names_only_what_there_is(query: str) -> None:
    series, values = exposed(), documented_values()
    tree = promql_parser.parse(query)
    assert selectors(tree)
    for selector in selectors(tree):
        assert selector.name in series
        for matcher in selector.matchers.matchers:
            assert matcher.name in series[selector.name] | TARGET_LABELS
            if matcher.name in values:
                assert set(matcher.value.split("|")) <= values[matcher.name]
    for node in parts(tree):
        modifier = getattr(node, "modifier", None)
        labels = modifier.labels if isinstance(node, promql_parser.AggregateExpr) and modifier else []
        for selector in selectors(node) if labels else ():
            assert set(labels) <= series[selector.name] | TARGET_LABELS


def test_the_checks_above_find_what_is_wrong() -> None:
    for wrong in (
        "sum(rate(ml_server_request_total[5m]))",
        "sum by (route) (ml_server_requests_total)",
        'ml_server_refusals_total{cause="bored"}',
        "ml_server_ready{engine='mock'}",
    ):
        with pytest.raises(AssertionError):
            test_a_query_names_only_what_there_is(wrong)


def test_probes_and_codes_are_the_servers() -> None:
    text = (MONITORING / "rules.yaml").read_text() + DASHBOARD.read_text().replace('\\"', '"')
    probes = set(re.findall(r'method!~"([^"]+)"', text))
    assert {frozenset(each.split("|")) for each in probes} == {paths.QUIET}
    codes = {code for each in re.findall(r'code=~"([^"]+)"', text) for code in each.split("|")}
    faults = [kind for kind in all_errors() if kind.http_status in (500, 504)]
    assert codes == {str(kind.http_status) for kind in faults} | {kind.grpc_code for kind in faults}


def test_every_metric_is_on_the_dashboard() -> None:
    shown: set[str] = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            shown |= {selector.name for selector in selectors(promql_parser.parse(filled(target["expr"])))}
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in shown}
    missing = {
        family.name for family in metrics.REGISTRY.collect() if not {family.name, f"{family.name}_total"} & families
    }
    assert missing == set()


def test_every_alert_is_explained_and_has_a_test() -> None:
    explained = set(
        re.findall(r"^### (MLServer\w+)$", (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8"), re.M)
    )
    tested = {
        case["alertname"]
        for file in RULE_TESTS
        for group in yaml.safe_load(file.read_text())["tests"]
        for case in group.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    names = {rule["alert"] for rule in RULES}
    assert names == explained == tested
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_servers_can_be_picked_by_every_label_and_are_named_as_they_are_grouped() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    variables = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
    assert {each["name"] for each in variables} == TARGET_LABELS
    # A server outside of Kubernetes has no namespace and no pod; ".+" would hide it.
    assert {each["allValue"] for each in variables} == {".*"}
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            for selector in selectors(promql_parser.parse(filled(target["expr"]))):
                assert {matcher.name for matcher in selector.matchers.matchers} >= TARGET_LABELS, target["expr"]
            assert ("{{pod}}" in target["legendFormat"]) == ("{{instance}}" in target["legendFormat"])


def test_no_rule_mixes_servers_of_different_namespaces() -> None:
    for rule in RULES:
        for node in parts(promql_parser.parse(rule["expr"])):
            if isinstance(node, promql_parser.AggregateExpr):
                assert node.modifier is not None
                assert {"namespace", "job"} <= set(node.modifier.labels), rule["alert"]


def test_panels_have_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_what_is_generated_is_up_to_date() -> None:
    command = [sys.executable, str(MONITORING / "generate.py"), "--check"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, "")


def promtool(*arguments: str) -> None:
    tool = found("promtool")
    if tool is None:  # also in CI: it is Debian's, which not every machine can install
        pytest.skip("no promtool here; scripts/promtool.sh takes it out of Debian's package prometheus")
    finished = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    promtool("check", "config", "--lint=all", "--lint-fatal", str(MONITORING / "prometheus.yaml"))
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(MONITORING / "rules.yaml"))


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_the_alerts_fire_when_they_should(file: Path) -> None:
    promtool("test", "rules", str(file))


def test_the_autoscaler_sees_pages_in_line_and_processes_at_work(tmp_path: Path) -> None:
    rule = adapter_rule()
    (hpa,) = documents(KUBERNETES / "components" / "hpa" / "hpa.yaml")
    assert hpa["spec"]["metrics"][0]["pods"]["metric"]["name"] == rule["name"]["as"]
    assert {each["resource"] for each in rule["resources"]["overrides"].values()} == {"namespace", "pod"}
    seconds = 'ml_server_stage_seconds_sum{namespace="ml-server",pod="a",'
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump({
            "tests": [{
                "interval": "15s",
                "input_series": [
                    # 3 pages in line and 2 processes at work; decoding and JSON are not what one more pod would help.
                    {"series": seconds + 'stage="queue",engine="paddle"}', "values": "0+45x20"},
                    {"series": seconds + 'stage="recognise",engine="paddle"}', "values": "0+30x20"},
                    {"series": seconds + 'stage="decode",engine="decode"}', "values": "0+15x20"},
                    {"series": 'ml_server_ready{namespace="ml-server",pod="a"}', "values": "1x20"},
                    {"series": 'ml_server_ready{namespace="ml-server",pod="b"}', "values": "1x20"},
                ],
                "promql_expr_test": [{
                    "expr": adapted(),
                    "eval_time": "5m",
                    "exp_samples": [{"labels": '{pod="a"}', "value": 5}, {"labels": '{pod="b"}', "value": 0}],
                }],
            }],
        })
    )  # fmt: skip
    promtool("test", "rules", str(tmp_path / "test.yaml"))


def test_keda_sees_the_pods_of_its_own_deployment_alone(tmp_path: Path) -> None:
    manifests = built_with(tmp_path, "keda", namespace="ocr", namePrefix="eu-")
    scaled = one(manifests, "ScaledObject", "eu-ml-server")["spec"]
    assert scaled["scaleTargetRef"]["name"] == one(manifests, "Deployment", "eu-ml-server")["metadata"]["name"]
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["ignoreNullValues"] == "false"

    def reads(namespace: str, pod: str, pages: int) -> list[dict[str, str]]:
        labels = f'namespace="{namespace}",pod="{pod}"'
        seconds = f'ml_server_stage_seconds_sum{{{labels},stage="recognise",engine="paddle"}}'
        return [
            {"series": seconds, "values": f"0+{15 * pages}x20"},
            {"series": f"ml_server_ready{{{labels}}}", "values": "1x20"},
        ]

    ours = [*reads("ocr", "eu-ml-server-7d9f-x2x4z", 2), *reads("ocr", "eu-ml-server-7d9f-b5c6d", 1)]
    others = [*reads("staging", "eu-ml-server-7d9f-x2x4z", 4), *reads("ocr", "eu-ml-server-gpu-5c8b-k9k9k", 8)]
    idle = [{"series": each["series"], "values": "1x20"} for each in ours[1:2]]
    cases = [(ours + others, [3]), (idle + others, [0]), (others, [])]
    tests = [
        {
            "interval": "15s",
            "input_series": series,
            "promql_expr_test": [{
                "expr": trigger["metadata"]["query"],
                "eval_time": "5m",
                "exp_samples": [{"labels": "{}", "value": value} for value in found],
            }],
        }
        for series, found in cases
    ]  # fmt: skip
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"tests": tests}))
    promtool("test", "rules", str(tmp_path / "test.yaml"))
