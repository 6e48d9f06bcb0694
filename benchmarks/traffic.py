"""Pages on their way to our server, over one wire or both by turns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from benchmarks.callers import Caller
from benchmarks.corpus import Sample
from benchmarks.load import Send
from benchmarks.serving import Server
from benchmarks.summary import Answer

WIRES = ("http", "grpc")


def sender(server: Server, wire: str, pages: Sequence[Sample], stack: AsyncExitStack) -> Send:
    """Sends the pages over and over; answers are compared where a page can be told from its text.

    Args:
        server: ours.
        wire: ``http``, ``grpc`` or ``both``.
        pages: to send, in this order.
        stack: closes the connections.
    """
    callers: list[Caller] = [server.caller(each) for each in (WIRES if wire == "both" else (wire,))]
    for caller in callers:
        stack.push_async_callback(caller.close)

    async def send(number: int) -> Answer:
        page = pages[number % len(pages)]
        return page.judged(await callers[number % len(callers)].read(page.data))

    return send
