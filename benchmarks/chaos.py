"""Processes that are killed under load: what becomes of the requests."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Annotated

import psutil
import typer

from benchmarks.command import Clients, Delay, Engine, Limit, Setting, conclude, pairs, say
from benchmarks.corpus import Sample, numbered
from benchmarks.load import closed
from benchmarks.results import Measurement, check
from benchmarks.serving import Server, free_port, ours
from benchmarks.summary import Answer, Run
from benchmarks.traffic import WIRES, sender
from ml_server.clients import AsyncOCRClient
from ml_server.errors import MLServerError

_VARIANTS = 500
_PARTS = ("kills", "sigterm", "restart")
_SURE_S = 0.05
"""A request that was under way for so long when the signal came counts as accepted."""
_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Chaos:
    """What all parts share.

    Attributes:
        engine: of the server.
        pages: each carries its number.
        seconds: of load.
        every: seconds between kills.
        clients: that send at once.
        settings: of the server.
        found: what was measured.
    """

    engine: str
    pages: list[Sample]
    seconds: float
    every: float
    clients: int
    settings: dict[str, str]
    found: Measurement

    def judge(self, what: str, run: Run, lost: int) -> None:
        """What must hold in every part."""
        self.found.checks.extend(
            [
                check(f"{what}: requests lost", lost, "==", 0),
                check(f"{what}: answers with another page's text", run.wrong, "==", 0),
                check(f"{what}: requests answered", len(run.good), ">=", 1),
            ]
        )


def command(
    context: typer.Context,
    part: Annotated[
        list[str] | None, typer.Option(help="kills, sigterm, restart; repeat for more. All of them.")
    ] = None,
    engine: Engine = "mock",
    seconds: Annotated[float, typer.Option(min=2, help="Of load, for each part.")] = 20.0,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between kills.")] = 5.0,
    clients: Clients = 8,
    delay: Delay = 0.2,
    setting: Setting = None,
    limit_s: Limit = 3600.0,
) -> None:
    """Point 5: kill -9 of engine processes; SIGTERM; a killed server that is started again.

    Every page carries its number, so that a wrong answer shows. kills: a random engine or decoder process dies every
    few seconds. sigterm: what was under way for 50 ms when the signal came must be answered, later requests may be
    refused, and the server must exit with 0. restart: our own clients with their default retries go on while the whole
    server is killed and at once started again on the same ports; lost is what fails once it is ready again, what gave
    up before that is counted beside it.
    """
    parts = part or list(_PARTS)
    if unknown := set(parts) - set(_PARTS):
        raise typer.BadParameter(f"{', '.join(unknown)}: none of {', '.join(_PARTS)}")
    mock = {"mock_delay_s": str(delay), "replicas": "2"} if engine == "mock" else {}
    settings = {**mock, **pairs(setting or [])}
    options = {"engine": engine, "seconds": seconds, "every": every, "clients": clients, **settings}
    pages = [numbered(number, engine) for number in range(_VARIANTS)]
    chaos = Chaos(engine, pages, seconds, every, clients, settings, Measurement("chaos", options, []))
    conclude(context, measure(chaos, parts), limit_s)


async def measure(chaos: Chaos, parts: list[str]) -> Measurement:
    """See :func:`command`."""
    if "kills" in parts:
        await _kills(chaos)
    if "sigterm" in parts:
        await _sigterm(chaos)
    if "restart" in parts:
        for wire in WIRES:
            await _restart(chaos, wire)
    return chaos.found


async def _kills(chaos: Chaos) -> None:
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {chaos.engine}: kill -9 of a process every {chaos.every:g} s")
        server = stack.enter_context(ours(chaos.engine, chaos.settings))
        send = sender(server, "both", chaos.pages, stack)
        killed = list[int]()
        killing = asyncio.create_task(_kill_now_and_then(server, chaos.every, killed))
        try:
            run = await closed(send, chaos.clients, seconds=chaos.seconds)
        finally:
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing
        again = await closed(send, 1, requests=2)
    chaos.found.rows.append(run.row(f"kill -9 every {chaos.every:g} s") | {"killed": len(killed)})
    chaos.judge("kill -9", run, run.lost)
    chaos.found.checks.append(check("kill -9: answers afterwards, of 2", len(again.good), "==", 2))


async def _kill_now_and_then(server: Server, every: float, killed: list[int]) -> None:
    choice = random.Random(5)
    while True:
        await asyncio.sleep(every)
        victims = await asyncio.to_thread(server.replicas)
        if victims:
            victim = choice.choice(victims)
            say(f"kill -9 {victim.pid}, one of {len(victims)}")
            _kill(victim)
            killed.append(victim.pid)


async def _sigterm(chaos: Chaos) -> None:
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {chaos.engine}: SIGTERM under load")
        server = stack.enter_context(ours(chaos.engine, chaos.settings))
        send = sender(server, "both", chaos.pages, stack)
        half, began, signalled = chaos.seconds / 2, time.perf_counter(), 0.0

        async def stop() -> int | None:
            nonlocal signalled
            await asyncio.sleep(half)
            signalled = time.perf_counter() - began
            server.process.send_signal(signal.SIGTERM)
            return await asyncio.to_thread(_exit_code, server.process)

        async def send_slowly_when_stopped(number: int) -> Answer:
            if signalled:
                await asyncio.sleep(0.05)  # refused clients come back at once, and need not by the thousand
            return await send(number)

        stopping = asyncio.create_task(stop())
        run = await closed(send_slowly_when_stopped, chaos.clients, seconds=half + 3.0)
        code = await stopping
    accepted = [outcome for outcome in run.outcomes if outcome.due + _SURE_S <= signalled]
    later = [outcome for outcome in run.outcomes if outcome.due + _SURE_S > signalled]
    chaos.found.rows.append(Run(tuple(accepted), signalled).row("SIGTERM: sent before"))
    chaos.found.rows.append(Run(tuple(later), run.seconds - signalled).row("SIGTERM: sent after"))
    under_way = sum(outcome.due + outcome.seconds > signalled for outcome in accepted)
    chaos.found.notes.append(f"SIGTERM: {under_way} accepted requests were under way when it came")
    chaos.judge("SIGTERM", run, sum(not outcome.answer.ok for outcome in accepted))
    chaos.found.checks.append(check("SIGTERM: exit code", float("nan") if code is None else code, "==", 0))


async def _restart(chaos: Chaos, wire: str) -> None:
    say(f"starting ml_server with {chaos.engine}: killed and started again under our {wire} client")
    ports = free_port(), free_port()
    address = f"http://127.0.0.1:{ports[0]}" if wire == "http" else f"grpc://127.0.0.1:{ports[1]}"
    async with AsyncExitStack() as stack:
        first = stack.enter_context(ours(chaos.engine, chaos.settings, ports=ports))
        client = await stack.enter_async_context(AsyncOCRClient(address))

        async def send(number: int) -> Answer:
            page = chaos.pages[number % len(chaos.pages)]
            try:
                read = await client.extract_text(page.data, language="english", engine=chaos.engine)
            except MLServerError as error:
                return Answer(type(error).__name__, ok=False)
            return page.judged(Answer("ok", ok=True, text=read.text))

        async def replace() -> float:
            await asyncio.sleep(chaos.seconds / 4)
            began = time.perf_counter()
            for process in (*first.process.children(recursive=True), first.process):
                _kill(process)
            say("killed; starting it again")
            second = ours(chaos.engine, chaos.settings, ports=ports)
            await asyncio.to_thread(stack.enter_context, second)
            return time.perf_counter() - began

        async def replace_and_go_on() -> float:
            down_s = await replace()
            await asyncio.sleep(chaos.seconds * 3 / 4)
            return down_s

        logging.getLogger("ml_server.clients").setLevel(logging.ERROR)  # it tells of every retry
        replacing = asyncio.create_task(replace_and_go_on())
        run = await closed(send, chaos.clients, over=replacing.done)
        down_s = await replacing
    back = chaos.seconds / 4 + down_s
    gone = [outcome for outcome in run.outcomes if not outcome.answer.ok]
    lost = sum(outcome.due + outcome.seconds > back for outcome in gone)
    after = sum(outcome.answer.ok and outcome.due > back for outcome in run.outcomes)
    chaos.found.rows.append(run.row(f"restart: our {wire} client") | {"gave_up_while_down": len(gone) - lost})
    chaos.found.notes.append(f"restart, {wire}: from the kill until it was ready again {down_s:.1f} s")
    chaos.judge(f"restart, {wire}", run, lost)
    chaos.found.checks.append(check(f"restart, {wire}: results after it was back", after, ">=", 1))


def _exit_code(process: psutil.Process) -> int | None:
    """Of our own child; None where it does not end within half a minute."""
    try:
        return process.wait(_END_S)
    except psutil.TimeoutExpired:
        return None


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
