"""What every command shares: its settings, its exit codes, how it counts, and how it says that it cannot go on."""

from __future__ import annotations

from typing import Any, NoReturn

import typer

from ml_server.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3


def settings_from(**flags: Any) -> Settings:
    """Settings from the environment with the flags that were given, that is not None, on top.

    Raises:
        typer.Exit: one of them is wrong; said on standard error.
    """
    from pydantic import ValidationError

    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(
            f"ML_SERVER_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        fail(problems, EXIT_USAGE)


def counted(number: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def fail(message: str, code: int) -> NoReturn:
    """Say why on standard error and end the command with an exit code."""
    typer.echo(f"ml-server: {message}", err=True)
    raise typer.Exit(code)
