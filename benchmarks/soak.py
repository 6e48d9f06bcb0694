"""Many requests: does memory grow?"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated, Any

import typer

from benchmarks.command import Clients, Engine, Limit, Setting, Wire, conclude, pairs, say
from benchmarks.corpus import samples
from benchmarks.load import closed
from benchmarks.results import Measurement, check
from benchmarks.serving import ours
from benchmarks.summary import merged, ratio
from benchmarks.traffic import sender
from benchmarks.usage import TreeUsage

_PARTS = 10
_VARIANTS = 200
_GROWTH = 1.1


def command(
    context: typer.Context,
    engine: Engine = "mock",
    requests: Annotated[
        int, typer.Option(min=_PARTS, help="In all; 20000 of mock and 2000 of a real one are judged.")
    ] = 2000,
    wire: Wire = "both",
    clients: Clients = 8,
    setting: Setting = None,
    limit_s: Limit = 4 * 3600.0,
) -> None:
    """Point 4: resident memory at the end against that after the first tenth of the requests.

    Memory is the median of samples over the second half of each tenth, summed over all processes of the server.
    """
    conclude(context, measure(engine, requests, wire, clients, pairs(setting or [])), limit_s)


async def measure(engine: str, requests: int, wire: str, clients: int, settings: dict[str, str]) -> Measurement:
    """See :func:`command`."""
    rows, runs = list[dict[str, Any]](), []
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {engine}")
        server = stack.enter_context(ours(engine, settings))
        usage = stack.enter_context(TreeUsage(server.process, every_s=0.25))
        send = sender(server, wire, samples(engine, _VARIANTS), stack)
        for part in range(_PARTS):
            began = usage.now()
            runs.append(await closed(send, clients, requests=requests // _PARTS))
            usage.look()
            ended = usage.now()
            resident = usage.typical((began + ended) / 2, ended)
            rows.append({**runs[-1].row(f"tenth {part + 1}"), "rss_mb": round(resident, 1)})
            say(f"tenth {part + 1}: {runs[-1].per_second:.1f}/s, {resident:.0f} MB")
    whole = merged(runs)
    growth = ratio(rows[-1]["rss_mb"], rows[0]["rss_mb"])
    return Measurement(
        "soak",
        {"engine": engine, "requests": requests, "wire": wire, "clients": clients, **settings},
        rows,
        [
            check("memory in the last tenth / in the first", growth, "<=", _GROWTH),
            check("requests neither answered nor honestly refused", whole.lost, "==", 0),
            check("answers with another page's text", whole.wrong, "==", 0),
        ],
        {"resident MB": usage.series()},
    )
