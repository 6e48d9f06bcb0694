"""``ml-server label-studio predict``: predictions for every task of a project, ahead of the annotators."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ml_server import cli_label_studio_shared as shared
from ml_server.cli_settings import EXIT_FAILED, EXIT_USAGE, fail, settings_from

if TYPE_CHECKING:
    from ml_server.label_studio.predict import PredictReport
    from ml_server.label_studio.predict_command import Passes
    from ml_server.label_studio.settings import LabelStudioSettings
    from ml_server.settings import Settings

EXIT_STOPPED = 130

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def predict(
    project: shared.Project,
    url: shared.Url = None,
    server: Annotated[
        list[str] | None,
        typer.Option("--server", help="Let http://host:3000 or grpc://host:50051 read; repeat for more."),
    ] = None,
    engine: Annotated[str | None, typer.Option("--engine", "-e", help="Of those here.", show_default="auto")] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", "-l", help="korean, english, korean+english, …", show_default="korean")
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(min=1, help="Processes per engine.", show_default="what fits the cores")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=256, help="Tasks in work at a time.", show_default="4")
    ] = None,
    watch: Annotated[
        str | None, typer.Option(metavar="TIME", help="Look for new tasks again and again, so long apart: 30s, 5m.")
    ] = None,
    retry_failed: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only the tasks of a file of failures; it is written anew.")
    ] = None,
    failures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where failures go, a line of JSON each.", show_default="in the state"),
    ] = None,
    attempts: Annotated[int, typer.Option(min=1, max=20, help="For each task, with growing pauses.")] = 3,
    wait_for_label_studio: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long it may be down before the run gives up.")
    ] = 600,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Journal and lock.", show_default="~/.local/state/ml_server/label_studio"),
    ] = None,
    as_json: shared.AsJson = False,
) -> None:
    """Predict every task of a project that has no prediction of this model version yet.

    Tasks are read right here, by engines in processes of their own, or by running servers, several at a time; the
    annotators' Label Studio is asked for lists and pictures only. Each task gets exactly one prediction, also where
    the command was killed and started again. Annotations and predictions of others are never touched.

    Two runs on one project do not overlap. Ctrl-C stops after the tasks in work; once more, at once. Exit codes:
    0 every task has its prediction, or watching was stopped; 1 some failed (they are in the file of failures), or an
    error ended the run; 2 the command line or the project is wrong; 3 the engine is not installed; 130 stopped before
    the end.
    """
    from ml_server.label_studio.predict_command import Passes

    if watch is not None and retry_failed is not None:
        fail("--watch and --retry-failed exclude each other", EXIT_USAGE)
    passes = Passes(
        project=project,
        servers=tuple(server or ()),
        concurrency=concurrency,
        attempts=attempts,
        down_s=wait_for_label_studio,
        watch_s=_seconds(watch) if watch is not None else None,
        failed=failures,
        retry=retry_failed,
        state=state,
    )
    report = shared.finish(
        _predict(
            passes,
            shared.label_studio_settings(url=url, language=lang, engine=engine),
            settings_from(lang=lang, engine=engine, replicas=replicas, preload=""),
            as_json=as_json,
        )
    )
    if watch is not None:
        return  # it was stopped; nothing else ends it but an error
    if report.stopped:
        raise typer.Exit(EXIT_STOPPED)
    if report.failures:
        raise typer.Exit(EXIT_FAILED)


async def _predict(passes: Passes, settings: LabelStudioSettings, server: Settings, *, as_json: bool) -> PredictReport:
    from ml_server import logs
    from ml_server.label_studio import predict_passes
    from ml_server.label_studio.predict import PredictReport
    from ml_server.label_studio.predict_command import Watcher

    logs.configure("ERROR", "console")
    stop = asyncio.Event()
    loop, main = asyncio.get_running_loop(), asyncio.current_task()

    def leave() -> None:
        """The first signal asks, the second one does not; nor does time, where Label Studio is waited for."""
        if main is not None and stop.is_set():
            main.cancel()
        elif main is not None:
            loop.call_later(server.shutdown_grace_s + 1, main.cancel)
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, leave)

    def passed(report: PredictReport, version: str, path: Path) -> None:
        if as_json:
            summary = asdict(report) | {
                "project": passes.project,
                "model_version": version,
                "failed": len(report.failures),
            }
            typer.echo(json.dumps(summary | {"failures": str(path)}, ensure_ascii=False))
        elif passes.watch_s is None or report.done or report.failures:
            told = [(each.task, each.message) for each in report.warnings]
            told += [(each.task, each.message) for each in report.failures]
            for task, message in told:
                typer.echo(f"ml-server: task {task}: {message}", err=True)
            read = len({warning.task for warning in report.warnings})
            warned = f" ({read} of them with warnings)" if read else ""
            more = f", see {path}" if report.failures else ""
            bare = f", {report.without_regions} of them without regions to label" if report.without_regions else ""
            stopped = "; ended before all had their turn, the same command goes on" if report.stopped else ""
            typer.echo(
                f"{report.done} done{warned}, {len(report.failures)} failed{more}, {report.skipped} skipped{bare} "
                f"({version}){stopped}"
            )

    with shared.bar("tasks") as progress:
        watcher = Watcher(progress, passed, lambda line: typer.echo(f"ml-server: {line}", err=True))
        try:
            return await predict_passes.predict(passes, settings, server, watcher, stop)
        except asyncio.CancelledError:
            if not stop.is_set():
                raise
            typer.echo("ml-server: stopped before the tasks in work were done; the same command goes on", err=True)
            return PredictReport(stopped=True)


def _seconds(given: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", given.strip())
    if found is None or float(found[1]) <= 0:
        fail(f"--watch {given!r}: it is like 30s, 5m or 1h", EXIT_USAGE)
    return float(found[1]) * _UNITS[found[2]]
