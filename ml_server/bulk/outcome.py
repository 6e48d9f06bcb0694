"""What became of a document, and finding that out without reading it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml_server.bulk.found import Found, look, textless, write_text
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.record import RECORD, Record
from ml_server.bulk.storage import Storage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document.

    Attributes:
        record: as it is in the store now.
        read: pages that were read now; none where everything had been done before.
        skipped: whether there was nothing to read.
        texts: pages whose text was not written yet, and is to be made of what was read before.
    """

    record: Record
    read: int
    skipped: bool = False
    texts: tuple[int, ...] = ()


async def finished(
    document: BulkDocument,
    storage: Storage,
    options: BulkOptions,
    fingerprints: Sequence[str],
    *,
    retry_failed: bool = False,
) -> Outcome | None:
    """What became of a document if there is nothing left to read of it, else None. Nothing is written.

    Raises:
        OutputFailed: the store does not answer.
    """
    found = await look(document, storage)
    record = found.finished(document, fingerprints, retry_failed=retry_failed)
    return None if record is None else Outcome(record, 0, skipped=True, texts=textless(record, options))


async def settled(
    document: BulkDocument,
    storage: Storage,
    options: BulkOptions,
    fingerprints: Sequence[str],
    *,
    retry_failed: bool = False,
) -> Outcome | None:
    """The same, and what can be done without reading is done: see :func:`settle`.

    Raises:
        OutputFailed: the store does not answer.
    """
    found = await look(document, storage)
    return await settle(found, document, storage, options, fingerprints, retry_failed=retry_failed)


async def settle(
    found: Found,
    document: BulkDocument,
    storage: Storage,
    options: BulkOptions,
    fingerprints: Sequence[str],
    *,
    retry_failed: bool,
) -> Outcome | None:
    """Write texts that are wanted of pages that were read, and take out failures that are none any more.

    Returns:
        What became of the document; None, and nothing is done, where something is left to read of it.

    Raises:
        OutputFailed: the store does not answer.
    """
    record = found.finished(document, fingerprints, retry_failed=retry_failed)
    if record is None:
        return None
    texts = textless(record, options)
    files = dict(record.files)
    for number in texts:
        files |= await write_text(document, number, storage)
    record = replace(record, files=files)
    if record != found.record:
        await storage.write(f"{document.folder}/{RECORD}", record.to_json())
    return Outcome(record, 0, skipped=True, texts=texts)
