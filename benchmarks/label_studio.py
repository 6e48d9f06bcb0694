"""``label-studio predict`` beside Label Studio's own "retrieve predictions" against a backend of one task at a time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from benchmarks.command import Limit, conclude, say
from benchmarks.corpus import ROOT, mixed
from benchmarks.results import Measurement, check
from benchmarks.serving import answering, free_port, running

if TYPE_CHECKING:
    from real_label_studio import LabelStudio

_CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="label" toName="image"><Label value="Text"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""
_ASK_S = 0.25
"""Pause between two things that an annotator's page asks for."""


@dataclass(slots=True)
class Turn:
    """One way to get all tasks predicted.

    Attributes:
        seconds: it took.
        predicted: tasks that have a prediction afterwards.
        asked: milliseconds that Label Studio took for each request of its own pages meanwhile.
    """

    seconds: float = 0.0
    predicted: int = 0
    asked: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """Of ``asked``; NaN without any."""
        return sorted(self.asked)[int(0.95 * (len(self.asked) - 1))] if self.asked else float("nan")


def command(
    context: typer.Context,
    tasks: Annotated[int, typer.Option(min=1, help="Pages to predict.")] = 50,
    engine: Annotated[str, typer.Option(help="That our command reads with.")] = "tesseract",
    concurrency: Annotated[int, typer.Option(min=1, help="Tasks that our command has in work.")] = 4,
    limit_s: Limit = 7200.0,
) -> None:
    """Label Studio: seconds for all tasks of a project, and how its own pages answer meanwhile.

    Starts a real Label Studio on SQLite (installed where it is not yet), a pytesseract backend that handles a task at a
    time, and our command with its defaults, its start included. Label Studio's limit for its backend, 100 s, is raised,
    else it would store nothing at all. Forms and receipts by turns, English.
    """
    conclude(context, measure(tasks, engine, concurrency), limit_s)


async def measure(tasks: int, engine: str, concurrency: int) -> Measurement:
    """See :func:`command`."""
    return await asyncio.to_thread(_measure, tasks, engine, concurrency)


def _measure(tasks: int, engine: str, concurrency: int) -> Measurement:
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "label_studio")]
    from real_label_studio import running_label_studio

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        say("starting Label Studio")
        with running_label_studio(folder / "studio", ML_TIMEOUT_PREDICT="7200") as studio:
            quiet = _turn(studio, _project(studio, folder, 0), lambda: time.sleep(10))
            theirs = _theirs(studio, _project(studio, folder, tasks))
            say(f"retrieve predictions: {theirs.seconds:.1f} s for {theirs.predicted} tasks, p95 {theirs.p95:.0f} ms")
            ours = _ours(studio, _project(studio, folder, tasks), folder, engine, concurrency)
            say(f"label-studio predict: {ours.seconds:.1f} s for {ours.predicted} tasks, p95 {ours.p95:.0f} ms")
    turns = {"nothing": quiet, "retrieve predictions, pytesseract backend": theirs, "label-studio predict": ours}
    rows = [
        {"what": name, "tasks": turn.predicted, "seconds": round(turn.seconds, 1), "UI p95 ms": round(turn.p95)}
        for name, turn in turns.items()
    ]
    checks = [
        check("seconds / retrieve predictions", ours.seconds / theirs.seconds, "<=", 1 / 8),
        check("tasks predicted by ours", ours.predicted, "==", tasks),
        check("tasks predicted by retrieve predictions", theirs.predicted, "==", tasks),
        check("UI p95 ms during ours", ours.p95, "<=", 1000.0),
    ]
    options = {"tasks": tasks, "engine": engine, "concurrency": concurrency}
    return Measurement("label_studio", options, rows, checks)


def _theirs(studio: LabelStudio, project: int) -> Turn:
    port = free_port()
    script = ROOT / "benchmarks" / "bare" / "label_studio_backend.py"
    address = f"http://127.0.0.1:{port}"
    token = {"LABEL_STUDIO_API_KEY": studio.legacy_token}
    with running([sys.executable, str(script), str(port), studio.url], answering(f"{address}/health"), token):
        studio.post("/api/ml/", {"project": project, "url": address, "title": "pytesseract"})
        wanted = {"project": str(project), "selectedItems": {"all": True, "excluded": []}, "ordering": []}
        action = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}"
        return _turn(studio, project, lambda: studio.session.post(action, json=wanted, timeout=7200).raise_for_status())


def _ours(studio: LabelStudio, project: int, folder: Path, engine: str, concurrency: int) -> Turn:
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.personal_token}
    variables |= {"XDG_STATE_HOME": str(folder / "state")}
    line = [str(Path(sys.executable).parent / "ml-server"), "label-studio", "predict", "-p", str(project)]
    line += ["--engine", engine, "--lang", "english", "--concurrency", str(concurrency)]
    return _turn(studio, project, lambda: subprocess.run(line, env={**os.environ, **variables}, check=True))


def _turn(studio: LabelStudio, project: int, work: Callable[[], object]) -> Turn:
    turn = Turn()
    with _annotator(studio, project, turn):
        began = time.perf_counter()
        work()
        turn.seconds = time.perf_counter() - began
    turn.predicted = sum(len(task["predictions"]) == 1 for task in studio.tasks(project))
    return turn


@contextmanager
def _annotator(studio: LabelStudio, project: int, turn: Turn) -> Iterator[None]:
    """Somebody who has the project open: its list, its details, a task, by turns."""
    over = threading.Event()
    paths = [f"/api/projects/{project}/", f"/api/tasks?project={project}&page_size=30", "/api/current-user/whoami"]

    def ask() -> None:
        with httpx.Client(base_url=studio.url, cookies=studio.session.cookies, timeout=300) as session:
            while not over.wait(_ASK_S):
                began = time.perf_counter()
                session.get(paths[len(turn.asked) % len(paths)]).raise_for_status()
                turn.asked.append((time.perf_counter() - began) * 1000)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def _project(studio: LabelStudio, folder: Path, tasks: int) -> int:
    project = studio.project(f"{tasks} pages", _CONFIG)
    images = []
    for number, page in enumerate(mixed(tasks)):
        images.append(folder / f"{number}{page.image.suffix}")
        images[-1].write_bytes(page.image.read_bytes())
    studio.upload(project, images)
    return project
