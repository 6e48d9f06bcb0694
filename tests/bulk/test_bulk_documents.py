"""One document through a reader into the store: retries, pages that fail alone, going on after a kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bulk_runs import FakeReader
from tenacity import wait_none

from ml_server.bulk import again
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.places import LocalPlace
from ml_server.bulk.read_document import read_document
from ml_server.bulk.record import Failure
from ml_server.bulk.storage import OutputFailed, Storage
from ml_server.errors import EngineFailed, EngineUnavailable, InvalidImage, MLServerError, ServerBusy

OPTIONS = BulkOptions("english", "mock", retries=2)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_BACKOFF", wait_none())


@pytest.fixture
def document(tmp_path: Path) -> BulkDocument:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"1234")
    return BulkDocument(str(path), "x/a", 4, "1")


async def read(document: BulkDocument, reader: FakeReader, folder: Path, *, retry: bool = False) -> Outcome:
    storage = Storage(LocalPlace(str(folder)), retries=0)
    return await read_document(document, reader, storage, OPTIONS, ("fingerprint",), retry_failed=retry)


async def test_a_page_that_fails_is_tried_again_and_fails_alone(document: BulkDocument, tmp_path: Path) -> None:
    busy, failed = ServerBusy("full", retry_after_s=0.01), EngineFailed("why")
    reader = FakeReader(5, page2=[busy, busy], page3=[failed] * 9, page5=[InvalidImage("damaged"), failed])
    outcome = await read(document, reader, tmp_path / "out")
    assert [page.page for page in outcome.record.pages] == [1, 2, 4]
    assert outcome.record.failures == (
        Failure(3, "engine_failed", "why", 3),
        Failure(5, "invalid_image", "damaged", 1),
    )
    assert reader.asked.count(4) == 1
    assert (await read(document, reader, tmp_path / "out")).skipped
    assert (await read(document, FakeReader(5), tmp_path / "out", retry=True)).record.failures == ()


async def test_a_run_that_was_killed_goes_on_with_its_page(document: BulkDocument, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        await read(document, FakeReader(6, page4=[Killed()]), tmp_path / "out")
    (tmp_path / "out" / "x" / "a" / ".ml-server-part-1").write_bytes(b"half")
    reader = FakeReader(6)
    outcome = await read(document, reader, tmp_path / "out")
    assert reader.asked == [4, 5, 6]
    assert [page.page for page in outcome.record.pages] == [1, 2, 3, 4, 5, 6]
    assert outcome.read == 3


async def test_files_that_were_there_before_are_not_taken_for_pages(document: BulkDocument, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "x" / "a"
    folder.mkdir(parents=True)
    (folder / "page3.json").write_text("somebody's")
    with pytest.raises(Killed):
        await read(document, FakeReader(3, page2=[Killed()]), tmp_path / "out")
    reader = FakeReader(3)
    await read(document, reader, tmp_path / "out")
    assert reader.asked == [2, 3]
    assert json.loads((folder / "page3.json").read_bytes())["page"] == 3


async def test_a_changed_document_is_read_anew_and_its_old_pages_go(document: BulkDocument, tmp_path: Path) -> None:
    await read(document, FakeReader(3), tmp_path / "out")
    (tmp_path / "out" / "x" / "a" / "mine.txt").write_text("kept")
    reader = FakeReader(1)
    await read(replace(document, version="2"), reader, tmp_path / "out")
    assert reader.asked == [1]
    left = {path.name for path in (tmp_path / "out" / "x" / "a").iterdir()}
    assert left == {"page1.json", "record.json", "mine.txt"}


async def test_what_concerns_every_document_ends_the_run(document: BulkDocument, tmp_path: Path) -> None:
    error: MLServerError = EngineUnavailable("not here")
    with pytest.raises(EngineUnavailable):
        await read(document, FakeReader(1, page1=[error]), tmp_path / "out")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputFailed, match="cannot write"):
        await read(document, FakeReader(1), tmp_path / "file")


async def test_a_file_that_is_gone_is_a_failure_of_its_own(document: BulkDocument, tmp_path: Path) -> None:
    gone = replace(document, url=f"{document.url}.gone")
    (failure,) = (await read(gone, FakeReader(1), tmp_path / "out")).record.failures
    assert (failure.page, failure.code) == (0, "invalid_request")
    assert "No such file" in failure.message
