"""What the ``label-studio`` commands share: their settings, their bar, and how a failure ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail
from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError

if TYPE_CHECKING:
    from ml_server.label_studio.settings import LabelStudioSettings

T = TypeVar("T")

Project = Annotated[int, typer.Option("--project", "-p", min=1, help="Number of the project, as in its address.")]
Url = Annotated[
    str | None, typer.Option(help="Where Label Studio is.", show_default="$LABEL_STUDIO_URL or http://localhost:8080")
]
AsJson = Annotated[bool, typer.Option("--json", help="The summary as one JSON object, for scripts.")]


def label_studio_settings(**flags: Any) -> LabelStudioSettings:
    """Settings from the environment with the flags that were given, that is not None, on top.

    Raises:
        typer.Exit: one of them is wrong; said on standard error.
    """
    from pydantic import ValidationError

    from ml_server.label_studio.settings import LabelStudioSettings

    try:
        return LabelStudioSettings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        problems = (f"{'_'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
        fail(f"Label Studio's settings: {'; '.join(problems)}", EXIT_USAGE)


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end.

    Raises:
        typer.Exit: it failed; said on standard error.
    """
    try:
        return asyncio.run(work)
    except InvalidRequest as error:
        fail(error.message, EXIT_USAGE)
    except EngineUnavailable as error:
        fail(error.message, EXIT_UNAVAILABLE)
    except MLServerError as error:
        fail(error.message, EXIT_FAILED)
    except OSError as error:  # a full disk, a closed pipe
        fail(str(error) or type(error).__name__, EXIT_FAILED)
    except KeyboardInterrupt:
        fail("stopped; the same command goes on where it was", 130)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where somebody looks at it; to be told how many are done, of how many."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        shown = progress.add_task("", total=None)
        yield lambda done, total: progress.update(shown, completed=done, total=total)
