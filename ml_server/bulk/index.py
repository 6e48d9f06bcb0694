"""All pages of an output in one file for analysis, and all failures in another, from the records that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from ml_server.bulk.again import retried_here
from ml_server.bulk.path_text import as_json, as_text
from ml_server.bulk.places import PART, Place
from ml_server.bulk.record import RECORD, Record
from ml_server.errors import EngineUnavailable

IndexFormat = Literal["jsonl", "parquet", "none"]

FAILURES: Final = "failures.jsonl"
_AT_ONCE: Final = 16
_ROWS: Final = 1000

_LEFT_FOR_S: Final = 3600.0
"""A file that has been half-written for so long nobody writes any more: others may be at work in folders below."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What is in an output.

    Attributes:
        documents: that were read, wholly or in part.
        pages: that were read.
        failures: pages, and documents without pages, that were not.
    """

    documents: int
    pages: int
    failures: int


def index_file(form: IndexFormat) -> str:
    """Name of the index; empty for none."""
    return "" if form == "none" else f"index.{form}"


def check_index(form: IndexFormat) -> None:
    """See that an index can be written.

    Raises:
        EngineUnavailable: pyarrow is not installed.
    """
    if form == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise EngineUnavailable(
                'a Parquet index needs pyarrow; install it with: pip install "ml_server[bulk]"'
            ) from error


def build(
    place: Place, form: IndexFormat, retries: int, progress: Callable[[int, int], object] = lambda done, total: None
) -> Totals:
    """Write the index and the list of failures, from all records of an output, in the order of their names.

    A document that has results twice, as its folder's name has changed, counts with the later ones. What is there
    stays as it is until the new one is whole.

    Args:
        place: the output; what killed runs have left half-written there is removed.
        form: of the index.
        retries: attempts after the first for each file.
        progress: told how many records were read, and of how many.

    Raises:
        OSError: the output cannot be read or written.
    """
    for name in place.sizes(""):
        if name.startswith(PART):  # our own: nobody else writes there
            place.delete(name)
    place.sweep(_LEFT_FOR_S)
    names = sorted(place.find(RECORD))
    superseded: set[str] = set()
    while True:
        with TemporaryDirectory(prefix="ml-server-index-") as folder:
            written = _Written(Path(folder), form)
            newest: dict[str, tuple[str, str]] = {}
            late: set[str] = set()
            wanted = [name for name in names if name not in superseded]
            for number, (name, record) in enumerate(_records(place, retries, wanted), 1):
                progress(number, len(wanted))
                if record is None:
                    continue
                if record.source in newest:
                    late.add(min(newest[record.source], (record.finished, name))[1])
                newest[record.source] = max(newest.get(record.source, ("", "")), (record.finished, name))
                written.add(name, record)
            totals = written.close()
            if late:  # rare: once more without them
                superseded |= late
                continue
            for file in written.files:
                retried_here(partial(place.put, file.name, file), retries)
            return totals


class _Written:
    """Both files while they are written."""

    def __init__(self, folder: Path, form: IndexFormat) -> None:
        failures = folder / FAILURES
        self.files = [failures]
        self._failures = failures.open("w", encoding="utf-8")
        self._rows: Callable[[list[dict[str, Any]]], None] = lambda rows: None
        self._close: Callable[[], None] = lambda: None
        self._waiting: list[dict[str, Any]] = []
        self._documents, self._pages, self._failed = 0, 0, 0
        if form != "none":
            index = folder / index_file(form)
            self.files.append(index)
            self._rows, self._close = _jsonl(index) if form == "jsonl" else _parquet(index)

    def add(self, name: str, record: Record) -> None:
        """One document's pages and failures."""
        folder = name.removesuffix(RECORD)
        self._documents += bool(record.pages)
        self._pages += len(record.pages)
        self._failed += len(record.failures)
        for page in record.pages:
            self._waiting.append({"path": record.source, **asdict(page), "file": f"{folder}{page.file}"})
        for failure in record.failures:
            row = {"path": record.source, **asdict(failure), "page": failure.page or None}
            self._failures.write(as_json(row) + "\n")
        if len(self._waiting) >= _ROWS:
            self._flush()

    def close(self) -> Totals:
        """Finish both."""
        self._flush()
        self._close()
        self._failures.close()
        return Totals(self._documents, self._pages, self._failed)

    def _flush(self) -> None:
        self._rows(self._waiting)
        self._waiting = []


def _jsonl(path: Path) -> tuple[Callable[[list[dict[str, Any]]], None], Callable[[], None]]:
    file = path.open("w", encoding="utf-8")

    def write(rows: list[dict[str, Any]]) -> None:
        file.writelines(as_json(row) + "\n" for row in rows)

    return write, file.close


def _parquet(path: Path) -> tuple[Callable[[list[dict[str, Any]]], None], Callable[[], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("path", "file", "language", "engine", "model_version", "text")
    whole = ("page", "width", "height", "lines", "words", "key_values")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in texts[:1]),
            *((name, pa.int32()) for name in whole),
            ("overall_confidence", pa.float64()),
            ("processing_time_ms", pa.float64()),
            *((name, pa.string()) for name in texts[1:]),
        ]
    )
    writer = pq.ParquetWriter(path, schema, compression="zstd")

    def write(rows: list[dict[str, Any]]) -> None:
        if rows:
            named = [{**row, "path": as_text(row["path"])} for row in rows]
            writer.write_table(pa.Table.from_pylist(named, schema=schema))

    return write, writer.close


def _records(place: Place, retries: int, names: Iterable[str]) -> Iterator[tuple[str, Record | None]]:
    """Records that say anything of pages or failures, in the names' order; a few are read at a time."""

    def read(name: str) -> Record | None:
        try:
            record = Record.from_json(retried_here(partial(place.read, name), retries))
        except FileNotFoundError:  # removed meanwhile
            return None
        begun = record is not None and record.state != "done" and not record.pages and not record.failures
        return None if begun else record

    left = iter(names)
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        while chunk := list(islice(left, _AT_ONCE * 4)):
            yield from zip(chunk, threads.map(read, chunk), strict=True)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # nobody waits for the rest where this is broken off
