"""Pages a second, latency, memory and accuracy: our server, its peers and bare loops by turns over the same pages."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated

import psutil
import typer

from benchmarks import loops
from benchmarks.callers import Caller
from benchmarks.command import Limit, Setting, conclude, pairs, say
from benchmarks.corpus import mixed
from benchmarks.load import closed
from benchmarks.loops import Loop
from benchmarks.peers import PADDLEX, PYTESSERACT, RAPIDOCR
from benchmarks.results import Check, Measurement, check
from benchmarks.serving import ours
from benchmarks.summary import Answer, Run, median, merged, ratio, rounded
from benchmarks.usage import TreeUsage
from ml_server.training.ocr_metrics import score_words
from ml_server.training.ocr_truth import TruthPage

_PEERS = {"paddle": (PADDLEX, RAPIDOCR), "tesseract": (PYTESSERACT,), "easyocr": ()}
_LIMITS = {"paddle": 1.3, "tesseract": 5.0, "easyocr": 1.5}
_OURS = ("http", "grpc")
_F1_LOST = 0.005
"""Word F1 that we may be below another's: less than chance makes of a few pages, and no price of speed."""


@dataclass(slots=True)
class Contestant:
    """Something that reads pages, and what it has shown so far."""

    name: str
    reader: Caller | Loop
    usage: TreeUsage
    runs: list[Run] = field(default_factory=list)
    cpu_s: float = 0.0
    texts: dict[int, str] = field(default_factory=dict)

    async def read(self, pages: list[TruthPage], clients: int, *, counts: bool = True) -> None:
        """Read all pages once; a round that does not count warms up."""
        before = self.usage.cpu_seconds()
        if isinstance(self.reader, Loop):
            run = await self.reader.run([page.image for page in pages])
            self.texts = {i: outcome.answer.text for i, outcome in enumerate(run.outcomes)}
        else:
            files, caller = [page.image.read_bytes() for page in pages], self.reader

            async def send(number: int) -> Answer:
                answer = await caller.read(files[number])
                self.texts[number] = answer.text
                return answer

            run = await closed(send, clients, requests=len(files))
        if counts:
            self.runs.append(run)
            self.cpu_s += self.usage.cpu_seconds() - before

    def rates(self) -> list[float]:
        """Pages a second, by round."""
        return [run.per_second for run in self.runs]

    def word_f1(self, pages: list[TruthPage]) -> float:
        """Of the last round."""
        return score_words((" ".join(page.words), self.texts.get(i, "")) for i, page in enumerate(pages)).f1

    def row(self, pages: list[TruthPage]) -> dict[str, object]:
        """For the table."""
        whole = merged(self.runs)
        return {
            **whole.row(self.name),
            "word_f1": round(self.word_f1(pages), 4),
            "cpu_s_per_page": rounded(self.cpu_s / max(len(whole.good), 1), 3),
            "peak_rss_mb": round(self.usage.peak()),
        }


def command(
    context: typer.Context,
    engine: Annotated[str, typer.Option(help="paddle, tesseract or easyocr.")] = "paddle",
    pages: Annotated[int, typer.Option(min=1, help="Pages a round, forms and receipts by turns.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each reads all pages.")] = 2,
    clients: Annotated[int, typer.Option(min=1, help="Concurrent requests to each server.")] = 8,
    without: Annotated[list[str] | None, typer.Option(help="Leave one out; repeat for more.")] = None,
    setting: Setting = None,
    limit_s: Limit = 7200.0,
) -> None:
    """Point 1: pages a second against the peers and the bare loops, and accuracy no worse than theirs.

    All are started first, warm up on two pages, and then read the same pages by turns, round by round. Ratios are taken
    within a round, their median is judged. The peers' environments are set up on first use (or by the command peers).
    """
    if engine not in _LIMITS:
        raise typer.BadParameter(f"{engine!r} is none of {', '.join(_LIMITS)}")
    measuring = measure(engine, pages, rounds, clients, set(without or ()), pairs(setting or []))
    conclude(context, measuring, limit_s)


