"""All measurements after one another, short or as they are judged."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from benchmarks.command import CONSOLE, Shared, say


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement.

    Attributes:
        arguments: of a short run.
        minutes: it takes on two cores.
        long: further arguments of the run that is judged.
        long_minutes: that takes.
    """

    arguments: str
    minutes: float
    long: str
    long_minutes: float


STEPS = (
    Step("speed --engine paddle --pages 8 --rounds 1", 3, "--pages 24 --rounds 3", 20),
    Step("speed --engine tesseract --pages 8 --rounds 1", 2, "--pages 24 --rounds 3", 8),
    Step("speed --engine easyocr --pages 4 --rounds 1", 3, "--pages 12 --rounds 2", 20),
    Step("overhead --rounds 3 --requests 20", 1.5, "--rounds 15 --requests 40", 8),
    Step("overload --engine mock --seconds 15", 1, "--seconds 180 --probe 100", 4),
    Step("overload --engine paddle --queue-size 8 --seconds 20 --probe 5", 2, "--seconds 180 --probe 30", 6),
    Step("soak --engine mock --requests 2000", 1, "--requests 20000", 6),
    Step("soak --engine paddle --requests 20", 1, "--requests 2000", 55),
    Step("chaos --seconds 20", 2, "--seconds 60", 5),
    Step("fairness --pages 100", 1, "", 1),
    Step("fairness --engine paddle --pages 10 --singles 3", 1.5, "--pages 100 --singles 10", 6),
    Step("hostile --files 50", 1, "--files 10000", 4),
    Step("bulk --pages 40", 3, "--pages 500", 20),
    Step("bulk-speed --pages 20 --rounds 1", 2, "--pages 60 --rounds 3", 8),
    Step("bulk-speed --engine paddle --pages 20 --rounds 1", 3, "--pages 60 --rounds 3", 12),
)


def command(
    context: typer.Context,
    long: Annotated[bool, typer.Option("--long", help="As judged: about two and a half hours on two cores.")] = False,
    only: Annotated[str, typer.Option(help="Commands that begin with this, as in: overload.")] = "",
) -> None:
    """Run all measurements, each as a command of its own, and say how long that takes."""
    shared = context.obj if isinstance(context.obj, Shared) else Shared()
    chosen = [step for step in STEPS if step.arguments.startswith(only)]
    minutes = sum(step.long_minutes if long else step.minutes for step in chosen)
    say(f"{len(chosen)} measurements, about {minutes:.0f} minutes on two cores")
    failed = []
    for step in chosen:
        arguments = merged_arguments(step.arguments, step.long if long else "")
        command = [sys.executable, "-m", "benchmarks", *(["--save"] if shared.save else []), *arguments]
        CONSOLE.rule(" ".join(arguments))
        began = time.monotonic()
        if subprocess.run(command).returncode:
            failed.append(" ".join(arguments))
        say(f"took {(time.monotonic() - began) / 60:.1f} minutes")
    if failed:
        CONSOLE.print(f"[red]could not be measured:[/] {'; '.join(failed)}")
        raise typer.Exit(1)


def merged_arguments(short: str, long: str) -> list[str]:
    """Arguments ``--name value`` of a short run, replaced by those of the long one."""
    name, *rest = short.split()
    extra = long.split()
    options = dict(zip(rest[::2], rest[1::2], strict=True)) | dict(zip(extra[::2], extra[1::2], strict=True))
    return [name, *(word for option in options.items() for word in option)]
