"""check_queries.py and draw.py, which ask a running Prometheus: here one that always answers the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from manifests import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "ml_server.json").read_text(encoding="utf-8"))


class Prometheus(BaseHTTPRequestHandler):
    """Two series of three numbers, one of them NaN; with ``empty`` in it none; with ``refused``, an error."""

    empty = "ml_server_gpu"
    refused = "nothing"
    broken = False

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path.endswith("/rules"):
            health = "err" if self.broken else "ok"
            data: dict[str, Any] = {"groups": [{"rules": [{"name": "MLServerDown", "health": health}]}]}
        else:
            assert "$" not in asked["query"]
            moments = [float(asked["end"]) - 60 * minutes for minutes in (2, 1, 0)]
            values = [[at, text] for at, text in zip(moments, ("NaN", "1.5", "2"), strict=True)]
            labels = ({"le": "1.0", "engine": "mock"}, {"le": "+Inf", "engine": "paddle"})
            series = [{"metric": each, "values": values} for each in labels]
            data = {"result": [] if self.empty in asked["query"] else series}
        refused = self.refused in asked.get("query", "")
        self.send_response(400 if refused else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"error": "parse error"} if refused else {"data": data}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def prometheus() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MONITORING / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_query_without_numbers_is_said(prometheus: str) -> None:
    asked = run("check_queries.py", prometheus)
    assert asked.returncode == 1
    assert len([line for line in asked.stdout.splitlines() if line.startswith("NOTHING ")]) == 4
    assert "ok     2 series      4 numbers  At a glance: Ready servers" in asked.stdout


def test_a_panel_may_wait_for_some_of_its_lines(prometheus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prometheus, "empty", "ml_server_over_budget")
    asked = run("check_queries.py", prometheus)
    assert asked.returncode == 0
    assert (
        "nothing yet      Engines: Engines loaded and unloaded\n    sum by (kind) (ml_server_over_budget"
        in asked.stdout
    )


def test_a_query_that_prometheus_refuses_is_said(prometheus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prometheus, "refused", "ml_server_gpu_utilisation")
    asked = run("check_queries.py", prometheus, "--without", "GPUs")
    assert asked.returncode == 1
    assert "ERROR            parse error" in asked.stdout


def test_a_row_may_be_empty(prometheus: str) -> None:
    asked = run("check_queries.py", prometheus, "--without", "GPUs")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "nothing, as said" in asked.stdout


def test_a_rule_that_prometheus_cannot_evaluate_is_said(prometheus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prometheus, "broken", True)
    asked = run("check_queries.py", prometheus, "--without", "GPUs")
    assert asked.returncode == 1
    assert "BROKEN RULE      MLServerDown" in asked.stdout


def test_no_prometheus_is_said() -> None:
    asked = run("check_queries.py", "http://127.0.0.1:1")
    assert asked.returncode == 2
    assert "refused" in asked.stderr


def test_the_picture_has_every_panel(prometheus: str, tmp_path: Path) -> None:
    drawn = run("draw.py", prometheus, str(tmp_path / "all.svg"), "--minutes", "3")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    picture = (tmp_path / "all.svg").read_text(encoding="utf-8")
    assert [panel["title"] for panel in DASHBOARD["panels"] if f"<!-- {panel['title']} -->" not in picture] == []
    assert "<!-- no data -->" in picture


def test_rows_can_be_left_out_of_the_picture(prometheus: str, tmp_path: Path) -> None:
    drawn = run("draw.py", prometheus, str(tmp_path / "some.svg"), "--without", "GPUs", "--without", "Engines")
    assert drawn.returncode == 0, drawn.stderr
    picture = (tmp_path / "some.svg").read_text(encoding="utf-8")
    assert "<!-- Refusals by cause -->" in picture
    assert "<!-- GPU busy -->" not in picture
    assert "<!-- Warm processes -->" not in picture
