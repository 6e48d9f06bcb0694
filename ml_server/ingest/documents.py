"""One document from bytes to stored pages: rendered and uploaded once, however often it comes."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from ml_server.bulk.path_text import as_json
from ml_server.decode import DocumentProbe
from ml_server.decode_format import sniff
from ml_server.decode_png import PagePicture
from ml_server.ingest import names
from ml_server.ingest.stores import Store

Render = Callable[[bytes, int], AsyncGenerator[tuple[DocumentProbe, PagePicture], None]]
"""A document's bytes and a resolution to its pages, see :func:`ml_server.rendering.render_pages`."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One page in the store.

    Attributes:
        number: 1-based position in the document.
        name: of its file.
        width: pixels.
        height: pixels.
    """

    number: int
    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What has become of a document.

    Attributes:
        id: of its bytes.
        name: as its sender calls it; nothing else depends on it.
        format: PDF, PNG and so on, by content.
        dpi: resolution its pages were rendered at; None for images, which keep the pixels they have.
        pages: all of them, in order.
        raw: path of the file as it came, below the store's root; empty where it is not kept.
        uploaded: files that were stored this time, pages and raw copy.
        known: whether every page was there before.
    """

    id: str
    name: str
    format: str
    dpi: int | None
    pages: tuple[StoredPage, ...]
    raw: str
    uploaded: int
    known: bool


class Documents:
    """Keeps documents in a store. All methods belong to one event loop.

    Args:
        store: where.
        render: makes the pages.
    """

    def __init__(self, store: Store, render: Render) -> None:
        self.store = store
        self._render = render
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def add(self, data: bytes, name: str, dpi: int, *, keep_raw: bool) -> StoredDocument:
        """Store a document's pages, unless they are there already.

        A file of which one page cannot be read is stored not at all as far as anybody can see: its record is missing,
        and another try goes on with what the first one left.

        Args:
            data: the file.
            name: as its sender calls it.
            dpi: resolution for the pages of a PDF, pixels per inch.
            keep_raw: whether the file as it came is to be there, too; where not, a copy kept before is removed.

        Raises:
            InvalidImage, PayloadTooLarge: not a document we read.
            NotReady: the store cannot be reached.
            MLServerError: the store refuses, and what ``render`` raises.
        """
        kind, document = sniff(data), await asyncio.to_thread(names.document_id, data)
        rendering = names.rendering_id(document, kind, dpi)
        lock = self._busy.setdefault(rendering, asyncio.Lock())
        async with lock:  # the same file twice at once is stored once
            stored = await asyncio.to_thread(self._known, rendering)
            if stored is None:
                stored = await self._store_pages(data, document, rendering, dpi)
            raw = names.raw_path(document, stored.format)
            added = await asyncio.to_thread(self._settle_raw, raw, data if keep_raw else None)
            if not stored.known:
                await asyncio.to_thread(self._write_record, rendering, stored, name)
        return replace(stored, name=name, raw=raw if keep_raw else "", uploaded=stored.uploaded + added)

    async def _store_pages(self, data: bytes, document: str, rendering: str, dpi: int) -> StoredDocument:
        pages: list[StoredPage] = []
        missing: set[str] = set()
        uploaded = 0
        probe: DocumentProbe | None = None
        async with aclosing(self._render(data, dpi)) as pictures:
            async for found, picture in pictures:
                if probe is None:
                    probe = found
                    paths = [names.page_path(names.page_name(rendering, 1 + i)) for i in range(found.pages)]
                    missing = set(await asyncio.to_thread(self.store.missing, paths))
                page = StoredPage(
                    picture.number, names.page_name(rendering, picture.number), picture.width, picture.height
                )
                pages.append(page)
                path = names.page_path(page.name)
                if path in missing:
                    await asyncio.to_thread(self.store.write, path, picture.png, "image/png")
                    uploaded += 1
        assert probe is not None  # there is no document without pages
        resolution = dpi if probe.format == "PDF" else None
        return StoredDocument(document, "", probe.format, resolution, tuple(pages), "", uploaded, known=False)

    def _known(self, rendering: str) -> StoredDocument | None:
        """What the record says, if all its pages are there."""
        record = self.store.read(names.record_path(rendering))
        stored = None if record is None else _from_record(record)
        if stored is None or self.store.missing([names.page_path(page.name) for page in stored.pages]):
            return None
        return stored

    def _settle_raw(self, path: str, data: bytes | None) -> int:
        """Keep the file as it came, or see to it that it is not there; says how many files were stored."""
        if data is None:
            self.store.remove(path)
            return 0
        if not self.store.missing([path]):
            return 0
        self.store.write(path, data, mimetypes.guess_type(path)[0] or "application/octet-stream")
        return 1

    def _write_record(self, rendering: str, stored: StoredDocument, name: str) -> None:
        body: dict[str, Any] = {**asdict(stored), "name": name}
        for passing in ("raw", "uploaded", "known"):
            del body[passing]
        text = as_json(body, indent=1) + "\n"
        self.store.write(names.record_path(rendering), text.encode(), "application/json")


def _from_record(record: bytes) -> StoredDocument | None:
    """A document from its record; None where that is not one of ours."""
    try:
        body = json.loads(record)
        pages = tuple(StoredPage(**page) for page in body.pop("pages"))
        return StoredDocument(**body, pages=pages, raw="", uploaded=0, known=True) if pages else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
