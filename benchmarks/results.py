"""What a measurement gives, as it is shown and as a line of ``results.jsonl``."""

from __future__ import annotations

import json
import math
import operator
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from benchmarks.corpus import ROOT
from ml_server.settings import usable_cores

RESULTS = Path(__file__).resolve().parent / "results.jsonl"

_COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, "==": operator.eq}
_PACKAGES = (
    "bentoml", "easyocr", "grpcio", "httpx", "onnxruntime", "openvino", "paddleocr", "pillow", "tesserocr", "torch",
    "uvicorn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is judged.

    Attributes:
        name: for people.
        value: what was measured; None where it could not be.
        relation: ``<=``, ``>=``, ``<`` or ``==``.
        limit: what it must be.
    """

    name: str
    value: float | None
    relation: str
    limit: float

    @property
    def passed(self) -> bool:
        """Whether it is as it must be."""
        return self.value is not None and bool(_COMPARE[self.relation](self.value, self.limit))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one measurement gave.

    Attributes:
        benchmark: the command's name.
        options: that it ran with.
        rows: of the table, the first column ``what``; None for what could not be measured.
        checks: what is judged.
        series: curves for a plot, (x, y) by name.
        axes: what x and y of the series are.
        notes: sentences that a reader needs.
    """

    benchmark: str
    options: dict[str, Any]
    rows: list[dict[str, Any]]
    checks: list[Check] = field(default_factory=list)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    axes: tuple[str, str] = ("seconds", "resident MB")
    notes: list[str] = field(default_factory=list)


def check(name: str, value: float, relation: str, limit: float) -> Check:
    """A check with what a person wants to see of its numbers."""
    return Check(name, None if math.isnan(value) else round(value, 3), relation, round(limit, 3))


def record(measurement: Measurement, command: str, began: datetime, load: float) -> dict[str, Any]:
    """A measurement with what one must know to judge and repeat it.

    Args:
        measurement: what was measured.
        command: as it was typed.
        began: when.
        load: the machine's load average just before; near 0 on a quiet machine.
    """
    lines = asdict(measurement)
    lines["checks"] = [asdict(each) | {"passed": each.passed} for each in measurement.checks]
    return {
        "benchmark": lines.pop("benchmark"),
        "date": began.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began.astimezone(UTC)).total_seconds(), 1),
        "command": command,
        "machine": machine() | {"load_before": round(load, 2)},
        "versions": versions(),
        **lines,
    }


def machine() -> dict[str, Any]:
    """Cores this process may use, CPU, memory, system."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        "cores": usable_cores(),
        "cpu": next(named, platform.machine()),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """Of Python, our commit where git knows it, and the packages that matter."""
    found = {"python": platform.python_version()}
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
        found["commit"] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pass  # an unpacked archive has no commit
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def read(path: Path = RESULTS) -> list[dict[str, Any]]:
    """All records, oldest first."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def append(found: dict[str, Any], path: Path = RESULTS) -> None:
    """Add a record."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found, ensure_ascii=False) + "\n")
