"""Far more load than the server can do: what it answers, how long that takes, how soon it is itself again."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from benchmarks.command import Delay, Engine, Limit, Setting, Wire, conclude, pairs, say
from benchmarks.corpus import samples
from benchmarks.load import Send, arrivals, closed, opened
from benchmarks.results import Measurement, check
from benchmarks.serving import ours
from benchmarks.summary import Run, ratio
from benchmarks.traffic import sender
from benchmarks.usage import TreeUsage

_VARIANTS = 100
_CROWD = 16
_IN_A_ROW = 3
_RECOVERY_S = 5.0
_RSS = 1.5
"""By how much memory may grow under overload and still count as bounded."""


def command(
    context: typer.Context,
    engine: Engine = "mock",
    wire: Wire = "both",
    seconds: Annotated[float, typer.Option(min=1, help="How long the overload lasts.")] = 20.0,
    factor: Annotated[float, typer.Option(min=1, help="Arrivals a second : what the server can do.")] = 10.0,
    probe: Annotated[int, typer.Option(min=1, help="Requests that measure the unloaded latency.")] = 20,
    delay: Delay = 0.1,
    queue_size: Annotated[int, typer.Option(min=1, help="Of our server: requests that may wait.")] = 16,
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Point 3: ten times more load than capacity: codes, p99 of what was accepted, memory, recovery.

    Capacity is measured first, by a closed loop of up to 16 clients. The load is an open loop of Poisson arrivals;
    latency counts from when a request was due. The allowed queue time is queue-size requests, of a page each, at that
    capacity. It is back to normal with the first of three requests in a row that take no longer than twice the unloaded
    p99; that is counted from the last accepted answer.
    """
    settings = {"queue_size": str(queue_size), **pairs(setting or [])}
    if engine == "mock":
        settings = {"mock_delay_s": str(delay), **settings}
    conclude(context, measure(engine, wire, seconds, factor, probe, settings), limit_s)


async def measure(
    engine: str, wire: str, seconds: float, factor: float, probe: int, settings: dict[str, str]
) -> Measurement:
    """See :func:`command`."""
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {engine}")
        server = stack.enter_context(ours(engine, settings))
        usage = stack.enter_context(TreeUsage(server.process))
        send = sender(server, wire, samples(engine, _VARIANTS), stack)
        await closed(send, 4, requests=8)
        say("the unloaded latency")
        unloaded = await closed(send, 1, requests=probe)
        say("what it can do")
        crowd = min(_CROWD, int(settings["queue_size"]))  # more would be refused, and measure that
        full = await closed(send, crowd, seconds=max(5.0, 2 * crowd / max(unloaded.per_second, 0.1)))
        before = usage.typical(usage.now() - 3.0, usage.now())
        queue_s = float(settings["queue_size"]) / full.per_second
        rate = factor * full.per_second
        say(f"{rate:.1f} requests/s for {seconds:g} s; it can do {full.per_second:.2f}")
        over = await opened(send, arrivals(rate, seconds, seed=5))
        answered = max((outcome.due + outcome.seconds for outcome in over.good), default=0.0)
        recovery_s = await _recovery(send, 2 * unloaded.latency(99))
        after = usage.look()
    allowed = 2 * unloaded.latency(99) + queue_s
    notes = [
        f"{rate:.2f} requests/s arrived, {full.per_second:.2f} could be done; allowed queue time {queue_s:.2f} s",
        f"the last accepted request was answered {answered - seconds:.1f} s after the last arrival",
        f"resident MB: {before:.0f} before, {usage.peak():.0f} at most, {after:.0f} at the end",
    ]
    rows = [
        unloaded.row("unloaded"),
        full.row(f"{crowd} at once"),
        over.row("overload: accepted"),
        _refusals(over).row("overload: refused"),
    ]
    return Measurement(
        "overload",
        {"engine": engine, "wire": wire, "seconds": seconds, "factor": factor, **settings},
        rows,
        [
            check("requests neither answered nor honestly refused", over.lost, "==", 0),
            check("answers with another page's text", over.wrong, "==", 0),
            check("p99 of accepted / (2 x unloaded p99 + queue time)", ratio(over.latency(99), allowed), "<=", 1.0),
            check("peak memory / before", ratio(usage.peak(), before), "<=", _RSS),
            check("seconds until back to normal", recovery_s, "<=", _RECOVERY_S),
        ],
        {"resident MB": usage.series()},
        notes=notes,
    )


def _refusals(run: Run) -> Run:
    """What was refused, as if that were the result, for its latency."""
    refused = [outcome for outcome in run.outcomes if outcome.refused]
    return Run(tuple(outcome.as_result() for outcome in refused), run.seconds)


async def _recovery(send: Send, normal_s: float) -> float:
    """Seconds until the first of three requests in a row that take no longer than usual."""
    began, number, row = time.perf_counter(), 0, list[float]()
    while len(row) < _IN_A_ROW:
        sent = time.perf_counter()
        answer = await send(number)
        number += 1
        row = [*row, sent - began] if answer.ok and time.perf_counter() - sent <= normal_s else []
    return row[0]
