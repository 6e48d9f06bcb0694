"""A program that serves a fake pipeline over gRPC alone, for tests that send it signals.

It writes its port, ``arrived`` at the first request, and at its end what the pipeline was called with; it opens the
gate named by each line it reads.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

from grpc_fakes import FakePipeline, settings_on

from ml_server import logs
from ml_server.grpc_services import server as server_module
from ml_server.grpc_services.server import GrpcServer, serve_forever


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main() -> None:
    pipeline, loop = FakePipeline(), asyncio.get_running_loop()
    start = GrpcServer.start

    async def started(self: GrpcServer) -> int:
        port = await start(self)
        say(port)
        return port

    def open_gates() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(pipeline.gate(line.strip()).set)

    replaced: Any = server_module
    replaced.Pipeline = lambda settings: pipeline
    replaced.GrpcServer.start = started
    threading.Thread(target=open_gates, daemon=True).start()
    arrived = asyncio.create_task(pipeline.arrived(1))
    arrived.add_done_callback(lambda _: say("arrived"))
    await serve_forever(settings_on(0))
    say(*pipeline.calls)


if __name__ == "__main__":
    logs.configure()
    asyncio.run(main())
