"""How the commands that measure behave: only the result on standard output, a bar on standard error, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, fail
from ml_server.errors import EngineUnavailable, MLServerError, UnknownEngine, UnsupportedLanguage


@contextmanager
def measuring() -> Iterator[None]:
    """Whatever a framework prints goes to standard error; errors are said there and end the command.

    Raises:
        typer.Exit: 3 where something is not available here, 1 where anything else failed.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (EngineUnavailable, UnknownEngine, UnsupportedLanguage) as error:
        fail(error.message, EXIT_UNAVAILABLE)
    except MLServerError as error:
        fail(error.message, EXIT_FAILED)
    except (OSError, ValueError) as error:
        fail(str(error), EXIT_FAILED)
    except ModuleNotFoundError as error:
        fail(f'{error.name} is not installed; install it with: pip install "ml_server[train]"', EXIT_UNAVAILABLE)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
