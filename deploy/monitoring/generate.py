"""Write what is made of something else: the dashboard of dashboard.yaml, and the PrometheusRule of rules.yaml.

python deploy/monitoring/generate.py            # write
python deploy/monitoring/generate.py --check    # exit code 1 if they are not up to date

Grafana's own SDK would be a large dependency for three kinds of panels; the queries are what there is to review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
DASHBOARD = HERE / "grafana" / "dashboards" / "ml_server.json"
RULE = HERE / "prometheus_rule.yaml"

VARIABLES = ("namespace", "job", "pod", "instance")
"""Labels by which servers can be picked. Outside of Kubernetes two of them are missing, and all servers match those."""

_SHORT = {
    "HERE": ",".join(f'{label}=~"${label}"' for label in VARIABLES),
    "ASKED": 'method!~"/livez|/healthz|/readyz|/health|/health_check|/metrics"',
    "STEP": "$__rate_interval",
}
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_HEIGHTS = {"stat": 4, "timeseries": 8, "heatmap": 8}
_COLUMNS = 24


def dashboard() -> dict[str, Any]:
    """Grafana's JSON of the whole dashboard."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in _read("dashboard.yaml").items():
        panels.append({"type": "row", "title": title, "gridPos": _place(0, top, _COLUMNS, 1), "panels": []})
        top, left, height = top + 1, 0, 0
        for panel in row:
            width, height = panel.get("width", 8), _HEIGHTS[panel.get("kind", "timeseries")]
            if left + width > _COLUMNS:
                top, left = top + height, 0
            panels.append(_panel(panel, _place(left, top, width, height)))
            left += width
        top += height
    for number, each in enumerate(panels, start=1):
        each["id"] = number
    return {
        "uid": "ml-server",
        "title": "ml_server",
        "tags": ["ml_server", "ocr"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source(), *map(_variable, VARIABLES)]},
        "panels": panels,
    }


def _panel(panel: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    kind, unit = panel.get("kind", "timeseries"), panel.get("unit", "short")
    return {
        "type": kind,
        "title": panel["title"],
        "description": panel.get("about", ""),
        "gridPos": place,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": _expanded(query),
                "legendFormat": legend,
                "format": "heatmap" if kind == "heatmap" else "time_series",
            }
            for number, (legend, query) in enumerate(panel["queries"].items())
        ],
        "fieldConfig": {"defaults": {"unit": unit, "min": 0} | _thresholds(panel), "overrides": []},
        "options": _options(kind, unit),
    }


def _thresholds(panel: dict[str, Any]) -> dict[str, Any]:
    """Its colours; the first one holds from minus infinity on, which Grafana writes as null."""
    steps = [{"color": colour, "value": value} for value, colour in panel.get("colours", {}).items()]
    if not steps:
        return {}
    return {"thresholds": {"mode": "absolute", "steps": [steps[0] | {"value": None}, *steps[1:]]}}


def _options(kind: str, unit: str) -> dict[str, Any]:
    if kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area"}
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": unit}, "color": {"scheme": "Blues", "mode": "scheme"}}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}


def _expanded(query: str) -> str:
    for short, long in _SHORT.items():
        query = query.replace(short, long)
    return query


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}


def _variable(label: str) -> dict[str, Any]:
    """A choice among what those before it leave."""
    among = ",".join(f'{before}=~"${before}"' for before in VARIABLES[: VARIABLES.index(label)])
    return {
        "name": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": f"label_values(ml_server_ready{{{among}}}, {label})",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def prometheus_rule() -> dict[str, Any]:
    """The rules as the Prometheus Operator takes them."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "ml-server"},
        "spec": _read("rules.yaml"),
    }


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def generated() -> dict[Path, str]:
    """File → what belongs in it."""
    rule = yaml.safe_dump(prometheus_rule(), sort_keys=False, allow_unicode=True, width=120)
    return {
        DASHBOARD: json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n",
        RULE: f"# Made of rules.yaml by generate.py.\n{rule}",
    }


def main() -> int:
    """Write the files, or compare them."""
    contents = generated()
    stale = [path for path in contents if not path.exists() or path.read_text(encoding="utf-8") != contents[path]]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(HERE)} is not up to date: python deploy/monitoring/generate.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(contents[path], encoding="utf-8")
        print(f"wrote {path.relative_to(HERE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
