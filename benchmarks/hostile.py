"""Damaged and adversarial files among good requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.callers import HttpCaller
from benchmarks.command import Delay, Engine, Limit, Setting, conclude, pairs, say
from benchmarks.corpus import hostile, numbered
from benchmarks.load import closed
from benchmarks.results import Measurement, check
from benchmarks.serving import Server, ours
from benchmarks.traffic import sender
from benchmarks.usage import TreeUsage

_VARIANTS = 200
_HONEST = {"200", "400", "413", "415", "429", "OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "OUT_OF_RANGE"}
"""What a file may be answered with: read, refused for what it is or its size, or because the server is full."""


def command(
    context: typer.Context,
    files: Annotated[int, typer.Option(min=1, help="At most so many, evenly chosen; all by default.")] = 10_000,
    at_once: Annotated[int, typer.Option(min=1, help="Sent at the same time.")] = 5,
    engine: Engine = "mock",
    clients: Annotated[int, typer.Option(min=1, help="That send good pages meanwhile.")] = 4,
    delay: Delay = 0.05,
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Point 7: every hostile file, 5 at a time, over both wires, to a server that is busy with good pages.

    Needs the folder hostile/ below ML_SERVER_TEST_DATA. The server must be ready after each handful, every good page
    must get its own text, and memory may grow by what the decoders are allowed.
    """
    found = hostile()
    if not found:
        raise typer.BadParameter("no folder hostile/ with files: point ML_SERVER_TEST_DATA at them")
    chosen = found[:: max(1, len(found) // files)][:files]
    settings = {**({"mock_delay_s": str(delay)} if engine == "mock" else {}), **pairs(setting or [])}
    conclude(context, measure(chosen, at_once, engine, clients, settings), limit_s)


async def measure(files: list[Path], at_once: int, engine: str, clients: int, settings: dict[str, str]) -> Measurement:
    """See :func:`command`."""
    workers, each_mb = int(settings.get("decode_workers", 2)), int(settings.get("decode_memory_mb", 2048))
    settings = {**settings, "decode_workers": str(workers), "decode_memory_mb": str(each_mb)}
    pages = [numbered(number, engine) for number in range(_VARIANTS)]
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {engine}; {len(files)} files, {at_once} at a time over each wire")
        server = stack.enter_context(ours(engine, settings))
        usage = stack.enter_context(TreeUsage(server.process, every_s=0.1))
        send = sender(server, "both", pages, stack)
        await closed(send, clients, requests=2 * clients)
        before, over = usage.look(), asyncio.Event()
        good = asyncio.create_task(closed(send, clients, over=over.is_set))
        try:
            codes, odd, unready = await _attack(server, files, at_once, stack)
        finally:
            over.set()
        run = await good
        after = usage.look()
    rows = [run.row("good pages meanwhile")]
    rows.extend(
        {"what": f"hostile files over {wire}", "requests": sum(found.values()), "codes": dict(found.most_common())}
        for wire, found in codes.items()
    )
    return Measurement(
        "hostile",
        {"files": len(files), "at_once": at_once, "engine": engine, "clients": clients, **settings},
        rows,
        [
            check("handfuls after which the server was not ready", unready, "==", 0),
            check("hostile files answered with something else than a result or a refusal", len(odd), "==", 0),
            check("good pages lost", run.lost, "==", 0),
            check("good pages with another page's text", run.wrong, "==", 0),
            check("MB that memory grew by at most", usage.peak() - before, "<=", workers * each_mb),
        ],
        {"resident MB": usage.series()},
        notes=[f"resident MB: {before:.0f} before, {usage.peak():.0f} at most, {after:.0f} at the end", *odd[:20]],
    )


async def _attack(
    server: Server, files: list[Path], at_once: int, stack: AsyncExitStack
) -> tuple[dict[str, Counter[str]], list[str], int]:
    """Send every file over both wires; codes by wire, odd answers, and how often the server was not ready."""
    http, grpc = server.caller("http"), server.caller("grpc")
    assert isinstance(http, HttpCaller)
    stack.push_async_callback(http.close)
    stack.push_async_callback(grpc.close)
    codes: dict[str, Counter[str]] = {"http": Counter(), "grpc": Counter()}
    odd, unready = list[str](), 0
    for start in range(0, len(files), at_once):
        handful = files[start : start + at_once]
        for wire, caller in (("http", http), ("grpc", grpc)):
            answers = await asyncio.gather(*(caller.read_document(file.read_bytes()) for file in handful))
            codes[wire].update(answer.code for answer in answers)
            named = zip(handful, answers, strict=True)
            odd += [f"{file.name}: {answer.code} over {wire}" for file, answer in named if answer.code not in _HONEST]
        unready += not await http.is_ready()
        say(f"{min(start + at_once, len(files))} of {len(files)} files")
    return codes, odd, unready
