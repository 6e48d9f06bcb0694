"""How many corrections have come that no training has learnt from; kept in a file, so that a restart forgets none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from pathlib import Path

from ml_server import logs
from ml_server.models.serving import write_json

_log = logs.get_logger(__name__)


@dataclass(slots=True)
class _Project:
    """Attributes: annotations nobody learns from yet; those that ``job`` learns from; its id, empty for none."""

    new: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    job: str = ""


class Corrections:
    """Counts annotations by project; one that is changed again counts once.

    Args:
        enough: that many start a training.
        file: where to remember them; None for nowhere. Servers may share it. One that cannot be read is logged and
            counts as new; one that cannot be written is logged and left alone from then on.
    """

    def __init__(self, enough: int, file: Path | None = None) -> None:
        self._enough = enough
        self._file = file
        self._projects: dict[int, _Project] = {}

    def add(self, project: int, annotations: Iterable[int]) -> bool:
        """Note annotations that were made or changed; whether there are enough now."""
        with self._changing(project) as known:
            known.new.update(annotations)
        return len(known.new) >= self._enough

    def count(self, project: int) -> int:
        """Those that no training has begun to learn from."""
        return len(self._known(project).new)

    def job(self, project: int) -> str:
        """Id of the job that learns from the others; empty for none."""
        return self._known(project).job

    def taken(self, project: int, job: str) -> None:
        """A training with all of them has begun."""
        with self._changing(project) as known:
            known.taken |= known.new
            known.new = set()
            known.job = job

    def over(self, project: int, *, learnt: bool) -> None:
        """That training is over. Where it failed, what it was to learn from is new again."""
        with self._changing(project) as known:
            if not learnt:
                known.new |= known.taken
            known.taken = set()
            known.job = ""

    def _known(self, project: int) -> _Project:
        if self._file is not None:
            self._projects = _read(self._file)
        return self._projects.setdefault(project, _Project())

    @contextmanager
    def _changing(self, project: int) -> Iterator[_Project]:
        """What is known of a project, to be changed; on disk afterwards, and kept from other servers meanwhile."""
        with ExitStack() as stack:
            try:
                if self._file is not None:
                    self._file.parent.mkdir(parents=True, exist_ok=True)
                    flock(stack.enter_context(self._file.with_suffix(".lock").open("w")), LOCK_EX)
            except OSError as error:
                self._give_up(error)
            known = self._known(project)
            yield known
            if self._file is None:
                return
            found = {
                str(number): {"new": sorted(each.new), "taken": sorted(each.taken), "job": each.job}
                for number, each in self._projects.items()
            }
            try:
                write_json(self._file, found)
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        _log.warning("corrections_not_kept", file=str(self._file), error=str(error))
        self._file = None


def _read(file: Path) -> dict[int, _Project]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {
            int(project): _Project(set(map(int, each["new"])), set(map(int, each["taken"])), str(each["job"]))
            for project, each in found.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("corrections_not_read", file=str(file), error=str(error))
        return {}
