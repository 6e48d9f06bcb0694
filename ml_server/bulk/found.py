"""What earlier runs have left of a document, its record and its files, and what of that still holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.pages import names, page_file, summary, text_of
from ml_server.bulk.record import RECORD, PageSummary, Record
from ml_server.bulk.storage import Storage


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the folder of a document's results.

    Attributes:
        record: the last one; None where there is none.
        present: names and bytes of the other files.
    """

    record: Record | None
    present: dict[str, int]

    def finished(self, document: BulkDocument, fingerprints: Sequence[str], *, retry_failed: bool) -> Record | None:
        """The document's record, as it should be, if there is nothing left to read; else None.

        What could not be opened at another time is no failure of a document that is as it was when it was read.
        """
        record = self.record
        if record is None or record.state != "done":
            return None
        if not record.has_tried(document, fingerprints):
            if not record.is_of(document, fingerprints):
                return None
            if record.tried is not None:
                record = replace(record, failures=record.of_pages(), tried=None)
                if len(record.pages) + len(record.failures) < record.page_count:
                    return None
        if any(retry_failed or failure.passing for failure in record.failures):
            return None
        return record if all(self.present.get(name) == size for name, size in record.files.items()) else None

    def kept(self, options: BulkOptions) -> tuple[dict[int, PageSummary], dict[str, int]]:
        """Pages that the record has, and their files, as far as they are as they were written."""
        pages: dict[int, PageSummary] = {}
        files: dict[str, int] = {}
        for page in self.record.pages if self.record is not None else ():
            recorded = self.record.files if self.record is not None else {}
            its = (*names(page.page, options), page_file(page.page, ".txt"))
            mine = {name: recorded[name] for name in its if name in recorded}
            if mine and all(self.present.get(name) == size for name, size in mine.items()):
                pages[page.page] = page
                files |= mine
        return pages, files

    def begun(self, options: BulkOptions) -> dict[int, dict[str, int]]:
        """Pages that a run had read when it was killed, which the record does not have yet, and their files."""
        record = self.record
        if record is None or record.state == "done":
            return {}
        own = self.present.keys() - set(record.before)  # a page's JSON is written last
        pages = set(range(1, record.page_count + 1)) - {page.page for page in record.pages}
        return {
            number: {name: self.present[name] for name in names(number, options)}
            for number in sorted(pages)
            if page_file(number) in own and self.present.keys() >= set(names(number, options))
        }


async def look(document: BulkDocument, storage: Storage) -> Found:
    """What there is of a document.

    Raises:
        OutputFailed: the store does not answer.
    """
    data = await storage.read(f"{document.folder}/{RECORD}")
    present = await storage.sizes(document.folder)
    record = None if data is None else Record.from_json(data)
    return Found(record, {name: size for name, size in present.items() if name != RECORD})


def textless(record: Record, options: BulkOptions) -> tuple[int, ...]:
    """Pages whose text is wanted and is not written."""
    if not options.text:
        return ()
    return tuple(page.page for page in record.pages if page_file(page.page, ".txt") not in record.files)


async def write_text(document: BulkDocument, number: int, storage: Storage) -> dict[str, int]:
    """Write a page's text, made of its JSON; gives its name and bytes, nothing where the JSON is none of ours.

    Raises:
        OutputFailed: the store does not answer.
    """
    page = await storage.read(f"{document.folder}/{page_file(number)}")
    name = page_file(number, ".txt")
    try:
        text = text_of(page or b"")
    except (ValueError, KeyError, TypeError):
        return {}
    await storage.write(f"{document.folder}/{name}", text)
    return {name: len(text)}


async def summary_of(
    document: BulkDocument, files: dict[str, int], number: int, storage: Storage
) -> PageSummary | None:
    """The summary of a page whose files are there; None where they are none of ours.

    Raises:
        OutputFailed: the store does not answer.
    """
    page = await storage.read(f"{document.folder}/{page_file(number)}")
    pairs = page_file(number, ".key_values.json")
    found = await storage.read(f"{document.folder}/{pairs}") if pairs in files else None
    try:
        return None if page is None else summary(page, found)
    except (ValueError, KeyError, TypeError):
        return None
