"""One run at a time in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ml_server.bulk.places import is_remote, local_path
from ml_server.bulk.storage import OutputFailed

LOCK: Final = ".ml-server-bulk.lock"


@contextlib.contextmanager
def locked(output: str) -> Iterator[None]:
    """Hold an output folder for this run; a bucket has no lock. It ends with the process, however that ends.

    Raises:
        OutputFailed: another run holds it, or it cannot be made.
    """
    if is_remote(output):
        yield
        return
    folder = Path(local_path(output))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
    except FileExistsError as error:
        raise OutputFailed(f"cannot write to {folder}: it is a file, and no folder") from error
    except OSError as error:
        raise OutputFailed(f"cannot write to {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            raise OutputFailed(
                f"another run (process {holder}) is writing to {folder}; wait for it, or choose another folder"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)
