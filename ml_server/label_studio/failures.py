"""The JSONL of tasks that failed: written by ``predict``, read again by ``--retry-failed``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ml_server.errors import InvalidRequest, MLServerError


@dataclass(frozen=True, slots=True)
class Failure:
    """One task that could not be predicted.

    Attributes:
        task: id.
        project: id.
        code: of the error, see :mod:`ml_server.errors`.
        message: why, for people.
        at: when, ISO 8601 in UTC.
    """

    task: int
    project: int
    code: str
    message: str
    at: str

    @classmethod
    def of(cls, task: int, project: int, error: MLServerError) -> Failure:
        """What an error says of a task, now."""
        return cls(task, project, error.code, error.message, datetime.now(UTC).isoformat(timespec="seconds"))


def write(path: Path, failures: list[Failure]) -> None:
    """The whole file or, where it cannot be written, the one of before.

    Raises:
        InvalidRequest: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(asdict(failure), ensure_ascii=False) + "\n" for failure in failures)
        part.write_text("".join(lines), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InvalidRequest(f"cannot write {path}: {error.strerror}") from error


def read(path: Path, project: int) -> list[Failure]:
    """The failures in a file of them, the last one of each task; a line needs no more than ``task`` and ``project``.

    Raises:
        InvalidRequest: it cannot be read, is no such file, or is of another project.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"cannot read {path}: {error}") from error
    found: dict[int, Failure] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
                task, of = int(value["task"]), int(value["project"])
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidRequest(f"{path}:{number}: not a line of failures: {line[:100]}") from error
            if of != project:
                raise InvalidRequest(f"{path}:{number}: task {task} is of project {of}, not {project}")
            found[task] = Failure(task, of, *(str(value.get(name, "")) for name in ("code", "message", "at")))
    return list(found.values())
