"""``ml-server train``: fine-tune the key–value model on annotated documents."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server import cli_train_version
from ml_server.cli_settings import EXIT_UNAVAILABLE, EXIT_USAGE, fail, settings_from
from ml_server.errors import EngineUnavailable, InvalidRequest


class Task(StrEnum):
    """What is trained."""

    joint = "joint"
    ser = "ser"
    re = "re"


def train(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR…", exists=True, help="annotations/ and images/ as FUNSD has them, or *.jsonl."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The model's folder; a stopped run in it goes on. Not needed with --add-to-store."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Start from this folder, tag or hub name.", show_default="the shipped one"),
    ] = None,
    held_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the pages to judge on; 0 trains on all, to the end.")
    ] = 0.1,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the pages.")] = 24,
    task: Annotated[Task, typer.Option(help="Labels and links together, labels alone, or links alone.")] = Task.joint,
    learning_rate: Annotated[float, typer.Option(min=1e-7, max=1e-1, help="Peak, of the encoder.")] = 2e-4,
    patience: Annotated[int, typer.Option(min=1, help="Looks without a better one before it stops early.")] = 10,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 7,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.", show_default="all cores")] = None,
    name: Annotated[str | None, typer.Option(help="In the model card.", show_default="the folder's")] = None,
    version: Annotated[
        str | None,
        typer.Option(
            help="In the model card and in every result.", show_default="1; with --add-to-store the time and the data's"
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace the finished model in --out, or another run that stopped there."),
    ] = False,
    licence: Annotated[str, typer.Option(help="SPDX name of the weights' licence; it follows the data's.")] = "",
    add_to_store: Annotated[
        bool,
        typer.Option(
            "--add-to-store",
            help="Start from the version that serves, judge on documents held out for good, keep the result as version",
        ),
    ] = False,
    from_version: Annotated[
        str, typer.Option(help="With --add-to-store: start from this one.", show_default="the one that serves")
    ] = "",
    promote: Annotated[
        bool,
        typer.Option("--promote", help="With --add-to-store: let it serve if it does not lose on what is held out."),
    ] = False,
) -> None:
    """Fine-tune labels (SER) and links (RE) on annotated forms.

    Writes a folder that `ml-server serve` loads with ML_SERVER_KEY_VALUE_MODEL=FOLDER, with a model card. The best
    model on the held-out pages is kept. Ctrl-C is safe: the same command goes on from the last checkpoint.

    It starts from --model or the shipped one, whatever ML_SERVER_KEY_VALUE_MODEL says: one that has learnt your pages
    already would shine on those of them that are now held out.

    150 forms take about 15 minutes on 2 cores. Versions that --add-to-store keeps are shown by ml-server models list.
    """
    settings = settings_from()
    console = Console(stderr=True)
    if add_to_store:
        if model is not None:
            fail("--model excludes --add-to-store; name a version of the store with --from-version", EXIT_USAGE)
        if overwrite:
            fail("--overwrite excludes --add-to-store; versions of the store are never replaced", EXIT_USAGE)
        options = cli_train_version.Options(
            held_out=held_out,
            epochs=epochs,
            task=task.value,
            learning_rate=learning_rate,
            patience=patience,
            seed=seed,
            threads=threads,
            name=name,
            version=version,
            licence=licence,
            from_version=from_version,
            promote=promote,
            out=out,
        )
        cli_train_version.train_version(folders, settings, options, console)
        return
    if out is None or from_version or promote:
        fail(
            "--from-version and --promote need --add-to-store" if out else "give --out DIR, or --add-to-store",
            EXIT_USAGE,
        )
    columns = (TextColumn("steps"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with redirect_stdout(sys.stderr):
        from ml_server.training.knobs import Knobs
        from ml_server.training.run import Plan, run

        plan = Plan(
            folders=tuple(folders),
            out=out,
            start=model or "",
            allow_noncommercial=settings.allow_noncommercial,
            held_out=held_out,
            threads=threads,
            name=name or out.resolve().name,
            version=version or "1",
            licence=licence,
            overwrite=overwrite,
            knobs=Knobs(epochs=epochs, task=task.value, learning_rate=learning_rate, patience=patience, seed=seed),
        )
        try:
            with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
                bar = progress.add_task("", total=None)
                report = run(
                    plan,
                    lambda step, steps, line: progress.update(bar, completed=step, total=steps, description=line),
                    lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
                )
        except InvalidRequest as error:
            fail(error.message, EXIT_USAGE)
        except EngineUnavailable as error:
            fail(error.message, EXIT_UNAVAILABLE)
        except KeyboardInterrupt:
            fail(f"stopped; the same command goes on from the last checkpoint in {out}", 130)
    console.print(report)
    typer.echo(str(out))
