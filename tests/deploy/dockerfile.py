"""Reads a Dockerfile as far as the tests of the images need: its stages and their instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Stage:
    """One stage.

    Attributes:
        name: what comes after AS.
        base: an image, a variable, or another stage.
        instructions: name and arguments, in order, without FROM.
    """

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """The arguments of every instruction of that name."""
        return [arguments for each, arguments in self.instructions if each == name]

    def last(self, name: str) -> str:
        """The arguments of the last one, which is the one that counts."""
        return self.all(name)[-1]


def stages(path: Path) -> dict[str, Stage]:
    """Stages by name, in order.

    Args:
        path: of the Dockerfile; every stage of it has a name.
    """
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    found: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            base, _, stage_name = arguments.partition(" AS ")
            stage = found[stage_name] = Stage(stage_name, base)
        elif stage is not None:
            stage.instructions.append((name, arguments.strip()))
    return found
