"""Processes: loaded once, killed when they hang, replaced when they die, gone when the server is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from functools import partial

import psutil
import pytest
from pages import png

from ml_server.decode import DecodeLimits
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.errors import InvalidImage
from ml_server.languages import parse
from ml_server.replicas import InlineReplica, ProcessReplica, Replica, ReplicaDied, ReplicaHung
from ml_server.settings import Settings
from ml_server.workers import DecodeWorker, EngineWorker, warm_up_page

ENGLISH = parse("english")
OPTIONS = ReadOptions(ENGLISH)


def engine(**config: object) -> partial[EngineWorker]:
    values = {"languages": ENGLISH, **config}
    return partial(EngineWorker, "mock", EngineConfig(**values))  # type: ignore[arg-type]


@pytest.fixture(params=["process", "inline"])
async def replica(request: pytest.FixtureRequest) -> AsyncIterator[Replica]:
    made: Replica = ProcessReplica(engine()) if request.param == "process" else InlineReplica(engine())
    await made.start(30)
    yield made
    made.close()


async def test_both_kinds_read_alike(replica: Replica) -> None:
    page = warm_up_page()
    (result,) = await replica.call("read", [page], OPTIONS, timeout_s=10)
    assert result.lines[0].text == "mock page 640 x 200"


async def test_the_worker_is_built_once_however_often_it_is_called() -> None:
    replica = ProcessReplica(engine())
    first = await replica.start(30)
    for _ in range(5):
        await replica.call("read", [warm_up_page()], OPTIONS, timeout_s=10)
    stats = await replica.call("stats", timeout_s=10)
    replica.close()
    assert (stats.built, stats.pages, stats.pid) == (1, 5, first.pid)
    assert stats.pid != os.getpid()


async def test_a_killed_process_is_noticed_at_once() -> None:
    replica = ProcessReplica(engine(mock_delay_s=0.0))
    await replica.start(30)
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGKILL)
    with pytest.raises(ReplicaDied):
        await replica.call("read", [warm_up_page()], OPTIONS, timeout_s=10)


async def test_a_hanging_process_is_killed() -> None:
    replica = ProcessReplica(engine(mock_delay_s=0.0))
    stats = await replica.start(30)
    slow = ProcessReplica(engine(mock_delay_s=600.0))
    with pytest.raises(ReplicaHung):
        await slow.start(2.0)
    assert slow.pid is not None
    await _gone(slow.pid)
    assert psutil.pid_exists(stats.pid)
    replica.close()
    await _gone(stats.pid)


async def _gone(pid: int) -> None:
    def ended() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(timeout=10)

    await asyncio.to_thread(ended)


async def test_errors_of_the_worker_cross_the_border_whole() -> None:
    limits = DecodeLimits.from_settings(Settings())
    replica = ProcessReplica(partial(DecodeWorker, limits, 2**31))
    await replica.start(30)
    with pytest.raises(InvalidImage) as caught:
        await replica.call("open", b"hello", True, timeout_s=10)
    assert "accepted: PNG" in caught.value.message
    (page,) = (await replica.call("open", png(31, 17), True, timeout_s=10))[1]
    assert (page.width, page.height) == (31, 17)
    replica.close()


def test_replicas_end_with_a_server_that_was_killed() -> None:
    """A parent that is killed cannot clean up; its engine processes must notice by themselves."""
    program = textwrap.dedent(
        """
        import asyncio, os, signal
        from functools import partial
        from ml_server.engines.base import EngineConfig
        from ml_server.languages import parse
        from ml_server.replicas import ProcessReplica
        from ml_server.workers import EngineWorker

        async def main():
            replica = ProcessReplica(partial(EngineWorker, "mock", EngineConfig(parse("en"))))
            print((await replica.start(30)).pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        if __name__ == "__main__":
            asyncio.run(main())
        """
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    pid = int(process.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=10)
    assert not psutil.pid_exists(pid)
