"""Files in shared memory by which processes of one server hand each other what is too large for a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from pathlib import Path

FOLDER = Path("/dev/shm")
WORTH_IT = 2**18
"""Bytes below which a pipe is as quick."""

_PREFIX = "ml-server-"
_FREE = ".free"
_FORGOTTEN_S = 60.0
"""Age at which a file that no server holds is left over from a process that was killed."""


def new_path(owner: int) -> str:
    """For a file that belongs to a server.

    Args:
        owner: the server's process.
    """
    return f"{FOLDER}/{_PREFIX}{owner}-{uuid.uuid4().hex}"


def write(path: str, data: memoryview) -> bool:
    """Fill a file, a new one or one to be used again.

    Returns:
        False where there is no shared memory, or no room in it: containers often have 64 MiB. No file is left then.
    """
    try:
        file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    except OSError:
        return False
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError:
        os.unlink(path)
        return False
    finally:
        os.close(file)
    return True


def lock(path: str) -> int:
    """Tell every server's :func:`sweep` that somebody needs a file, until the descriptor is closed; -1: it is gone."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return -1
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return file


def sweep() -> None:
    """Remove files that killed processes have left."""
    for path in FOLDER.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # gone meanwhile, of another user, or needed
            if time.time() - path.stat().st_mtime < _FORGOTTEN_S:
                continue
            file = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(file)


def give_back(path: str) -> None:
    """Mark a file as one that its writer may use again."""
    with contextlib.suppress(OSError):  # removed by somebody
        os.rename(path, path + _FREE)


def take_back(path: str) -> bool:
    """Use a file again, if it was given back."""
    try:
        os.rename(path + _FREE, path)
    except OSError:
        return False
    return True


def exists(path: str) -> bool:
    """Whether the file is there, given back or not."""
    return os.path.exists(path) or os.path.exists(path + _FREE)


def clear() -> None:
    """Remove the files of this server that were given back; for when nobody is going to use them again."""
    for path in FOLDER.glob(f"{_PREFIX}{os.getpid()}-*{_FREE}"):
        path.unlink(missing_ok=True)
