"""Weight files: where they are, whether they are the right bytes, and one folder that holds those a framework wants."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_server.errors import EngineUnavailable


def verify(path: Path, expected_hex: str, algorithm: str = "sha256") -> None:
    """Check that a file is the one its publisher named.

    Args:
        path: the file.
        expected_hex: its published checksum, hexadecimal.
        algorithm: ``sha256``, ``md5`` or another name that :mod:`hashlib` knows.

    Raises:
        EngineUnavailable: the file cannot be read or has another checksum; the message holds both sums.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise EngineUnavailable(f"cannot read the weights {path}: {error.strerror or error}") from error
    if found != expected_hex.lower():
        raise EngineUnavailable(
            f"{path} is damaged or another file: its {algorithm} is {found}, expected {expected_hex.lower()}; "
            "delete it and install the weights again"
        )


def find(name: str, folders: Iterable[Path]) -> Path | None:
    """The file of that name in the first folder that has it; None where none has."""
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


@contextmanager
def linked(files: Iterable[Path]) -> Iterator[Path]:
    """A folder with links to files that lie in several places, for frameworks that want one folder to load from.

    Args:
        files: linked under their own names, which must differ.

    Yields:
        The folder, which is removed on leaving.
    """
    with tempfile.TemporaryDirectory(prefix="ml_server-weights-") as name:
        folder = Path(name)
        for file in files:
            (folder / file.name).symlink_to(file.resolve())
        yield folder
