"""Documents into a folder and into a bucket: rendered once, under names made of their content."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from pages import png, tiff
from PIL import Image
from s3_server import S3Server, s3_server

from ml_server.bulk.places import PART
from ml_server.decode import DecodeLimits, DocumentProbe, decode_pages, probe
from ml_server.decode_png import PagePicture, encode
from ml_server.errors import InvalidImage, InvalidRequest, MLServerError, NotReady
from ml_server.ingest import names
from ml_server.ingest.documents import Documents, StoredDocument
from ml_server.ingest.stores import FolderStore, Store, open_store
from ml_server.settings import Settings

LIMITS = DecodeLimits.from_settings(Settings())


class Rendered:
    """The decoder in this process, counting what it is asked for; it ends after ``stop_after`` pages."""

    def __init__(self) -> None:
        self.documents = 0
        self.stop_after = 0

    async def __call__(self, data: bytes, dpi: int) -> AsyncGenerator[tuple[DocumentProbe, PagePicture], None]:
        found = probe(data, LIMITS)
        self.documents += 1
        for index in range(found.pages):
            if self.stop_after and index == self.stop_after:
                raise NotReady("the server is stopping")
            await asyncio.sleep(0)
            (page,) = decode_pages(data, index, 1, LIMITS)
            yield found, encode(page)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server("bucket") as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server) -> Store:
    here = str(tmp_path / "kept") if request.param == "folder" else f"s3://bucket/{tmp_path.name}"
    return open_store(here)


def add(documents: Documents, data: bytes, name: str = "scan.tif", *, keep_raw: bool = True) -> StoredDocument:
    return asyncio.run(documents.add(data, name, 200, keep_raw=keep_raw))


def test_every_page_is_a_png_of_its_own_and_the_second_time_nothing_is_stored(store: Store) -> None:
    rendered = Rendered()
    documents = Documents(store, rendered)
    data = tiff((40, 30), (50, 60), (70, 80))
    first = add(documents, data)
    assert (first.known, first.uploaded, first.format, first.dpi) == (False, 4, "TIFF", None)
    assert [(page.number, page.width, page.height) for page in first.pages] == [(1, 40, 30), (2, 50, 60), (3, 70, 80)]
    for page in first.pages:
        assert names.is_page_name(page.name)
        stored = store.read(names.page_path(page.name))
        assert stored is not None
        with Image.open(io.BytesIO(stored)) as image:
            assert (image.format, image.size) == ("PNG", (page.width, page.height))
    assert store.read(first.raw) == data
    again = add(documents, data, "another name.tif")
    assert (again.known, again.uploaded, again.name) == (True, 0, "another name.tif")
    assert (again.id, again.pages, again.raw) == (first.id, first.pages, first.raw)
    assert rendered.documents == 1
    assert add(documents, tiff((40, 30))).id != first.id


def test_a_page_that_was_taken_away_comes_back_and_only_that_one_is_stored(store: Store) -> None:
    documents = Documents(store, Rendered())
    data = tiff((41, 30), (51, 60))
    first = add(documents, data)
    assert store.remove(names.page_path(first.pages[1].name))
    assert not store.remove(names.page_path(first.pages[1].name))
    again = add(documents, data)
    assert (again.known, again.uploaded) == (False, 1)
    assert store.read(names.page_path(first.pages[1].name)) is not None


def test_what_was_broken_off_goes_on_where_it_was(store: Store) -> None:
    rendered = Rendered()
    rendered.stop_after = 2
    documents = Documents(store, rendered)
    data = tiff((42, 30), (52, 60), (62, 70))
    with pytest.raises(NotReady):
        add(documents, data)
    assert store.read(names.record_path(names.document_id(data))) is None
    rendered.stop_after = 0
    again = add(documents, data)
    assert (again.known, again.uploaded, len(again.pages)) == (False, 2, 3)


def test_the_raw_copy_is_kept_or_not(store: Store) -> None:
    documents = Documents(store, Rendered())
    data = tiff((43, 30))
    assert add(documents, data, keep_raw=False).raw == ""
    path = names.raw_path(names.document_id(data), "TIFF")
    assert store.read(path) is None
    kept = add(documents, data)
    assert (kept.raw, kept.known, kept.uploaded) == (path, True, 1)
    assert store.read(path) == data
    assert add(documents, data, keep_raw=False).known
    assert store.read(path) is None


def test_a_damaged_record_is_as_none(store: Store) -> None:
    documents = Documents(store, Rendered())
    data = tiff((44, 30))
    first = add(documents, data)
    store.write(names.record_path(first.id), b'{"pages": [{"number": 1}]}', "application/json")
    assert not add(documents, data).known
    record = store.read(names.record_path(first.id))
    assert record is not None
    assert json.loads(record)["name"] == "scan.tif"


def test_what_a_killed_process_left_half_written_goes_and_what_another_one_writes_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    stored = add(Documents(store, Rendered()), tiff((49, 30)))
    old, new = (tmp_path / "preprocessed" / f"{PART}{name}" for name in ("old", "new"))
    for part, age_s in ((old, 7200), (new, 60)):
        part.write_bytes(b"half")
        os.utime(part, (time.time() - age_s,) * 2)
    store.tidy()
    assert not old.exists()
    assert new.exists()
    assert store.read(names.page_path(stored.pages[0].name)) is not None


def test_what_is_no_document_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    documents = Documents(FolderStore(tmp_path), Rendered())
    with pytest.raises(InvalidImage):
        add(documents, b"hello")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_the_same_file_twice_at_once_is_stored_once(tmp_path: Path) -> None:
    rendered = Rendered()
    documents = Documents(FolderStore(tmp_path), rendered)
    data = tiff((45, 30), (46, 31))
    found = await asyncio.gather(*(documents.add(data, f"{n}.tif", 200, keep_raw=True) for n in range(4)))
    assert rendered.documents == 1
    assert sorted(document.uploaded for document in found) == [0, 0, 0, 3]


def test_pages_without_colour_are_grey_and_others_are_not() -> None:
    modes = []
    for data in (png(), png(colour=(255, 0, 0))):
        (page,) = decode_pages(data, 0, 1, LIMITS)
        with Image.open(io.BytesIO(encode(page).png)) as image:
            modes.append(image.mode)
            assert image.convert("RGB").getpixel((1, 1)) == tuple(page.pixels[1, 1])
    assert modes == ["L", "RGB"]


def test_a_bucket_that_asks_to_slow_down_gets_everything_once(s3: S3Server) -> None:
    documents = Documents(open_store("s3://bucket/slow"), Rendered())
    s3.requests.clear()
    s3.fail_every = 5
    try:
        stored = add(documents, tiff(*((47, height) for height in range(20, 24))))
    finally:
        s3.fail_every = 0
    assert stored.uploaded == 5
    assert len(s3.keys("bucket", "slow/preprocessed/")) == 4
    assert (
        s3.client.head_object(Bucket="bucket", Key=f"slow/preprocessed/{stored.pages[0].name}")["ContentType"]
        == "image/png"
    )
    assert add(documents, tiff(*((47, height) for height in range(20, 24)))).known


def test_a_store_that_cannot_be_used_says_why(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MLServerError, match="s3://nosuch") as refused:
        add(Documents(open_store("s3://nosuch/folder"), Rendered()), tiff((48, 30)))
    assert refused.value.code == "internal"
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(MLServerError, match="cannot keep files"):
        add(Documents(FolderStore(blocker / "below"), Rendered()), tiff((48, 30)))
    for wrong in ("s3://", "gs://bucket/x"):
        with pytest.raises(InvalidRequest):
            open_store(wrong)


@pytest.mark.parametrize(
    ("target", "root"),
    [
        ("s3://bucket/preprocessed/", "s3://bucket"),
        ("s3://bucket/a/preprocessed", "s3://bucket/a"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("/data/preprocessed/", "/data"),
        ("preprocessed", "."),
        ("/preprocessed", "/"),
        ("pages", "pages"),
    ],
)
def test_the_folder_of_the_pages_and_the_one_above_mean_the_same(target: str, root: str) -> None:
    assert names.root_of(target) == root


def test_only_names_of_pages_are_names_of_pages() -> None:
    document = names.document_id(b"x")
    assert names.is_page_name(names.page_name(names.rendering_id(document, "PDF", 300), 12))
    assert names.is_page_name(names.page_name(document, 1))
    page = names.page_name(document, 1)
    for wrong in (f"../{page}", f"a/{page}", f"{page}\n", f"{page}.json", page.upper(), "", "..", f"{document}.pdf"):
        assert not names.is_page_name(wrong)
