"""Versions and training jobs as tables or JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from ml_server.models.job_files import Job
from ml_server.models.serving import Serving
from ml_server.models.store import ModelVersion
from ml_server.settings import Settings


def versions(found: Sequence[ModelVersion], serving: Serving, settings: Settings, *, as_json: bool) -> None:
    """Every version and who serves."""
    if as_json:
        _dump(
            {"serving": asdict(serving), "bound_to": settings.key_value_model, "versions": [_plain(v) for v in found]}
        )
        return
    table = Table(title=f"Versions of {settings.model_store}", caption=escape(_caption(serving, settings)))
    table.add_column("version", no_wrap=True)
    table.add_column("serves", no_wrap=True)
    table.add_column("from", overflow="fold")
    for column in ("documents", "held\nout", "SER\nF1", "pairs\nF1"):  # so that 80 columns hold them all
        table.add_column(column, no_wrap=True)
    for version in found:
        facts = version.facts
        table.add_row(
            version.version,
            _part(version.version, serving),
            facts.parent,
            str(facts.documents or ""),
            str(facts.held_out_documents or ""),
            *(f"{facts.metrics[name]:.3f}" if name in facts.metrics else "" for name in ("SER F1", "pairs F1")),
        )
    Console().print(table)


def version(found: ModelVersion, *, as_json: bool) -> None:
    """One version with its card."""
    card = found.path / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    if as_json:
        _dump(_plain(found) | {"card": text})
        return
    table = Table(show_header=False)
    for name, value in _plain(found).items():
        table.add_row(
            name, escape(", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value))
        )
    console = Console()
    console.print(table)
    console.print(Markdown(text.rpartition("\n---\n")[2]))


def jobs(found: Sequence[Job], *, as_json: bool) -> None:
    """Training jobs, the oldest first."""
    if as_json:
        _dump([asdict(job) for job in found])
        return
    table = Table(title="Training jobs", show_lines=True)
    table.add_column("job", no_wrap=True)
    for column in ("state", "step", "why", "message"):
        table.add_column(column, overflow="fold")
    for job in found:
        far = f" {job.done}/{job.total}" if job.total else ""
        table.add_row(job.id, job.state, job.step + far, escape(job.why), escape(job.message))
    console = Console()
    console.print(table)
    for job in found[-1:]:  # not in the table, which would break it
        console.print(f"log of the last one: {job.log}", markup=False, highlight=False, soft_wrap=True)


def _plain(version: ModelVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "reference": version.reference,
        "path": str(version.path),
        "created": version.created,
        **asdict(version.facts),
    }


def _part(version: str, serving: Serving) -> str:
    if version == serving.shared:
        return f"{serving.share} %"
    if version != serving.version:
        return ""
    return f"{100 - serving.share} %" if serving.shared else "yes"


def _caption(serving: Serving, settings: Settings) -> str:
    if settings.key_value_model:
        return f"bound to {settings.key_value_model} by ML_SERVER_KEY_VALUE_MODEL"
    return f"since {serving.since}: {serving.why}" if serving.since else "nobody promoted a version yet"


def _dump(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
