"""What every command does around its measurement: bound it in time, show it, and save and draw it if asked to."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from benchmarks import plots, results, tables
from benchmarks.results import Measurement

_BUSY = 0.3
"""Load average per core above which a measurement says little."""

CONSOLE = Console(stderr=True, width=None if sys.stderr.isatty() else 160)

Engine = Annotated[str, typer.Option(help="mock, or a real engine.")]
Wire = Annotated[str, typer.Option(help="http, grpc, or both by turns.")]
Clients = Annotated[int, typer.Option(min=1, help="Concurrent requests.")]
Delay = Annotated[float, typer.Option(min=0, help="Seconds a page takes the mock engine.")]
Setting = Annotated[list[str] | None, typer.Option("--set", help="Of our server: NAME=VALUE; repeat for more.")]
Limit = Annotated[float, typer.Option(min=1, help="Seconds after which to give up.")]


@dataclass(frozen=True, slots=True)
class Shared:
    """Options before the command.

    Attributes:
        save: append the record to ``results.jsonl``.
        plot: file to draw it to; None for none.
    """

    save: bool = False
    plot: Path | None = None


def conclude(context: typer.Context, measuring: Coroutine[Any, Any, Measurement], limit_s: float) -> None:
    """Run a measurement; its table goes to standard error and its record, one line of JSON, to standard output.

    Args:
        context: of the command; carries :class:`Shared`.
        measuring: what to run.
        limit_s: seconds after which it is given up; whatever it started is ended then, too.
    """
    shared = context.obj if isinstance(context.obj, Shared) else Shared()
    load, began = os.getloadavg()[0], datetime.now(UTC)
    if load > _BUSY * (os.cpu_count() or 1):
        CONSOLE.print(f"[yellow]the machine is busy (load average {load:.2f}): do not believe the times[/]")

    signal.signal(signal.SIGTERM, _leave)  # the default would leave servers behind

    async def bounded() -> Measurement:
        async with asyncio.timeout(limit_s):
            return await measuring

    try:
        found = results.record(asyncio.run(bounded()), command_line(), began, load)
    except TimeoutError:
        CONSOLE.print(f"[red]given up after {limit_s:.0f} s[/]")
        raise typer.Exit(1) from None
    tables.show(found, CONSOLE)
    print(json.dumps(found, ensure_ascii=False), flush=True)
    if shared.save:
        results.append(found)
    if shared.plot is not None:
        plots.draw(found, shared.plot)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def say(text: str) -> None:
    """Tell whoever waits what is done now."""
    CONSOLE.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/] {text}", highlight=False)


def command_line() -> str:
    """This command as one types it."""
    return shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])


def pairs(given: list[str]) -> dict[str, str]:
    """Settings given as ``NAME=VALUE``.

    Raises:
        typer.BadParameter: one has no ``=``.
    """
    found = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE, as in queue_size=16")
        found[name.lower().removeprefix("ml_server_")] = value
    return found
