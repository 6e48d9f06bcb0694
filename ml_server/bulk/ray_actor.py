"""What a Ray actor does: hold an engine and read the documents that Ray Data hands it, batch by batch."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.record import Record
from ml_server.bulk.storage import OutputFailed
from ml_server.bulk.worker import BulkWorker
from ml_server.errors import MLServerError, from_code
from ml_server.settings import Settings

_OUTPUT = "output_failed"


@dataclass(frozen=True, slots=True)
class Reading:
    """How every actor of a run reads. Picklable.

    Attributes:
        settings: of its pipeline.
        options: what to read and write.
        output: address of the results' place, the same for every machine.
        retry_failed: also try what failed for good in an earlier run.
        fingerprints: of the options, by the settings and weights of the machine that deals out the documents; empty
            for those of the actor's own.
    """

    settings: Settings
    options: BulkOptions
    output: str
    retry_failed: bool
    fingerprints: tuple[str, ...] = ()


class RayReader:
    """Ray Data makes one in every actor, and calls it with batches of rows made by :func:`row_of`.

    What ends the run is a row, too, and no exception: Ray would take that for a fault of the code, and print it as one.

    Args:
        reading: see :class:`Reading`.
    """

    def __init__(self, reading: Reading) -> None:
        self._worker: BulkWorker | None = None
        self._fault: dict[str, str] = {}
        try:
            # Engines in processes of their own: a damaged file then costs one of those, and never the actor, which Ray
            # would start again for the same file, for ever.
            self._worker = BulkWorker(
                reading.settings,
                reading.options,
                reading.output,
                inline=False,
                retry_failed=reading.retry_failed,
                fingerprints=reading.fingerprints,
            )
        except MLServerError as error:
            self._fault = {"code": error.code, "message": error.message}

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Read a batch of documents.

        Args:
            batch: columns of :func:`row_of`.

        Returns:
            Columns for :func:`outcome_of`.
        """
        documents = [
            BulkDocument(url=os.fsdecode(bytes(url)), folder=str(folder), size=int(size), version=str(version))
            for url, folder, size, version in zip(
                batch["url"], batch["folder"], batch["size"], batch["version"], strict=True
            )
        ]
        outcomes: list[Outcome] = []
        fault = self._fault
        if self._worker is not None:
            try:
                outcomes = self._worker.read(documents)
            except MLServerError as error:
                fault = {"code": error.code, "message": error.message}
            except OutputFailed as error:
                fault = {"code": _OUTPUT, "message": str(error)}
        rows = (
            [_row_of_outcome(*both) for both in zip(documents, outcomes, strict=True)] if not fault else [_row(fault)]
        )
        return {name: [row[name] for row in rows] for name in rows[0]}

    def close(self) -> None:
        """End the engine."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def __del__(self) -> None:
        # How Ray Data tells that the run is over.
        self.close()


def row_of(document: BulkDocument) -> dict[str, Any]:
    """A document as Ray Data carries it: its columns hold no text that is not UTF-8, as file names may be."""
    return asdict(document) | {"url": os.fsencode(document.url)}


def _row_of_outcome(document: BulkDocument, outcome: Outcome) -> dict[str, Any]:
    return {
        **row_of(document), "read": outcome.read, "skipped": outcome.skipped, "record": outcome.record.to_json(),
        "code": "", "message": "",
    }  # fmt: skip


def _row(fault: dict[str, str]) -> dict[str, Any]:
    nothing = {"url": b"", "folder": "", "size": 0, "version": "", "read": 0, "skipped": False, "record": b""}
    return {**nothing, **fault}


def outcome_of(row: dict[str, Any]) -> tuple[BulkDocument, Outcome]:
    """A document and what became of it, from a row of :class:`RayReader`.

    Raises:
        OutputFailed: results cannot be written.
        MLServerError: no document can be read.
    """
    if row["code"] == _OUTPUT:
        raise OutputFailed(row["message"])
    if row["code"]:
        raise from_code(row["code"], row["message"])
    document = BulkDocument(os.fsdecode(row["url"]), row["folder"], int(row["size"]), row["version"])
    record = Record.from_json(row["record"])
    assert record is not None  # it was made by an actor of this very run
    return document, Outcome(record, int(row["read"]), skipped=bool(row["skipped"]))
