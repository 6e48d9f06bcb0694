"""What was read once: kept when its document cannot be got any more, and gone on with after a kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bulk_runs import FakeReader
from tenacity import wait_none

from ml_server.bulk import again
from ml_server.bulk.index import FAILURES, build
from ml_server.bulk.listing import on_disk
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.places import LocalPlace
from ml_server.bulk.read_document import read_document
from ml_server.bulk.record import Failure
from ml_server.bulk.storage import Storage
from ml_server.errors import EngineFailed, InvalidImage, MLServerError, NotReady, ServerBusy

PLAIN = BulkOptions("english", "mock", retries=0)


class Killed(BaseException):
    """The process ends here."""


class Damaged(FakeReader):
    """Its documents are no documents."""

    async def count(self, data: bytes) -> int:
        raise InvalidImage("cut off")


class Away(Storage):
    """Results can be reached, documents cannot."""

    def __init__(self, folder: Path, error: MLServerError) -> None:
        super().__init__(LocalPlace(str(folder)), retries=3)

        async def fetch(document: BulkDocument) -> bytes:
            raise error

        self.originals.fetch = fetch  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_BACKOFF", wait_none())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def document(tmp_path: Path) -> BulkDocument:
    (tmp_path / "a.pdf").write_bytes(b"1234")
    return seen(tmp_path)


def seen(folder: Path) -> BulkDocument:
    file = on_disk(str(folder / "a.pdf"), ".")
    return BulkDocument(file.url, "a", file.size, file.version)


def files(out: Path) -> dict[str, int]:
    """Names and times of what was read."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "a").iterdir() if path.name != "record.json"}


async def read(
    document: BulkDocument,
    reader: FakeReader,
    out: Path,
    options: BulkOptions = PLAIN,
    fingerprints: tuple[str, ...] = ("f",),
    *,
    storage: Storage | None = None,
    retry: bool = False,
) -> Outcome:
    where = storage or Storage(LocalPlace(str(out)), retries=0)
    return await read_document(document, reader, where, options, fingerprints, retry_failed=retry)


async def kill(
    document: BulkDocument, reader: FakeReader, out: Path, options: BulkOptions = PLAIN, fingerprint: str = "f"
) -> None:
    with pytest.raises(Killed):
        await read(document, reader, out, options, (fingerprint,))


async def test_results_stay_when_their_document_is_gone_and_are_whole_when_it_is_back(
    document: BulkDocument, tmp_path: Path, out: Path
) -> None:
    await read(document, FakeReader(5), out)
    before = files(out)
    (tmp_path / "a.pdf").rename(tmp_path / "unmounted")
    gone = await read(seen(tmp_path), FakeReader(5), out)
    assert [(failure.page, failure.code) for failure in gone.record.failures] == [(0, "invalid_request")]
    assert (files(out), [page.page for page in gone.record.pages]) == (before, [1, 2, 3, 4, 5])
    assert (build(LocalPlace(str(out)), "jsonl", 0).pages, len((out / "index.jsonl").read_text().splitlines())) == (
        5,
        5,
    )
    assert (out / FAILURES).read_text().count("No such file") == 1
    assert (await read(seen(tmp_path), FakeReader(5), out)).skipped, "it is known that it is gone"
    assert not (await read(seen(tmp_path), FakeReader(5), out, retry=True)).skipped
    (tmp_path / "unmounted").rename(tmp_path / "a.pdf")
    back = await read(seen(tmp_path), FakeReader(5), out, storage=Away(out, NotReady("not asked for")))
    assert (back.skipped, back.record.failures, files(out)) == (True, (), before)
    build(LocalPlace(str(out)), "jsonl", 0)
    assert (out / FAILURES).read_text() == ""


async def test_a_bucket_that_is_away_costs_no_page_of_a_document_that_is_half_done(
    document: BulkDocument, out: Path
) -> None:
    await read(document, FakeReader(5, page3=[ServerBusy("full", retry_after_s=0)] * 2), out)
    away = await read(document, FakeReader(5), out, storage=Away(out, NotReady("503")))
    assert away.record.failures == (Failure(0, "not_ready", "503", 4), Failure(3, "server_busy", "full", 1))
    reader = FakeReader(5)
    assert [page.page for page in (await read(document, reader, out)).record.pages] == [1, 2, 3, 4, 5]
    assert reader.asked == [3]


async def test_nor_of_one_whose_reading_was_killed(document: BulkDocument, out: Path) -> None:
    await kill(document, FakeReader(6, page5=[Killed()]), out)
    away = await read(document, FakeReader(6), out, storage=Away(out, NotReady("503")))
    assert [failure.code for failure in away.record.failures] == ["not_ready"]
    build(LocalPlace(str(out)), "jsonl", 0)
    assert json.loads((out / FAILURES).read_text())["code"] == "not_ready"
    reader = FakeReader(6)
    done = await read(document, reader, out)
    assert (reader.asked, done.read, done.record.failures) == ([5, 6], 2, ())


