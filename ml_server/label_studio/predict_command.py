"""What the command line asks of ``predict``, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_server.label_studio.predict import PredictReport


@dataclass(frozen=True, slots=True)
class Passes:
    """What the command line asks for.

    Attributes:
        project: id.
        servers: addresses; none to read in processes of our own.
        concurrency: tasks in work at a time; None for what keeps the engines busy.
        attempts: for each task and call.
        down_s: seconds to wait for a Label Studio that is down.
        watch_s: pause between two passes; None for one pass.
        failed: file to write failures to; None for one in the state's folder.
        retry: file of failures whose tasks are the only ones looked at; None for all tasks.
        state: folder for journals and locks; None for the user's own.
    """

    project: int
    servers: tuple[str, ...] = ()
    concurrency: int | None = None
    attempts: int = 3
    down_s: float = 600.0
    watch_s: float | None = None
    failed: Path | None = None
    retry: Path | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told of what happens.

    Attributes:
        progress: tasks over, and how many there are.
        passed: a pass is over, or ended by an error: its report, the model version, the file of failures.
        say: something to know.
    """

    progress: Callable[[int, int], None]
    passed: Callable[[PredictReport, str, Path], None]
    say: Callable[[str], None]
