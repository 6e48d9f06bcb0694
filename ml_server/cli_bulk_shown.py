"""What ``ml-server bulk`` tells people and scripts: a bar, failures as they come, a summary."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.bulk.index import FAILURES, IndexFormat, Totals, index_file
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.path_text import as_json as json_of
from ml_server.bulk.path_text import shown
from ml_server.bulk.read_document import Outcome
from ml_server.bulk.run import Tally
from ml_server.cli_settings import counted

_EVERY_S = 30.0
"""Seconds between lines where nobody looks at a bar: a log should tell how a night's run is doing, and stay short."""


class Shown:
    """A bar on a terminal, a line now and then elsewhere; both on standard error.

    Args:
        count: counts the documents; called in a thread of its own, as there may be many.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("[red]{task.fields[failed]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
            speed_estimate_period=600,
        )
        self._task = self._progress.add_task("starting", total=None, rate="", failed="")
        self._began = self._told = time.monotonic()
        self._documents, self._skipped, self._pages, self._failed = 0, 0, 0, 0
        self._total: int | None = None
        self._counting = False

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self) -> float:
        """The documents come now, or go on now that everything is loaded; gives the time, as :mod:`time` counts it."""
        self._began = self._told = time.monotonic()
        self._progress.reset(
            self._task, description="documents", total=self._total, completed=self._documents, rate="", failed=""
        )
        if not self._counting:
            self._counting = True
            threading.Thread(target=self._count_all, daemon=True).start()
        return self._began

    def starting(self) -> None:
        """There is something to read; the engine is loaded, or the servers are waited for."""
        self._progress.update(self._task, description="starting")

    def finishing(self) -> None:
        """The documents are through; the index comes now."""
        self._progress.update(self._task, description="writing the index")

    def done(self, document: BulkDocument, outcome: Outcome) -> None:
        """A document is through."""
        self._documents += 1
        self._skipped += outcome.skipped
        self._pages += outcome.read
        self._failed += len(outcome.record.failures)
        if not outcome.skipped:
            for failure in outcome.record.failures:
                page = f", page {failure.page}" if failure.page else ""
                self.say(shown(f"{document.url}{page}: {failure.message} ({failure.code})"))
        failed = f"{self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, rate=f"{self._rate():.1f} pages/s", failed=failed)
        now = time.monotonic()
        if self._progress.disable and now - self._told >= _EVERY_S:
            self._told = now
            self.say(self._line())

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._progress.disable:
            sys.stderr.write(f"ml-server: {text}\n")
            sys.stderr.flush()
        else:
            self._progress.console.print(f"ml-server: {escape(text)}", highlight=False, soft_wrap=True)

    def _count_all(self) -> None:
        try:
            self._total = self._count()
        except Exception:  # whoever reads them says what is wrong
            return
        self._progress.update(self._task, total=self._total)

    def _rate(self) -> float:
        return self._pages / max(time.monotonic() - self._began, 1e-3)

    def _line(self) -> str:
        line = f"{self._documents} of {self._total or '?'} documents, {self._pages} pages, {self._rate():.1f} pages/s"
        if self._failed:
            line += f", {self._failed} failed"
        read = self._documents - self._skipped
        if self._total and read:
            left = (self._total - self._documents) * (time.monotonic() - self._began) / read
            line += f", about {left / 60:.0f} min left" if left < 7200 else f", about {left / 3600:.1f} h left"
        return line


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    Attributes:
        status: ``success``; ``partial`` where something could not be read; ``stopped``.
        documents: that were come to.
        skipped: of them, finished before.
        pages: read now.
        failed: pages, and documents without pages, that could not be read.
        seconds: from when the engine was ready until the last document was through.
        pages_per_second: of those that were read now.
        output: where the results are.
        total_documents: with results in the output, of all runs.
        total_pages: of them.
        index: file of all pages; empty for none.
        failures: file of all failures.
    """

    status: str
    documents: int
    skipped: int
    pages: int
    failed: int
    seconds: float
    pages_per_second: float
    output: str
    total_documents: int
    total_pages: int
    index: str
    failures: str

    @classmethod
    def of(cls, tally: Tally, totals: Totals, seconds: float, output: str, form: IndexFormat) -> Summary:
        """From what was counted."""
        root = output.rstrip("/")
        return cls(
            status="stopped" if tally.stopped else "partial" if tally.failed else "success",
            documents=tally.documents,
            skipped=tally.skipped,
            pages=tally.pages,
            failed=tally.failed,
            seconds=round(seconds, 3),
            pages_per_second=round(tally.pages / seconds, 3) if seconds else 0.0,
            output=output,
            total_documents=totals.documents,
            total_pages=totals.pages,
            index=f"{root}/{index_file(form)}" if form != "none" else "",
            failures=f"{root}/{FAILURES}",
        )

    def show(self, *, as_json: bool) -> None:
        """On standard output."""
        if as_json:
            sys.stdout.write(json_of(asdict(self)) + "\n")
            return
        lines = [
            f"{counted(self.pages, 'page')} of {counted(self.documents - self.skipped, 'document')} read in "
            f"{self.seconds:.1f} s, {self.pages_per_second:.2f} pages/s; {self.skipped} finished before",
            f"{self.output} has {counted(self.total_pages, 'page')} of {counted(self.total_documents, 'document')}"
            + (f"; all pages: {self.index}" if self.index else ""),
        ]
        if self.failed:
            lines.append(f"{self.failed} could not be read: {self.failures}")
        if self.status == "stopped":
            lines.append("stopped before it was through; the same command goes on from here")
        sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def show_plan(*, as_json: bool) -> Iterator[Callable[[BulkDocument, Outcome | None], None]]:
    """Print a line a document: ``read`` or ``done``, its path and the folder of its results; a count at the end."""
    counts = {"read": 0, "done": 0}

    def show(document: BulkDocument, done: Outcome | None) -> None:
        action = "read" if done is None else "done"
        counts[action] += 1
        row: dict[str, Any] = {"action": action, "path": document.url, "folder": document.folder}
        sys.stdout.write((json_of(row) if as_json else "\t".join(map(shown, row.values()))) + "\n")

    yield show
    sys.stderr.write(f"ml-server: {counted(counts['read'], 'document')} to read, {counts['done']} finished\n")
