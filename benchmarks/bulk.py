"""``ml-server bulk`` over mixed documents: killed and started again, beside an undisturbed run; and how fast it is."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer

from benchmarks import loops
from benchmarks.bulk_corpus import make
from benchmarks.command import Engine, Limit, conclude, say
from benchmarks.results import Measurement, check
from benchmarks.summary import median, ratio
from benchmarks.usage import TreeUsage

_GROWTH = 1.1
_KILLS = 3
_AGAINST_LOOP = {"tesseract": 1.8, "paddle": 0.97}

Lang = Annotated[str, typer.Option(help="What is read.")]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run printed as its summary, and its memory: (seconds, resident MB)."""

    summary: dict[str, Any]
    usage: TreeUsage


def command(
    context: typer.Context,
    engine: Engine = "tesseract",
    pages: Annotated[int, typer.Option(min=5, help="Of whole documents; 500 are judged.")] = 500,
    damaged: Annotated[float, typer.Option(min=0, max=1, help="Share of damaged documents.")] = 0.05,
    lang: Lang = "english",
    limit_s: Limit = 2 * 3600.0,
) -> None:
    """Mixed documents, 5 % of them damaged: one run undisturbed, one killed three times on the way and gone on with."""
    conclude(context, _measure(engine, pages, damaged, lang), limit_s)


def speed(
    context: typer.Context,
    engine: Engine = "tesseract",
    pages: Annotated[int, typer.Option(min=2, help="Single pages in a round.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="By turns with the loop.")] = 3,
    limit_s: Limit = 3600.0,
) -> None:
    """Pages a second against a loop in one process that decodes and reads with all cores."""
    conclude(context, _speed(engine, pages, rounds), limit_s)


async def _measure(engine: str, pages: int, damaged: float, lang: str) -> Measurement:
    with TemporaryDirectory(prefix="bulk-") as folder:
        root = Path(folder)
        say(f"making {pages} pages")
        made = await asyncio.to_thread(make, root / "in", pages, damaged)
        options = ["--engine", engine, "--lang", lang]
        say("an undisturbed run")
        whole = await _run(root / "in", root / "whole", options)
        say("a run that is killed")
        for kill in range(_KILLS):
            enough = made.pages * (kill + 1) // (_KILLS + 1)
            count = await asyncio.to_thread(_killed, root / "in", root / "killed", options, enough)
            say(f"killed with {count} pages written")
        last = await _run(root / "in", root / "killed", options)
        again = await _run(root / "in", root / "killed", options)
        left = [path for path in (root / "killed").rglob("*") if path.name.startswith(".ml-server-part")]
        theirs, mine = _pages(root / "whole"), _pages(root / "killed")
        differ = _differ(mine, theirs)
        listed = {Path(row["path"]).relative_to(root / "in").as_posix() for row in _rows(root / "killed" / "failures")}
        indexed = [row["file"] for row in _rows(root / "killed" / "index")]
    span = whole.usage.samples[-1][0]
    early, late = (whole.usage.typical(span * at, span * (at + 0.2)) for at in (0.2, 0.8))
    return Measurement(
        "bulk",
        {"engine": engine, "pages": made.pages, "damaged": len(made.damaged), "lang": lang},
        [
            {"what": name, **{key: ran.summary[key] for key in ("pages", "skipped", "failed", "seconds")}}
            | {"pages_per_second": ran.summary["pages_per_second"], "peak_mb": round(ran.usage.peak(), 1)}
            for name, ran in (("undisturbed", whole), ("after three kills", last), ("once more", again))
        ],
        [
            check("good pages not read", made.pages - len(theirs), "==", 0),
            check("damaged documents not listed", len(made.damaged - listed), "==", 0),
            check("good documents listed", len(listed - made.damaged), "==", 0),
            check("pages that differ from the undisturbed run's", differ, "==", 0),
            check("pages twice or not at all in the index", abs(len(indexed) - len(set(indexed) & set(mine))), "==", 0),
            check("pages read again by a run with nothing to do", again.summary["pages"], "==", 0),
            check("files left half-written", len(left), "==", 0),
            check("memory in the last fifth / in the second", ratio(late, early), "<=", _GROWTH),
        ],
        {"resident MB": whole.usage.series()},
    )


async def _speed(engine: str, pages: int, rounds: int) -> Measurement:
    rows, ratios = list[dict[str, Any]](), []
    options = ["--engine", engine, "--lang", "english"]
    loop = await loops.start(loops.KINDS[engine][0])
    try:
        with TemporaryDirectory(prefix="bulk-") as folder:
            root = Path(folder)
            await asyncio.to_thread(make, root / "in", pages, 0.0)
            files = [path for path in sorted((root / "in").rglob("*")) if path.suffix in (".png", ".jpg")]
            (root / "list.txt").write_text("\n".join(map(str, files)))
            await loop.run(files[:2])  # loads and warms it up
            for turn in range(rounds):
                ran = await _run(root / "list.txt", root / f"out{turn}", [*options, "--no-enlarge"])
                alone = await loop.run(files)
                here, there = ran.summary["pages_per_second"], len(files) / alone.seconds
                ratios.append(ratio(here, there))
                rows.append({"what": f"round {turn + 1}: bulk", "pages_per_second": round(here, 3)})
                rows.append({"what": f"round {turn + 1}: loop", "pages_per_second": round(there, 3)})
                say(f"round {turn + 1}: {here:.2f} against {there:.2f} pages/s")
    finally:
        await loop.close()
    least = _AGAINST_LOOP.get(engine, 1.0)
    return Measurement(
        "bulk-speed",
        {"engine": engine, "pages": len(files), "rounds": rounds},
        rows,
        [check("pages a second / those of the loop, median of the rounds", median(ratios), ">=", least)],
        notes=[
            "The loop writes nothing; bulk writes each page's JSON, its record and the index.",
            "With --no-enlarge, as the loop reads small pages as they are.",
        ],
    )


async def _run(source: Path, output: Path, options: list[str]) -> Ran:
    with _started(source, output, options) as process, TreeUsage(process, every_s=0.25) as usage:
        told, said = await asyncio.to_thread(process.communicate)
    if not told:
        raise RuntimeError(f"the run ended with {process.returncode}: {said.decode()[-2000:]}")
    return Ran(json.loads(told), usage)


def _killed(source: Path, output: Path, options: list[str], enough: int) -> int:
    """Kill a run and all it started once so many pages are written; says how many there were."""
    with _started(source, output, options) as process:
        while (count := len(_pages(output))) < enough and process.poll() is None:
            time.sleep(0.2)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        process.wait(30)
    return count


@contextmanager
def _started(source: Path, output: Path, options: list[str]) -> Iterator[psutil.Popen]:
    command = [str(Path(sys.executable).parent / "ml-server"), "bulk", str(source), str(output), "--json", *options]
    with psutil.Popen(command, stdout=PIPE, stderr=PIPE) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _pages(output: Path) -> dict[str, Path]:
    return {path.relative_to(output).as_posix(): path for path in output.rglob("page*.json")}


def _differ(mine: dict[str, Path], theirs: dict[str, Path]) -> int:
    """Pages that only one of two runs has, or that say something else but for the time they took."""

    def body(path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(path.read_bytes())
        del found["processing_time_ms"]
        return found

    both = mine.keys() & theirs.keys()
    return len(mine.keys() ^ theirs.keys()) + sum(body(mine[name]) != body(theirs[name]) for name in both)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]
