"""Which version of the key–value model serves: a small JSON file that a command writes and running servers watch."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path

from ml_server.errors import InvalidRequest, MLServerError
from ml_server.settings import Settings

SHIPPED = "shipped"
"""What the model that comes with us is called among the versions."""

_KEPT = 50


@dataclass(frozen=True, slots=True)
class Serving:
    """Who answers.

    Attributes:
        version: of the store, or :data:`SHIPPED`.
        shared: another version that is loaded too; empty for none.
        share: percent of the requests that ``shared`` gets, 0..99; with 0 it answers those that ask for it.
        past: what served before, the latest last.
        why: who or what decided it, for people.
        since: ISO 8601, UTC; empty where nobody decided anything yet.
    """

    version: str = SHIPPED
    shared: str = ""
    share: int = 0
    past: tuple[str, ...] = ()
    why: str = ""
    since: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """Those that are loaded: one or two, the one with the greater part of the work first."""
        return (self.version, self.shared) if self.shared else (self.version,)

    def promoted(self, version: str, why: str) -> Serving:
        """``version`` serves alone; what served before can be gone back to."""
        past = self.past if version == self.version else (*self.past, self.version)[-_KEPT:]
        return Serving(version, past=past, why=why, since=now())

    def sharing(self, version: str, share: int, why: str) -> Serving:
        """``version`` gets a part of the requests.

        Raises:
            InvalidRequest: it serves already, or the share is not 0..99.
        """
        if version == self.version:
            raise InvalidRequest(f"version {version} serves already; share traffic with another one")
        if not 0 <= share <= 99:
            raise InvalidRequest(f"a share of {share} percent, allowed: 0 to 99; without a share it gets everything")
        return replace(self, shared=version, share=share, why=why, since=now())

    def rolled_back(self, why: str) -> Serving:
        """The state before: a share ends, or else the version that served before serves again.

        Raises:
            InvalidRequest: there is nothing to go back to.
        """
        if self.shared:
            return replace(self, shared="", share=0, why=why, since=now())
        if not self.past:
            raise InvalidRequest(f"nothing served before {self.version}")
        return Serving(self.past[-1], past=self.past[:-1], why=why, since=now())


class ServingFile:
    """The state on disk. Whoever writes it does so in one step; whoever reads it sees the old or the new one.

    Args:
        folder: of the state, see :func:`state_folder`; made when first written.
        name: of the store.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.serving.json"

    @classmethod
    def of(cls, settings: Settings) -> ServingFile:
        """Where the settings say."""
        return cls(state_folder(settings), settings.model_store)

    def stamp(self) -> tuple[int, int, int]:
        """Something that differs after every write; zeros where nobody has written yet."""
        try:
            found = self.path.stat()
        except OSError:
            return 0, 0, 0
        return found.st_mtime_ns, found.st_size, found.st_ino

    def read(self) -> Serving:
        """The state; the shipped model alone where nobody has written yet.

        Raises:
            MLServerError: the file cannot be read or is damaged. Nothing else is served instead.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return Serving(**found | {"past": tuple(found["past"])})
        except FileNotFoundError:
            return Serving()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MLServerError(f"{self.path} does not say which model serves: {error}") from error

    @contextmanager
    def changing(self) -> Iterator[Serving]:
        """The state, kept from other writers until the block ends; what it does with it goes through :meth:`write`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield self.read()

    def write(self, serving: Serving) -> None:
        """Put a state in the place of the one that is there."""
        write_json(self.path, asdict(serving))


def state_folder(settings: Settings) -> Path:
    """Where it is kept who serves and what was trained: beside BentoML's model store unless the settings say."""
    if settings.model_state_dir is not None:
        return settings.model_state_dir.expanduser()
    return Path(os.environ.get("BENTOML_HOME") or "~/bentoml").expanduser() / "ml_server"


def write_json(path: Path, value: object) -> None:
    """Write a file in one step: readers see all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False, encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)  # the server may be another user than who promotes
    os.replace(file.name, path)


def now() -> str:
    """ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
