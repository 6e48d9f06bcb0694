"""A long document in flight: how long does a single page wait behind it?"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from benchmarks.callers import GrpcCaller, HttpCaller
from benchmarks.command import Delay, Engine, Limit, Setting, conclude, pairs, say
from benchmarks.corpus import mixed, numbered, pdf
from benchmarks.load import closed
from benchmarks.results import Measurement, check
from benchmarks.serving import ours
from benchmarks.summary import Answer, merged, ratio, rounded
from benchmarks.traffic import WIRES

_SETTLE_S = 2.0
"""Seconds the document gets to spread over the replicas before the first single page is sent."""
_PAUSE_S = 0.3
_ALLOWED = 2.0


def command(
    context: typer.Context,
    engine: Engine = "mock",
    pages: Annotated[int, typer.Option(min=2, help="Of the document.")] = 100,
    singles: Annotated[int, typer.Option(min=1, help="Single pages that measure the idle latency.")] = 10,
    delay: Delay = 0.2,
    wire: Annotated[str, typer.Option(help="http, grpc, or both after one another.")] = "both",
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Point 6: a 100-page PDF in flight delays a single-page request by at most 2 pages' time.

    Single pages are sent one at a time, first to an idle server, then for as long as the document is under way. A
    page's time is the idle latency of the same single page; the delay is the longest latency meanwhile minus that.
    """
    settings = {**({"mock_delay_s": str(delay)} if engine == "mock" else {}), **pairs(setting or [])}
    conclude(context, measure(engine, pages, singles, wire, settings), limit_s)


async def measure(engine: str, pages: int, singles: int, wire: str, settings: dict[str, str]) -> Measurement:
    """See :func:`command`."""
    single = numbered(0, engine).data if engine == "mock" else mixed(1)[0].image.read_bytes()
    images = [numbered(n, engine).data for n in range(pages)] if engine == "mock" else [single] * pages
    document = await asyncio.to_thread(pdf, images)
    found = Measurement("fairness", {"engine": engine, "pages": pages, "singles": singles, **settings}, [])
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {engine}; the document has {len(document) / 2**20:.1f} MB")
        server = stack.enter_context(ours(engine, settings))
        for each in WIRES if wire == "both" else (wire,):
            caller = server.caller(each)
            stack.push_async_callback(caller.close)
            await _one_wire(found, each, caller, document, single, pages, singles)
    return found


async def _one_wire(
    found: Measurement,
    wire: str,
    caller: HttpCaller | GrpcCaller,
    document: bytes,
    single: bytes,
    pages: int,
    singles: int,
) -> None:
    async def send(_: int) -> Answer:
        return await caller.read(single)

    await closed(send, 1, requests=2)
    idle = await closed(send, 1, requests=singles)
    say(f"{wire}: idle p50 {1000 * idle.latency(50):.0f} ms; now the document")

    async def read_all() -> tuple[Answer, float]:
        began = time.perf_counter()
        return await caller.read_document(document), time.perf_counter() - began

    reading = asyncio.create_task(read_all())
    await asyncio.sleep(_SETTLE_S)
    runs = []
    while not reading.done():
        run = await closed(send, 1, requests=1)
        if not reading.done():  # the last one may have met an idle server
            runs.append(run)
        await asyncio.sleep(_PAUSE_S)
    whole, document_s = await reading
    loaded = merged(runs)
    page_s = idle.latency(50)
    delays = {percent: ratio(loaded.latency(percent) - page_s, page_s) for percent in (50, 95, 100)}
    for name, each in ((f"{wire}: idle", idle), (f"{wire}: beside {pages} pages", loaded)):
        found.rows.append(each.row(name))
    found.rows[-1] |= {f"delay_p{percent}_pages": rounded(delay, 2) for percent, delay in delays.items()}
    found.notes.append(f"{wire}: the document took {document_s:.1f} s and ended with {whole.code}")
    found.checks.append(check(f"{wire}: longest delay of a single page, in pages' time", delays[100], "<=", _ALLOWED))
    found.checks.append(check(f"{wire}: single pages or documents that failed", loaded.lost + (not whole.ok), "==", 0))
