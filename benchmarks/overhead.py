"""What the server costs beside a bare handler: the same page, the mock engine, both wires, by turns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Annotated, Any

import typer

from benchmarks.callers import Caller
from benchmarks.command import Limit, Setting, conclude, pairs, say
from benchmarks.corpus import ROOT, scan
from benchmarks.load import closed
from benchmarks.results import Measurement, check
from benchmarks.serving import Server, answering, free_port, listening, ours, running
from benchmarks.summary import Answer, Run, median, merged, ratio

_CROWD = 16
_BARE = {"http": "bentoml", "grpc": "grpc.aio"}


def command(
    context: typer.Context,
    rounds: Annotated[int, typer.Option(min=1, help="Times that ours and the bare one take turns.")] = 7,
    requests: Annotated[int, typer.Option(min=1, help="Of one client in a turn; of 16 clients four times it.")] = 40,
    megabytes: Annotated[float, typer.Option(min=0.1, max=8, help="Size of the scanned page's file.")] = 1.0,
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Point 2: p50 of one client and requests a second of 16, against bare grpc.aio and bare BentoML handlers.

    The bare handlers decode the same bytes with Pillow in an executor and answer what our mock engine answers; that the
    texts are equal is checked. Turns go ours–bare, bare–ours, …; ratios are taken within a round, their median is
    judged.
    """
    conclude(context, measure(rounds, requests, round(megabytes * 2**20), pairs(setting or [])), limit_s)


async def measure(rounds: int, requests: int, size: int, settings: dict[str, str]) -> Measurement:
    """See :func:`command`."""
    page = scan(size)
    async with AsyncExitStack() as stack:
        say("starting ml_server and the bare handlers")
        server = stack.enter_context(ours("mock", settings))
        bare = {wire: stack.enter_context(_bare(wire)) for wire in _BARE}
        rows, checks = list[dict[str, Any]](), []
        for wire, name in _BARE.items():
            mine, theirs = server.caller(wire), bare[wire].caller(wire)
            stack.push_async_callback(mine.close)
            stack.push_async_callback(theirs.close)
            texts = {(await caller.read(page)).text for caller in (mine, theirs) for _ in range(3)}
            if len(texts) != 1 or "digest" not in texts.pop():
                raise RuntimeError(f"ours and {name} do not answer the same")
            alone = await _turns(page, mine, theirs, 1, requests, rounds)
            crowd = await _turns(page, mine, theirs, _CROWD, 4 * requests, rounds)
            for clients, turns in ((1, alone), (_CROWD, crowd)):
                for who, i in ((f"ml_server {wire}", 0), (f"bare {name}", 1)):
                    rows.append(merged([turn[i] for turn in turns]).row(f"{who}, {clients} at once"))
            p50 = median([ratio(a.latency(50), b.latency(50)) for a, b in alone])
            rate = median([ratio(a.per_second, b.per_second) for a, b in crowd])
            checks.append(check(f"{wire}: p50 / bare {name}'s, one client", p50, "<=", 1.25))
            checks.append(check(f"{wire}: requests a second / bare {name}'s, {_CROWD} clients", rate, ">=", 1.0))
    options = {"rounds": rounds, "requests": requests, "page_bytes": len(page), **settings}
    return Measurement("overhead", options, rows, checks)


async def _turns(
    page: bytes, mine: Caller, theirs: Caller, clients: int, requests: int, rounds: int
) -> list[tuple[Run, Run]]:
    """Runs of ours and of theirs, a pair a round, the first one to go changing."""
    turns = []
    for number in range(rounds):
        runs = {}
        for caller in (mine, theirs) if number % 2 == 0 else (theirs, mine):

            async def send(_: int, caller: Caller = caller) -> Answer:
                return await caller.read(page)

            runs[caller is mine] = await closed(send, clients, requests=requests)
        turns.append((runs[True], runs[False]))
        found = [f"{1000 * run.latency(50):.1f}" for run in turns[-1]]
        say(f"{clients} at once, round {number + 1} of {rounds}: p50 {found[0]} ms, bare {found[1]} ms")
    return turns


@contextmanager
def _bare(wire: str) -> Iterator[Server]:
    """A bare handler in a process of its own, as ours is."""
    port = free_port()
    here = f"127.0.0.1:{port}"
    where = {"PYTHONPATH": str(ROOT), "BENTOML_DO_NOT_TRACK": "True"}
    if wire == "grpc":
        command = [sys.executable, "-m", "benchmarks.bare.grpc_handler", str(port)]
        with running(command, listening(port), where) as process:
            yield Server(process, grpc=here, language="english", engine="mock")
        return
    command = [sys.executable, "-m", "bentoml", "serve", "benchmarks.bare.bentoml_handler:Bare"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with running(command, answering(f"http://{here}/readyz"), where) as process:
        yield Server(process, f"http://{here}", language="english", engine="mock")