async def test_a_document_that_is_damaged_now_keeps_what_it_had_until_it_is_mended(
    document: BulkDocument, tmp_path: Path, out: Path
) -> None:
    await read(document, FakeReader(2), out)
    before = files(out)
    (tmp_path / "a.pdf").write_bytes(b"half a scan")
    broken = await read(seen(tmp_path), Damaged(2), out)
    assert ([failure.code for failure in broken.record.failures], files(out)) == (["invalid_image"], before)
    assert (await read(seen(tmp_path), FakeReader(1), out)).skipped, "for good, as long as the file is as it is"
    (tmp_path / "a.pdf").write_bytes(b"a whole scan")
    mended = await read(seen(tmp_path), FakeReader(1), out)
    assert (mended.read, mended.record.failures, list(files(out))) == (1, (), ["page1.json"])


async def test_other_options_are_gone_on_with_after_every_kill(document: BulkDocument, out: Path) -> None:
    await read(document, FakeReader(6), out)
    asked = []
    for reader in (FakeReader(6, page3=[Killed()]), FakeReader(6, page5=[Killed()])):
        await kill(document, reader, out, fingerprint="g")
        asked.append(reader.asked)
    last = FakeReader(6)
    done = await read(document, last, out, fingerprints=("g",))
    assert [*asked, last.asked] == [[1, 2, 3], [3, 4, 5], [5, 6]]
    assert ([page.page for page in done.record.pages], len(files(out))) == ([1, 2, 3, 4, 5, 6], 6)


async def test_failed_pages_that_are_tried_again_are_not_all_lost_with_a_kill(
    document: BulkDocument, out: Path
) -> None:
    busy = ServerBusy("full", retry_after_s=0)
    await read(document, FakeReader(5, page2=[busy] * 2, page3=[busy], page4=[busy]), out)
    await kill(document, FakeReader(5, page4=[Killed()]), out)
    assert build(LocalPlace(str(out)), "jsonl", 0).pages == 2, "what was finished before is in the index all the time"
    reader = FakeReader(5)
    await read(document, reader, out)
    assert reader.asked == [4]


async def test_a_page_that_cannot_be_read_with_other_options_for_now_keeps_its_files(
    document: BulkDocument, out: Path
) -> None:
    await read(document, FakeReader(2), out, replace(PLAIN, markdown=True))
    busy = ServerBusy("full", retry_after_s=0)
    partly = await read(document, FakeReader(2, page1=[busy]), out, fingerprints=("g",))
    assert ([page.page for page in partly.record.pages], set(files(out))) == (
        [2],
        {"page1.json", "page1.md", "page2.json"},
    )
    await read(document, FakeReader(2, page1=[EngineFailed("why")]), out, fingerprints=("g",))
    assert set(files(out)) == {"page2.json"}, "it cannot be read this way at all"


async def test_text_is_made_of_what_was_read(document: BulkDocument, out: Path) -> None:
    await read(document, FakeReader(2, page2=[ServerBusy("full", retry_after_s=0)] * 2), out)
    texts, reader = replace(PLAIN, text=True), FakeReader(2)
    assert (await read(document, reader, out, texts, ("t", "f"))).read == 1
    assert reader.asked == [2]
    assert set(files(out)) == {"page1.json", "page1.txt", "page2.json", "page2.txt"}
    assert (await read(document, FakeReader(2), out)).read == 2, "other options"
    assert set(files(out)) == {"page1.json", "page2.json"}
    done = await read(document, FakeReader(2), out, texts, ("t", "f"), storage=Away(out, NotReady("not asked for")))
    assert (done.skipped, done.texts, done.record.failures) == (True, (1, 2), ())
    assert (out / "a" / "page2.txt").read_text() == json.loads((out / "a" / "page2.json").read_bytes())["text"] + "\n"
    again = await read(document, FakeReader(2), out, texts, ("t", "f"))
    assert (again.skipped, again.texts) == (True, ())


@pytest.mark.parametrize("state", ["reading", "done"])
async def test_records_of_the_version_before_still_count(document: BulkDocument, out: Path, state: str) -> None:
    if state == "done":
        await read(document, FakeReader(3), out)
    else:
        await kill(document, FakeReader(3, page2=[Killed()]), out)
    path = out / "a" / "record.json"
    record = json.loads(path.read_bytes())
    del record["tried"]
    record["before"] = ["page3.json", "page3.txt"] if state == "reading" else []
    path.write_text(json.dumps(record))
    (out / "a" / "page3.json").touch()
    reader = FakeReader(3)
    await read(document, reader, out)
    assert reader.asked == ([2, 3] if state == "reading" else [])
