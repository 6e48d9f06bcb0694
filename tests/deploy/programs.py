"""Programs of others that the tests run: from beside this Python, or from the PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

_FOLDERS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def found(name: str) -> str | None:
    """A program's path; None where it is not installed."""
    return shutil.which(name, path=_FOLDERS)


def program(name: str, hint: str) -> str:
    """A program's path. Where it is missing the test is skipped, but in CI, which would be green without it, fails.

    Args:
        name: of the program.
        hint: how it is installed.
    """
    return found(name) or missing(f"no {name} here; {hint}")


def missing(message: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"CI must not go without: {message}")
    pytest.skip(message)
