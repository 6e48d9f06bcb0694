"""``ml-server engines``: what can run here, and what is missing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from ml_server.engine_info import EngineInfo
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


def show(settings: Settings, *, as_json: bool) -> None:
    """Print every engine and the key–value extractor, as a table or as JSON. Loads none of them."""
    infos = Pipeline(settings).engines()
    if as_json:
        body = {
            "engines": [asdict(info) for info in infos],
            "default_engine": next((info.name for info in infos if info.default), None),
            "default_language": settings.lang,
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
        return
    table = Table(title=f"Engines here (default language: {settings.lang})", show_lines=True)
    for column in ("engine", "for", "available", "languages", "weights", "licence", "version"):
        table.add_column(column, overflow="fold")
    for info in infos:
        name = f"{info.name}\n(default)" if info.default else info.name
        purpose = info.kind.replace("_", " ")
        table.add_row(
            name, purpose, _available(info), ", ".join(info.languages), info.weights, info.license, info.version
        )
    Console().print(table)


def _available(info: EngineInfo) -> str:
    if info.available:
        return "[green]yes[/green]"
    return f"[red]no[/red]: {info.reason}\n[bold]{info.install}[/bold]".replace("ml_server[", "ml_server\\[")
