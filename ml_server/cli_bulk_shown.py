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
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.path_text import as_json as json_of
from ml_server.bulk.path_text import shown
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
        self._in_work: dict[str, tuple[int, float]] = {}
        self._total: int | None = None
        self._counting = self._finishing = False

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
        self._in_work.clear()
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
        self._finishing = True
        self._progress.reset(self._task, description="writing the index", rate="", failed=self._failures())

    def indexed(self, done: int, total: int) -> None:
        """So many documents are in the index now, of how many."""
        self._progress.update(self._task, completed=done, total=total)
        self._tell(lambda: f"writing the index: {done} of {total} documents")

    def page(self, document: BulkDocument, read: int, share: float) -> None:
        """A page is through; see :data:`~ml_server.bulk.read_document.Progress`."""
        self._in_work[document.folder] = (read, share)
        self._update()

    def done(self, document: BulkDocument, outcome: Outcome) -> None:
        """A document is through."""
        self._in_work.pop(document.folder, None)
        self._documents += 1
        self._skipped += outcome.skipped
        self._pages += outcome.read
        self._failed += len(outcome.record.failures)
        if not outcome.skipped:
            for failure in outcome.record.failures:
                page = f", page {failure.page}" if failure.page else ""
                kept = "; what was read of it before stays" if outcome.record.tried and not failure.page else ""
                self.say(shown(f"{document.url}{page}: {failure.message} ({failure.code}){kept}"))
        self._update()

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
        if not self._finishing:
            self._progress.update(self._task, total=self._total)

    def _update(self) -> None:
        rate = f"{counted(self._read(), 'page')}, {self._rate():.1f} pages/s"
        self._progress.update(self._task, completed=self._through(), rate=rate, failed=self._failures())
        self._tell(self._line)

    def _tell(self, line: Callable[[], str]) -> None:
        now = time.monotonic()
        if self._progress.disable and now - self._told >= _EVERY_S:
            self._told = now
            self.say(line())

    def _read(self) -> int:
        """Pages, those of documents in work among them."""
        return self._pages + sum(read for read, _ in self._in_work.values())

    def _through(self) -> float:
        """Documents, those in work by their pages."""
        return self._documents + sum(share for _, share in self._in_work.values())

    def _failures(self) -> str:
        return f"{self._failed} failed" if self._failed else ""

    def _rate(self) -> float:
        return self._read() / max(time.monotonic() - self._began, 1e-3)

    def _line(self) -> str:
        line = f"{self._documents} of {self._total or '?'} documents, {self._read()} pages, {self._rate():.1f} pages/s"
        if self._failed:
            line += f", {self._failed} failed"
        through = self._through()
        if self._total and through > self._skipped:
            left = (self._total - through) * (time.monotonic() - self._began) / (through - self._skipped)
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
        total_documents: with results in the output, of all runs; None where the index was not waited for.
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
    total_documents: int | None
    total_pages: int | None
    index: str
    failures: str

    @classmethod
    def of(cls, tally: Tally, totals: Totals | None, seconds: float, output: str, form: IndexFormat) -> Summary:
        """From what was counted."""
        root = output.rstrip("/")
        return cls(
            status="stopped" if tally.stopped or totals is None else "partial" if tally.failed else "success",
            documents=tally.documents,
            skipped=tally.skipped,
            pages=tally.pages,
            failed=tally.failed,
            seconds=round(seconds, 3),
            pages_per_second=round(tally.pages / seconds, 3) if seconds else 0.0,
            output=output,
            total_documents=None if totals is None else totals.documents,
            total_pages=None if totals is None else totals.pages,
            index=f"{root}/{index_file(form)}" if form != "none" and totals is not None else "",
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
        ]
        if self.total_pages is not None and self.total_documents is not None:
            all_pages = f"; all pages: {self.index}" if self.index else ""
            lines.append(
                f"{self.output} has {counted(self.total_pages, 'page')} of "
                f"{counted(self.total_documents, 'document')}{all_pages}"
            )
        if self.failed:
            lines.append(f"{self.failed} could not be read: {self.failures}")
        if self.total_pages is None:
            lines.append("stopped before the index was written; the same command writes it")
        elif self.status == "stopped":
            lines.append("stopped before it was through; the same command goes on from here")
        sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def show_plan(*, as_json: bool) -> Iterator[Callable[[BulkDocument, Outcome | None], None]]:
    """Print a line a document: what is to be done, its path and the folder of its results; a count at the end.

    What is to be done: ``read``; ``text``, to be made of what was read; nothing, as it is ``done``, or as it has
    ``failed`` and would not be tried again.
    """
    counts = {"read": 0, "text": 0, "done": 0, "failed": 0}

    def show(document: BulkDocument, done: Outcome | None) -> None:
        action = "read" if done is None else "failed" if done.record.failures else "text" if done.texts else "done"
        counts[action] += 1
        row: dict[str, Any] = {"action": action, "path": document.url, "folder": document.folder}
        sys.stdout.write((json_of(row) if as_json else "\t".join(map(shown, row.values()))) + "\n")

    yield show
    line = f"{counted(counts['read'], 'document')} to read, {counts['done'] + counts['text']} finished"
    if counts["text"]:
        line += f", {counts['text']} of them without their text"
    if counts["failed"]:
        line += f", {counts['failed']} failed (--retry-failed tries them again)"
    sys.stderr.write(f"ml-server: {line}\n")
