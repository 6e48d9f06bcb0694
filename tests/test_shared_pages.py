"""Pages in shared memory: they arrive whole, are written into by one reader only, and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import pickle
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_server import shared_files, shared_pages
from ml_server.decode import DecodeLimits
from ml_server.document import Page
from ml_server.replicas import ProcessReplica
from ml_server.settings import Settings
from ml_server.shared_pages import HeldPage, ParkedPage, Parking
from ml_server.workers import DecodeWorker

PAGE = Page(np.random.default_rng(0).integers(0, 255, (400, 500, 3), np.uint8), number=3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shared_files, "FOLDER", tmp_path)
    return tmp_path


def sent(page: object) -> object:
    return pickle.loads(pickle.dumps(page))


def test_a_page_arrives_and_its_file_goes(folder: Path) -> None:
    held = sent(Parking().park(PAGE))
    assert isinstance(held, HeldPage)
    assert len(pickle.dumps(held)) < 1000
    first, second = sent(held), sent(held)
    for page in (first, second):
        assert isinstance(page, Page)
        np.testing.assert_array_equal(page.pixels, PAGE.pixels)
        assert (page.number, page.pixels.flags.c_contiguous, page.pixels.flags.writeable) == (3, True, True)
    first.pixels[:] = 0  # type: ignore[attr-defined]  # told above
    np.testing.assert_array_equal(second.pixels, PAGE.pixels)  # type: ignore[attr-defined]  # told above
    assert len(list(folder.iterdir())) == 1
    del held
    gc.collect()
    assert [path.suffix for path in folder.iterdir()] == [".free"]
    np.testing.assert_array_equal(second.pixels, PAGE.pixels)  # type: ignore[attr-defined]  # told above


def test_small_pages_are_sent_as_they_are() -> None:
    assert not isinstance(Parking().park(Page(np.zeros((20, 20, 3), np.uint8))), ParkedPage)


def test_without_shared_memory_pages_are_sent_as_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_files, "FOLDER", folder / "none")
    assert Parking().park(PAGE) is PAGE


def test_where_there_is_no_room_pages_are_sent_as_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert Parking().park(PAGE) is PAGE
    assert not list(folder.iterdir())


def test_what_killed_processes_left_is_swept_and_nothing_else(folder: Path) -> None:
    left, fresh, held = Parking().park(PAGE), Parking().park(PAGE), sent(Parking().park(PAGE))
    assert isinstance(left, ParkedPage)
    assert isinstance(fresh, ParkedPage)
    assert isinstance(held, HeldPage)
    (folder / "another").write_bytes(b"")
    for path in (left.path, held.path, folder / "another"):
        os.utime(path, (time.time() - 100,) * 2)
    shared_files.sweep()
    assert {str(path) for path in folder.iterdir()} == {fresh.path, held.path, str(folder / "another")}


def test_a_decoders_process_parks_what_it_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_files, "FOLDER", Path("/dev/shm"))
    file = io.BytesIO()
    Image.fromarray(PAGE.pixels).save(file, "PNG")
    limits = DecodeLimits.from_settings(Settings())

    async def decode() -> tuple[object, object]:
        replica = ProcessReplica(partial(DecodeWorker, limits, 2**31))
        try:
            await replica.start(30)
            (page,) = await replica.call("decode", file.getvalue(), 0, timeout_s=30)
            return page, sent(page)
        finally:
            replica.close()

    held, page = asyncio.run(decode())
    assert isinstance(held, HeldPage)
    assert isinstance(page, Page)
    np.testing.assert_array_equal(page.pixels, PAGE.pixels)
    path = Path(held.path)
    assert path.exists()
    del held
    gc.collect()
    assert not path.exists()
    shared_files.clear()
    assert not path.with_name(path.name + ".free").exists()


def test_a_decoder_writes_into_what_was_given_back(folder: Path) -> None:
    parking = Parking()
    held = sent(parking.park(PAGE))
    assert isinstance(held, HeldPage)
    first, other = held.path, Page(255 - PAGE.pixels[:390])
    larger = Page(np.zeros((500, 500, 3), np.uint8))
    second = sent(parking.park(PAGE))
    assert isinstance(second, HeldPage)
    assert second.path != first  # still held
    del held
    third = sent(parking.park(other))
    assert isinstance(third, HeldPage)
    assert third.path == first
    page = sent(third)
    assert isinstance(page, Page)
    np.testing.assert_array_equal(page.pixels, other.pixels)
    del third
    assert not isinstance(parking.park(larger), Page)
    assert len(list(folder.iterdir())) == 3  # too small for it, but kept
    del second, page


def test_few_files_are_kept_and_none_at_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getppid", os.getpid)  # decoder and server are one here
    parking = Parking()
    held = [sent(parking.park(PAGE)) for _ in range(6)]
    assert len(list(folder.iterdir())) == 6
    del held
    again = sent(parking.park(PAGE))
    assert len(list(folder.iterdir())) == 3
    shared_files.clear()
    assert [str(path) for path in folder.iterdir()] == [again.path]  # type: ignore[attr-defined]  # a HeldPage


def test_large_pages_are_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_pages, "_LARGEST_KEPT", 2**19)
    held = sent(Parking().park(PAGE))
    assert isinstance(held, HeldPage)
    page = sent(held)
    assert isinstance(page, Page)
    del held
    assert not list(folder.iterdir())
    np.testing.assert_array_equal(page.pixels, PAGE.pixels)
