"""How many corrections have come since the last training; kept in a file, so that a restart forgets none."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ml_server import logs
from ml_server.models.serving import write_json

_log = logs.get_logger(__name__)


class Corrections:
    """Counts annotations by project; one that is changed again counts once.

    Args:
        enough: that many start a training.
        file: where to remember them; None for nowhere. One that cannot be read or written is logged and counts as new.
    """

    def __init__(self, enough: int, file: Path | None = None) -> None:
        self._enough = enough
        self._file = file
        self._new = _read(file) if file is not None else {}

    def add(self, project: int, annotations: Iterable[int]) -> bool:
        """Note annotations that were made or changed; whether there are enough now."""
        new = self._new.setdefault(project, set())
        before = len(new)
        new.update(annotations)
        if len(new) != before:
            self._write()
        return len(new) >= self._enough

    def count(self, project: int) -> int:
        """Since the last training."""
        return len(self._new.get(project, ()))

    def learnt(self, project: int) -> None:
        """A training with all of them has begun."""
        if self._new.pop(project, None):
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            write_json(self._file, {str(project): sorted(new) for project, new in self._new.items()})
        except OSError as error:
            _log.warning("corrections_not_kept", file=str(self._file), error=str(error))


def _read(file: Path) -> dict[int, set[int]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {int(project): {int(number) for number in numbers} for project, numbers in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _log.warning("corrections_not_read", file=str(file), error=str(error))
        return {}
