"""What a command remembers of a project between its runs: a folder, and the lock that keeps two runs apart."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ml_server.errors import InvalidRequest, NotReady

_LOCK = "lock"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def state_folder(given: Path | None, url: str, project: int) -> Path:
    """The folder of one project; made where it is not there.

    Args:
        given: folder for all of them; None for ``$XDG_STATE_HOME/ml_server/label_studio``, mostly ``~/.local/state/…``.
        url: of Label Studio; this machine's own names are one.
        project: id.

    Raises:
        InvalidRequest: it cannot be made.
    """
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    own = httpx.URL(url)
    one = own.copy_with(host="localhost") if own.host in _LOOPBACK else own
    digest = hashlib.sha256(str(one).encode()).hexdigest()[:8]
    folder = (given or home / "ml_server" / "label_studio") / f"{digest}-project-{project}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system lets go of it when the process ends, however it ends.

    Raises:
        NotReady: another run holds it; the message says which.
        InvalidRequest: the folder cannot be written to.
    """
    try:
        file = (folder / _LOCK).open("a+")
    except OSError as error:
        raise InvalidRequest(f"cannot write to {folder}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise NotReady(
                f"another run is at work on this project ({file.read().strip() or 'just started'})"
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()}\n")
        file.flush()
        yield