async def measure(
    engine: str, pages: int, rounds: int, clients: int, without: set[str], settings: dict[str, str]
) -> Measurement:
    """See :func:`command`."""
    chosen = mixed(pages)
    async with AsyncExitStack() as stack:
        contestants = await _enter(engine, without, settings, stack)
        for each in contestants:
            say(f"{each.name} warms up")
            await each.read(chosen[:2], clients, counts=False)
        for number in range(rounds):
            # Every other round in the other order, so that a drift of the machine favours nobody.
            for each in contestants[:: -1 if number % 2 else 1]:
                await each.read(chosen, clients)
                say(f"round {number + 1} of {rounds}: {each.name} {each.rates()[-1]:.3f} pages/s")
        return Measurement(
            "speed",
            {"engine": engine, "pages": pages, "rounds": rounds, "clients": clients, **settings},
            [each.row(chosen) for each in contestants],
            judge(engine, chosen, {each.name: each for each in contestants}),
            notes=[
                "a loop reads one page at a time, so its latency is no server's at this concurrency",
                "memory is the sum of each process's resident pages, shared ones counted for each",
            ],
        )


async def _enter(engine: str, without: set[str], settings: dict[str, str], stack: AsyncExitStack) -> list[Contestant]:
    """Start everyone; the stack ends them."""
    found: list[Contestant] = []

    def add(name: str, reader: Caller | Loop, usage: TreeUsage) -> None:
        stack.push_async_callback(reader.close)
        found.append(Contestant(name, reader, usage))

    def watched(root: psutil.Process) -> TreeUsage:
        return stack.enter_context(TreeUsage(root))

    say(f"starting ml_server with {engine}")
    server = stack.enter_context(ours(engine, settings))
    usage = watched(server.process)
    for wire in _OURS:
        if f"ml_server {wire}" not in without:
            add(f"ml_server {wire}", server.caller(wire), usage)
    for peer in _PEERS[engine]:
        if peer.name not in without:
            say(f"starting {peer.name}")
            theirs = stack.enter_context(peer.serving())
            add(peer.name, peer.caller(theirs.http), watched(theirs.process))
    for kind in loops.KINDS[engine]:
        if f"loop {kind}" not in without:
            loop = await loops.start(kind)
            add(f"loop {kind}", loop, watched(loop.root))
    return found


def judge(engine: str, pages: list[TruthPage], by_name: dict[str, Contestant]) -> list[Check]:
    """Faster than the peers and the loops that a user would write, and no less accurate; as fast as our own loop."""
    mine = by_name.get("ml_server http") or by_name.get("ml_server grpc")
    if mine is None:
        return []
    checks: list[Check] = []

    def faster(other: str, limit: float) -> None:
        if other in by_name:
            values = [ratio(a, b) for a, b in zip(mine.rates(), by_name[other].rates(), strict=True)]
            checks.append(check(f"pages a second: {mine.name} / {other}", median(values), ">=", limit))

    def accurate(other: str) -> None:
        if other in by_name:
            found = mine.word_f1(pages) - by_name[other].word_f1(pages)
            checks.append(Check(f"word F1: {mine.name} - {other}", round(found, 4), ">=", -_F1_LOST))

    for peer in _PEERS[engine]:
        faster(peer.name, _LIMITS[engine] if engine == "paddle" else 1.0)
        if peer.name in by_name:
            theirs = merged(by_name[peer.name].runs).latency(99)
            p99 = ratio(merged(mine.runs).latency(99), theirs)
            checks.append(check(f"p99: {mine.name} / {peer.name}", p99, "<", 1.0))
        accurate(peer.name)
    own, *plain = loops.KINDS[engine]
    faster(f"loop {own}", 0.97)
    for each in plain:
        faster(f"loop {each}", _LIMITS[engine])
        accurate(f"loop {each}")
    return checks
