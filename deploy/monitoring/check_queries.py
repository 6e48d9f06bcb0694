"""Ask a running Prometheus for every query of the dashboard, and say which of them return nothing.

python deploy/monitoring/check_queries.py http://localhost:9090
python deploy/monitoring/check_queries.py http://localhost:9090 --without GPUs --minutes 2

Exit code 1 if a query is an error, if no query of a panel returns anything (but in the rows given with --without), or
if Prometheus could not evaluate one of its alert rules; 2 if it does not answer.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).resolve().parent / "grafana" / "dashboards" / "ml_server.json"

_STEP_S = 5


def queries() -> Iterator[tuple[str, str, str]]:
    """Row, panel and query of all that the dashboard shows, Grafana's variables filled in."""
    row = ""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        for target in panel.get("targets", ()):
            yield row, panel["title"], filled(target["expr"])


def filled(query: str) -> str:
    """A query of the dashboard with Grafana's variables replaced: all servers, rates over a minute."""
    return re.sub(r"\$(namespace|job|pod|instance)\b", ".*", query.replace("$__rate_interval", "1m"))


def points(base: str, query: str, minutes: float) -> tuple[int, int]:
    """Series, and numbers in them (NaN is none), of the last minutes.

    Raises:
        OSError: Prometheus does not answer, or refuses the query.
    """
    now = time.time()
    asked = {"query": query, "start": now - 60 * minutes, "end": now, "step": _STEP_S}
    series = ask(base, "query_range", asked)["result"]
    return len(series), sum(not math.isnan(float(value)) for each in series for _, value in each["values"])


def broken_rules(base: str) -> list[str]:
    """Rules that Prometheus could not evaluate, each with its error."""
    groups = ask(base, "rules", {})["groups"]
    return [
        f"{rule['name']}: {rule.get('lastError') or rule['health']}"
        for group in groups
        for rule in group["rules"]
        if rule["health"] == "err"
    ]


def ask(base: str, what: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What Prometheus' API answers.

    Args:
        base: its address.
        what: ``query_range``, ``rules``, …
        asked: parameters.

    Raises:
        OSError: it does not answer, or refuses.
    """
    address = f"{base.rstrip('/')}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)["data"]
    return found


def main() -> int:
    """Exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prometheus", help="its address, as http://localhost:9090")
    parser.add_argument("--without", action="append", default=[], metavar="ROW", help="a row that may be empty")
    parser.add_argument("--minutes", type=float, default=5, help="how far back (default: 5)")
    options = parser.parse_args()
    failed, shown = 0, set[tuple[str, str]]()
    empty: list[tuple[str, str, str]] = []
    for row, panel, query in queries():
        try:
            series, found = points(options.prometheus, query, options.minutes)
        except urllib.error.HTTPError as error:
            failed += 1
            print(f"ERROR            {json.load(error).get('error', error)}\n    {query}")
            continue
        if not found:
            empty.append((row, panel, query))
            continue
        shown.add((row, panel))
        print(f"ok  {series:4} series {found:6} numbers  {row}: {panel}")
    for row, panel, query in empty:
        verdict = "nothing, as said" if row in options.without else "NOTHING"
        # A panel may have lines that only come up with the first eviction, or with a budget.
        verdict = "nothing yet" if (row, panel) in shown else verdict
        failed += verdict == "NOTHING"
        print(f"{verdict:16} {row}: {panel}\n    {query}")
    for rule in broken_rules(options.prometheus):
        failed += 1
        print(f"BROKEN RULE      {rule}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as gone:
        print(gone, file=sys.stderr)
        sys.exit(2)
