"""The load generator by itself, against a server that runs or one of our own."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Annotated

import psutil
import typer

from benchmarks.command import Limit, Setting, Wire, conclude, pairs, say
from benchmarks.corpus import samples
from benchmarks.load import Send, arrivals, closed, opened
from benchmarks.results import Measurement
from benchmarks.serving import Server, ours
from benchmarks.summary import Run, rounded
from benchmarks.traffic import sender
from benchmarks.usage import TreeUsage

_VARIANTS = 100
_POINTS = 400


@dataclass(frozen=True, slots=True)
class Pattern:
    """How to send.

    Attributes:
        wire: ``http``, ``grpc`` or ``both``.
        clients: of a closed loop.
        rate: arrivals a second of an open loop; 0 for a closed one.
        seconds: how long.
        requests: of a closed loop, instead; 0 for ``seconds``.
        warm_up: requests before, which do not count.
    """

    wire: str
    clients: int
    rate: float
    seconds: float
    requests: int
    warm_up: int

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.wire}, {f'{self.rate:g} arrivals/s' if self.rate else f'{self.clients} clients'}"

    async def send(self, send: Send) -> Run:
        """Do it."""
        if self.rate:
            return await opened(send, arrivals(self.rate, self.seconds, seed=5))
        if self.requests:
            return await closed(send, self.clients, requests=self.requests)
        return await closed(send, self.clients, seconds=self.seconds)


def command(
    context: typer.Context,
    http: Annotated[str, typer.Option(help="URL of a server that runs, as in http://127.0.0.1:3000.")] = "",
    grpc: Annotated[str, typer.Option(help="HOST:PORT of a server that runs.")] = "",
    pid: Annotated[int, typer.Option(help="Of that server, to measure its memory and CPU time.")] = 0,
    engine: Annotated[str, typer.Option(help="To read with; without an address, also the one served.")] = "mock",
    language: Annotated[str, typer.Option(help="Of the pages.")] = "english",
    wire: Wire = "http",
    clients: Annotated[int, typer.Option(min=1, help="Closed loop: so many wait for their answers.")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="Open loop: so many arrive a second. 0 for a closed loop.")] = 0.0,
    seconds: Annotated[float, typer.Option(min=0, help="How long to send.")] = 10.0,
    requests: Annotated[int, typer.Option(min=0, help="Closed loop: how many to send instead.")] = 0,
    warm_up: Annotated[int, typer.Option(min=0, help="Requests before, which do not count.")] = 4,
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Load a server: closed loop (N clients) or open loop (Poisson arrivals), over HTTP, gRPC or both.

    Without an address it starts a server of our own and ends it. The mock engine gets numbered pages, and answers with
    another page's text are counted; other engines get forms and receipts.
    """
    wanted = {"http", "grpc"} if wire == "both" else {wire}
    given = {name for name, address in (("http", http), ("grpc", grpc)) if address}
    if given and wanted - given:
        raise typer.BadParameter(f"--wire {wire} needs the address of {' and '.join(sorted(wanted - given))}")
    running = Server(psutil.Process(pid or None), http, grpc, language, engine) if given else None
    pattern = Pattern(wire, clients, rate, seconds, requests, warm_up)
    conclude(context, measure(running, pid != 0, engine, pattern, pairs(setting or [])), limit_s)


async def measure(
    running: Server | None, known: bool, engine: str, pattern: Pattern, settings: dict[str, str]
) -> Measurement:
    """See :func:`command`.

    Args:
        running: a server that runs; None to start one.
        known: whether the process of ``running`` is the right one.
        engine: to read with.
        pattern: see :class:`Pattern`.
        settings: of the server that is started.
    """
    async with AsyncExitStack() as stack:
        if running is None:
            say(f"starting ml_server with {engine}")
        server = running or stack.enter_context(ours(engine, settings))
        usage = stack.enter_context(TreeUsage(server.process))
        send = sender(server, pattern.wire, samples(engine, _VARIANTS), stack)
        if pattern.warm_up:
            await closed(send, pattern.clients, requests=pattern.warm_up)
        before = usage.cpu_seconds()
        run = await pattern.send(send)
        row = run.row(pattern.name) | {"wrong": run.wrong}
        if known or running is None:
            spent = (usage.cpu_seconds() - before) / max(len(run.good), 1)
            row |= {"cpu_s_per_page": rounded(spent, 4), "peak_rss_mb": round(usage.peak())}
    curve = sorted((round(outcome.due, 2), round(1000 * outcome.seconds, 1)) for outcome in run.good)
    return Measurement(
        "load",
        {"engine": engine, **asdict(pattern), **settings},
        [row],
        series={"latency": curve[:: max(1, len(curve) // _POINTS)]},
        axes=("seconds", "ms"),
    )
