"""Our Korean recogniser beside PP-OCRv6's, which it came from: time a line, word F1, memory, with and without both.

All read the same lines, as the detector finds them, by turns. Time is that of the processor, which others' work on the
machine hardly changes; ratios to PP-OCRv6's are taken within a round, and their median counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import psutil
import typer

from benchmarks.accuracy import SETS
from benchmarks.command import Limit, conclude, say
from benchmarks.corpus import data_folder
from benchmarks.results import Check, Measurement, check
from benchmarks.summary import median, ratio
from ml_server.decode import decode_pages
from ml_server.decode_limits import DecodeLimits
from ml_server.engines import paddle_weights
from ml_server.engines.base import EngineConfig
from ml_server.engines.ctc import Crop
from ml_server.engines.paddle_engine import PaddleEngine
from ml_server.engines.paddle_reads import Read
from ml_server.engines.paddle_second import is_doubtful
from ml_server.languages import parse
from ml_server.settings import Settings, usable_cores
from ml_server.training.ocr_metrics import score_words
from ml_server.training.ocr_truth import read_truth

_LIMIT = 1.15
_SHOWN = 0.5
"""Score from which requests get a line unless they say otherwise."""


@dataclass(slots=True)
class Reader:
    """One way to read lines, and what it showed on the present set: CPU seconds by round, pages of the last round."""

    name: str
    read: Callable[[list[Crop]], list[Read]]
    seconds: list[float] = field(default_factory=list)
    pages: list[list[Read]] = field(default_factory=list)

    def turn(self, pages: Sequence[list[Crop]], *, counts: bool = True) -> None:
        """Read all lines once; a round that does not count warms up."""
        began = time.process_time()
        self.pages = [self.read(crops) for crops in pages]
        if counts:
            self.seconds.append(time.process_time() - began)

    def times(self, base: Reader) -> float:
        """Its time over another's, the median of all rounds."""
        return median([ratio(own, other) for own, other in zip(self.seconds, base.seconds, strict=True)])

    def word_f1(self, truths: Sequence[str]) -> float:
        """Of the lines that a request gets, a truth for each page."""
        texts = ("\n".join("".join(each.characters) for each in page if each.score >= _SHOWN) for page in self.pages)
        return score_words(zip(truths, texts, strict=True)).f1


def command(
    context: typer.Context,
    pages: Annotated[int, typer.Option(min=1, help="Pages of each set.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each reads all lines.")] = 5,
    limit_s: Limit = 1800.0,
) -> None:
    """The Korean recogniser against PP-OCRv6's, with and without the second reading; needs ML_SERVER_TEST_DATA."""
    if not data_folder().is_dir():
        raise typer.BadParameter("no documents with ground truth: point ML_SERVER_TEST_DATA at them")
    conclude(context, measure(pages, rounds), limit_s)


async def measure(pages: int, rounds: int) -> Measurement:
    """See :func:`command`."""
    engine = PaddleEngine(EngineConfig(parse("english"), threads=usable_cores()))
    lines, truths = dict[str, list[list[Crop]]](), dict[str, list[str]]()
    for name, _, folder in SETS:
        say(f"{name}: looking for lines")
        chosen = read_truth(data_folder() / folder)[:pages]
        lines[name] = [_lines(engine, page.image.read_bytes()) for page in chosen]
        truths[name] = [" ".join(page.words) for page in chosen]
    (base, ours, both), notes = _readers(engine, lines[SETS[0][0]])
    rows, checks = list[dict[str, Any]](), list[Check]()
    for name, found in lines.items():
        for each in (base, ours, both):
            each.seconds.clear()
            each.turn(found, counts=False)
        for number in range(rounds):
            # Every other round in the other order, so that a drift of the machine favours nobody.
            for each in (base, ours, both)[:: -1 if number % 2 else 1]:
                each.turn(found)
                await asyncio.sleep(0)  # lets the limit of time take effect
            say(f"{name}: round {number + 1} of {rounds}")
        count = sum(map(len, found))
        for each in (base, ours, both):
            twice = sum(is_doubtful(read) for page in ours.pages for read in page) if each is both else 0
            rows.append(
                {
                    "what": f"{name}: {each.name}",
                    "lines": count,
                    "read_twice": twice,
                    "cpu_ms_a_line": round(1000 * median(each.seconds) / count, 1),
                    "over_base": round(each.times(base), 3),
                    "word_f1": round(each.word_f1(truths[name]), 4),
                }
            )
        checks.append(check(f"{name}: CPU time of {ours.name} / {base.name}", ours.times(base), "<=", _LIMIT))
    return Measurement("recogniser", {"pages": pages, "rounds": rounds}, rows, checks, notes=notes)


def _lines(engine: PaddleEngine, image: bytes) -> list[Crop]:
    (page,) = decode_pages(image, 0, 1, DecodeLimits.from_settings(Settings()))
    return engine._detect(np.ascontiguousarray(page.pixels[:, :, ::-1]))


def _readers(engine: PaddleEngine, pages: Sequence[list[Crop]]) -> tuple[tuple[Reader, Reader, Reader], list[str]]:
    """PP-OCRv6's, ours alone and both, and what it costs in memory to have two."""
    process, notes, found = psutil.Process(), list[str](), list[Any]()
    for language in ("korean", "english"):
        model = paddle_weights.find_recogniser(parse(language), None)
        assert model is not None  # or there were no engine
        before = process.memory_info().rss
        found.append(engine._models.recogniser(model))
        for crops in pages:
            engine._recognise(crops, found[-1])
        grown = (process.memory_info().rss - before) / 2**20
        notes.append(f"{model.name} takes {grown:.0f} MiB once it has read the first set")
    first, second = found
    ours = Reader("ours", lambda crops: engine._recognise(crops, first))
    base = Reader("PP-OCRv6's", lambda crops: engine._recognise(crops, second))
    both = Reader("ours, doubtful lines by both", lambda crops: engine._ask_second(ours.read(crops), second))
    return (base, ours, both), notes
