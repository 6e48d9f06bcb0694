"""A set of pages written to a folder: JSON lines by the shard, or FUNSD's two folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

from ml_server.training.synthetic.render import Renderer
from ml_server.training.synthetic.synthesis import Synthesis, synthesise


@dataclass(frozen=True, slots=True)
class Run:
    """What to generate.

    Attributes:
        out: folder to write to; made if it is absent.
        pages: how many, at least 1.
        seed: of the run; page i depends on it and on i alone.
        images: fraction of the pages that get a picture, 0..1.
        funsd: write ``annotations/NAME.json`` and ``images/NAME.png`` instead of shards.
        scan: boxes lie as on a sheet put down by hand; pictures look scanned too.
        languages: weights of English, Korean and mixed.
        shard_pages: pages a shard, the piece of work that one browser does and that a new start does not repeat.
    """

    out: Path
    pages: int
    seed: int = 0
    images: float = 0.0
    funsd: bool = False
    scan: bool = False
    languages: tuple[float, float, float] = (50, 40, 10)
    shard_pages: int = 250

    @property
    def shards(self) -> int:
        """Number of pieces of work."""
        return -(-self.pages // self.shard_pages)


def shard_path(run: Run, shard: int) -> Path:
    """Where a shard's pages go, or, in FUNSD's form, the note that they are all written."""
    count = len(shard_numbers(run, shard))
    # A last shard that is short has its length in its name: a longer run writes it again.
    name = f"pages-{shard:03d}" if count == run.shard_pages else f"pages-{shard:03d}-{count}"
    return run.out / (f".{name}.done" if run.funsd else f"{name}.jsonl")


def shard_numbers(run: Run, shard: int) -> range:
    """The pages of a shard."""
    return range(shard * run.shard_pages, min(run.pages, (shard + 1) * run.shard_pages))


def pages_written(run: Run) -> int:
    """Pages of the run that an earlier start has written."""
    return sum(len(shard_numbers(run, shard)) for shard in range(run.shards) if shard_path(run, shard).exists())


def generate(run: Run, processes: int = 2, progress: Callable[[int], None] = lambda pages: None) -> int:
    """Write the run's pages; shards that are there already are left alone.

    Args:
        run: what to write.
        processes: browsers at work; 1 works in this process.
        progress: told the number of pages of every shard that is finished.

    Returns:
        Number of pages written now.

    Raises:
        ValueError: the folder holds a run with other settings.
        BrowserMissing: there is no Chromium.
    """
    run.out.mkdir(parents=True, exist_ok=True)
    _check_same_run(run)
    todo = [shard for shard in range(run.shards) if not shard_path(run, shard).exists()]
    written = 0
    if processes == 1 or len(todo) < 2:
        for shard in todo:
            written += write_shard(run, shard)
            progress(written)
        return written
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(write_shard, run, shard) for shard in todo]):
            written += done.result()
            progress(written)
    return written


def _check_same_run(run: Run) -> None:
    """Note the run's settings in the folder; refuse to mix two runs, whatever their numbers of pages."""
    note = run.out / "run.json"
    settings = asdict(run) | {"languages": [*run.languages]}
    del settings["out"], settings["pages"]
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) != settings:
        raise ValueError(f"{run.out} holds pages of another run; give another folder")
    note.write_text(json.dumps(settings), encoding="utf-8")


def write_shard(run: Run, shard: int) -> int:
    """Write one shard; it appears under its name only when it is whole.

    Returns:
        Number of its pages.
    """
    numbers = shard_numbers(run, shard)
    path = shard_path(run, shard)
    part = path.with_name(path.name + ".part")
    with Renderer() as renderer, part.open("w", encoding="utf-8") as lines:
        for number in numbers:
            picture = Random(f"{run.seed}:{number}:picture").random() < run.images
            made = synthesise(renderer, run.seed, number, picture=picture, scan=run.scan, languages=run.languages)
            _write_page(run, made)
            if not run.funsd:
                lines.write(made.page.as_line() + "\n")
    part.replace(path)
    return len(numbers)


def _write_page(run: Run, made: Synthesis) -> None:
    if made.png is not None:
        (run.out / "images").mkdir(exist_ok=True)
        (run.out / "images" / f"{made.page.name}.png").write_bytes(made.png)
    if run.funsd:
        (run.out / "annotations").mkdir(exist_ok=True)
        (run.out / "annotations" / f"{made.page.name}.json").write_text(made.page.as_line(), encoding="utf-8")
