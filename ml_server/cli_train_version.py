"""``ml-server train --add-to-store``: the recipe of the training jobs, in the foreground and with a bar."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail
from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError
from ml_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """As given to ``ml-server train``; see its help."""

    held_out: float
    epochs: float
    task: Literal["joint", "ser", "re"]
    learning_rate: float
    patience: int
    seed: int
    threads: int | None
    name: str | None
    version: str | None
    licence: str
    from_version: str
    promote: bool
    out: Path | None


def train_version(folders: Sequence[Path], settings: Settings, options: Options, console: Console) -> None:
    """Train, judge and keep; the version's name on standard output.

    Raises:
        typer.Exit: it failed; said on standard error.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    columns = (TextColumn("{task.fields[step]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with redirect_stdout(sys.stderr):
        from ml_server.models.job_files import JobFiles
        from ml_server.models.recipe import Recipe, fine_tune
        from ml_server.models.serving import state_folder

        data = options.name or "+".join(folder.resolve().stem for folder in folders)
        work = options.out or state_folder(settings) / "runs" / data
        recipe = Recipe(
            folders=tuple(folders),
            work=work,
            data=data,
            start=options.from_version,
            held_out=options.held_out,
            epochs=options.epochs,
            task=options.task,
            learning_rate=options.learning_rate,
            patience=options.patience,
            seed=options.seed,
            threads=options.threads,
            version=options.version or "",
            promote=options.promote,
            licence=options.licence,
        )
        try:
            with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
                bar = progress.add_task("", total=None, step="waits for another training")
                with JobFiles(state_folder(settings) / "jobs").turn():
                    progress.update(bar, step="reads the documents")
                    made = fine_tune(
                        recipe,
                        settings,
                        lambda step, done, total, line: progress.update(
                            bar, completed=done, total=total or None, description=line, step=step
                        ),
                        lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
                    )
        except InvalidRequest as error:
            fail(error.message, EXIT_USAGE)
        except EngineUnavailable as error:
            fail(error.message, EXIT_UNAVAILABLE)
        except MLServerError as error:
            fail(error.message, EXIT_FAILED)
        except KeyboardInterrupt:
            fail(f"stopped; the same command goes on from the last checkpoint in {work}", 130)
    if options.out is None:
        shutil.rmtree(work, ignore_errors=True)
    console.print(made.message)
    typer.echo(made.version.version)
