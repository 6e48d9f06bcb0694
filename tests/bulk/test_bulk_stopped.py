"""Runs that are stopped, and runs that have nothing to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bulk_runs import FakeReader

from ml_server.bulk.inputs import Inputs
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.places import LocalPlace
from ml_server.bulk.read_document import DocumentReader
from ml_server.bulk.run import BulkRun, Tally
from ml_server.bulk.storage import Storage
from ml_server.errors import EngineFailed


class Run:
    """A run over three documents, one after another, whose reader takes what ``ready`` takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0
        self.wanted, self.ready = asyncio.Event(), asyncio.Event()
        self.fault: Exception | None = None
        self.made = FakeReader(1)
        (folder / "in").mkdir(exist_ok=True)
        for name in ("a", "b", "c"):
            (folder / "in" / f"{name}.pdf").write_bytes(b"1234")

    def make(self, done: int = 99) -> BulkRun:
        """One that is stopped with the document ``done``."""

        def told(*_: object) -> None:
            if run.tally.documents == done:
                run.stop()

        storage = Storage(LocalPlace(str(self.folder / "out")), retries=0)
        options = BulkOptions("english", "mock", retries=0)
        run = BulkRun(self.reader, storage, options, ("1",), at_once=1, retry_failed=False, grace_s=60, done=told)
        return run

    async def reader(self) -> DocumentReader:
        self.asked += 1
        self.wanted.set()
        await self.ready.wait()
        if self.fault is not None:
            raise self.fault
        return self.made

    async def run(self, run: BulkRun) -> Tally:
        return await run.run(Inputs(str(self.folder / "in"), str(self.folder / "out"), lambda _: None))


async def test_it_goes_on_after_a_stop_and_wants_a_reader_only_for_something_to_read(tmp_path: Path) -> None:
    runs = Run(tmp_path)
    runs.ready.set()
    first = await runs.run(runs.make(done=1))
    assert (first.stopped, first.documents) == (True, 1)
    second = await runs.run(runs.make(done=3))
    assert (second.stopped, second.documents, second.skipped) == (False, 3, 1), "nothing was left when it was stopped"
    asked = runs.asked
    third = await runs.run(runs.make())
    assert (third.skipped, third.pages, runs.asked) == (3, 0, asked)


async def test_while_the_engine_loads_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    runs = Run(tmp_path)
    run = runs.make()
    going = asyncio.create_task(runs.run(run))
    await runs.wanted.wait()
    run.stop()
    async with asyncio.timeout(30):  # half of the grace
        tally = await going
    assert (tally.stopped, tally.documents) == (True, 0)


async def test_the_second_stop_ends_what_is_being_read(tmp_path: Path) -> None:
    class Endless(FakeReader):
        async def count(self, data: bytes) -> int:
            begun.set()
            await asyncio.Event().wait()
            return 1

    begun, runs = asyncio.Event(), Run(tmp_path)
    runs.ready.set()
    run = runs.make()
    runs.made = Endless(1)
    going = asyncio.create_task(runs.run(run))
    await begun.wait()
    assert [run.stop(), run.stop()] == [False, True]
    async with asyncio.timeout(30):  # half of the grace
        tally = await going
    assert (tally.stopped, tally.documents) == (True, 0)


async def test_an_engine_that_does_not_load_ends_the_run_and_is_no_documents_failure(tmp_path: Path) -> None:
    runs = Run(tmp_path)
    runs.fault = EngineFailed("no weights")
    runs.ready.set()
    with pytest.raises(EngineFailed, match="no weights"):
        await runs.run(runs.make())
    assert not (tmp_path / "out").exists()
