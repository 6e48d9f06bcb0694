"""The commands that README.md and docs/ show: fenced blocks of a shell, each by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "deploy/compose/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)

_SHELLS = frozenset({"console", "bash", "sh", "shell"})
# Also where it is indented, as within a list.
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_REASON = re.compile(r"<!-- not run: (\S[^\n]+) -->\n\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: path below the repository.
        line: number of its first line, from 1.
        shell: its commands as a script, without prompts and output.
        reason: why no test runs it; empty where one does.
    """

    page: str
    line: int
    shell: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """The shell blocks of a page.

    Args:
        page: path below the repository.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        indent, language, body = fence.groups()
        body = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        if language in _SHELLS or (not language and body.startswith("$ ")):
            reason = _REASON.search(text, 0, fence.start())
            shell = _typed(body) if body.lstrip().startswith(("$ ", "# ")) else body
            found.append(Block(page, text.count("\n", 0, fence.start()) + 1, shell, reason[1] if reason else ""))
    return found


def _typed(session: str) -> str:
    """What a person typed in a session: the lines behind a prompt and those that continue them."""
    typed, goes_on = [], False
    for line in session.splitlines():
        if goes_on or line.startswith("$ "):
            typed.append(line if goes_on else line.removeprefix("$ "))
            goes_on = line.endswith(("\\", "|"))
    return "\n".join(typed) + "\n"
