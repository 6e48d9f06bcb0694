"""Which predictions were on their way when a run ended: it may have been killed between the post and its answer.

A line is written before a prediction is sent and another after the answer. What has the first only is in doubt: the
next run asks Label Studio about it before it sends again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, TextIO


class JournalError(OSError):
    """The journal cannot be read or written. Nothing may be sent then, whichever task it is."""


class Journal:
    """One model version's journal. A context manager; one at a time, under the project's lock.

    Args:
        path: its file; made where it is not there.

    Raises:
        JournalError: the file cannot be read or written; any method may raise it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._doubtful: set[int] = set()
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Read what is in doubt and go on writing, shorter."""
        with self._explained():
            for line in self._path.read_text().splitlines() if self._path.exists() else ():
                sign, _, task = line.partition(" ")
                if task.isdecimal():  # the last line of a killed run may be half a line
                    (self._doubtful.add if sign == "?" else self._doubtful.discard)(int(task))
            fresh = self._path.with_suffix(".part")
            fresh.write_text("".join(f"? {task}\n" for task in sorted(self._doubtful)))
            fresh.replace(self._path)
            self._file = self._path.open("a", buffering=1)  # a line is with the system once it is written
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written was said then, and leaves a doubt too many at most
                self._file.close()
            self._file = None

    def in_doubt(self, task: int) -> bool:
        """Whether a prediction of the task may have arrived without our knowing."""
        return task in self._doubtful

    def sending(self, task: int) -> None:
        """To be called before a prediction is sent."""
        self._doubtful.add(task)
        self._write("?", task)

    def settled(self, task: int) -> None:
        """To be called when it is certain what came of it."""
        self._doubtful.discard(task)
        self._write("=", task)

    def _write(self, sign: str, task: int) -> None:
        if self._file is None:
            raise RuntimeError("the journal is closed")
        with self._explained():
            self._file.write(f"{sign} {task}\n")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalError(f"cannot keep the journal {self._path}: {error.strerror or error}") from error
