"""The page of all settings, from the fields of their classes and the comments that head their groups."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.settings import Settings

_HEAD = """\
# Settings

Written by `make docs` from `ml_server/settings.py`. Each is a variable of the environment; some are also flags of
`ml-server serve`, which win over the environment.
"""

_LABEL_STUDIO = """\
## Label Studio

From `ml_server/label_studio/settings.py`: for `ml-server label-studio …`, and for the routes under `/label-studio`.
"""


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *_tables(Settings), _LABEL_STUDIO, *_tables(LabelStudioSettings, 3)])


def _tables(kind: type[BaseSettings], level: int = 2) -> list[str]:
    return [_table(kind, title, names, level) for title, names in _groups(kind).items()]


def _groups(kind: type[BaseSettings]) -> dict[str, list[str]]:
    """Names of fields by the comment that they stand under."""
    groups: dict[str, list[str]] = {}
    for line in inspect.getsource(kind).splitlines():
        if heading := re.fullmatch(r"    # (.+)", line):
            groups[heading[1]] = []
        elif (field := re.match(r"    (\w+):", line)) and field[1] in kind.model_fields:
            groups[list(groups)[-1]].append(field[1])
    assert sum(map(len, groups.values())) == len(kind.model_fields)
    return groups


def _table(kind: type[BaseSettings], title: str, names: list[str], level: int) -> str:
    prefix = str(kind.model_config["env_prefix"])
    rows = [_row(f"{prefix}{name.upper()}", kind.model_fields[name]) for name in names]
    return "\n".join(
        [f"{'#' * level} {title}", "", "| variable | default | values | |", "|---|---|---|---|", *rows, ""]
    )


def _row(variable: str, field: FieldInfo) -> str:
    default = "" if field.default in (None, "") else f"`{_told(field.default)}`"
    about = (field.description or "").replace("|", "\\|")
    return f"| `{variable}` | {default} | {_values(field)} | {about} |"


def _told(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(field: FieldInfo) -> str:
    """What may stand there: ``0 to 65535``, ``cpu, gpu``, a path."""
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind) if choice)
    kinds = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text", Path: "path"}
    name = next((name for each, name in kinds.items() if kind is each or each.__name__ in str(kind)), "text")
    bounds = {
        bound: getattr(each, bound) for each in field.metadata for bound in ("ge", "gt", "le") if hasattr(each, bound)
    }
    low = f"from {bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}" if "gt" in bounds else ""
    high = f"to {bounds['le']}" if "le" in bounds else ""
    return " ".join(part for part in (name, low, high) if part)
