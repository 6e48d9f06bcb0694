"""Files as they are found in a folder or by a pattern. Names are looked at, never contents."""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ml_server.bulk.places import is_remote, local_path
from ml_server.errors import InvalidRequest

SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".pdf"}
)
"""What is taken from folders. A file that is named by itself or in a list is read whatever its name."""

_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class File:
    """One that was found.

    Attributes:
        url: its address.
        parent: folder of its results but for the last part; ``.`` for none.
        name: of the file.
        size: bytes.
        version: see :class:`~ml_server.bulk.options.BulkDocument`.
        apart: parent instead, where another file has its results below ``parent``; None where there is no other.
    """

    url: str
    parent: str
    name: str
    size: int
    version: str
    apart: str | None = None


def in_folder(root: str, but: str) -> Iterator[list[File]]:
    """Documents in a folder and below it, a folder at a time; hidden ones are left out.

    Args:
        root: the folder.
        but: real path of a folder that is not looked into.
    """
    closed: list[str] = []
    for folder, folders, names in os.walk(root, onerror=lambda error: closed.append(error.filename)):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and os.path.realpath(os.path.join(folder, name)) != but
        )
        parent = Path(folder).relative_to(root).as_posix()
        files = [on_disk(os.path.join(folder, name), parent) for name in sorted(names) if _wanted(name)]
        if files:
            yield files
    # Folders that may not be looked into must not go unnoticed: each is a document that cannot be read.
    for folder in closed:
        parent = Path(os.path.dirname(folder)).relative_to(root).as_posix() if folder != root else "."
        yield [on_disk(folder, parent)]


def by_pattern(source: str) -> Iterator[list[File]]:
    """Files of this machine that a pattern names, with the folders below those that it names without wildcards.

    Raises:
        InvalidRequest: none.
    """
    root = fixed_part(source)
    paths = (path for path in glob.iglob(local_path(source), recursive=True) if os.path.isfile(path))
    files = [on_disk(path, Path(path).parent.relative_to(root).as_posix()) for path in sorted(_once(paths))]
    if not files:
        raise InvalidRequest(f"no file matches {source}")
    groups: dict[str, list[File]] = defaultdict(list)
    for file in files:
        groups[file.parent].append(file)
    yield from groups.values()


def on_disk(path: str, parent: str, apart: str | None = None) -> File:
    """A file of this machine."""
    try:
        found = os.stat(path)
        size, version = found.st_size, str(found.st_mtime_ns)
    except OSError:  # it is said when the file is to be read
        size, version = 0, ""
    return File(os.path.abspath(path), parent, os.path.basename(path), size, version, apart)


def is_pattern(source: str) -> bool:
    """Whether it is one; a file may be called like one."""
    return bool(_WILD & set(source)) and not (not is_remote(source) and os.path.exists(local_path(source)))


def fixed_part(source: str) -> str:
    """The folder that a pattern names without wildcards; of an address with them."""
    return os.path.dirname(f"{unwild(source if is_remote(source) else local_path(source))}x")


def is_document(name: str) -> bool:
    """Whether a file is called like a document."""
    return PurePosixPath(name.lower()).suffix in SUFFIXES


def stem(name: str) -> str:
    """The name without its suffix; a suffix that is none of a document's is part of the name."""
    return PurePosixPath(name).stem if is_document(name) else name


def unwild(pattern: str) -> str:
    """What of a pattern is before its first wildcard."""
    return pattern.split("*")[0].split("?")[0].split("[")[0]


def below(folder: str) -> str:
    """A folder as one below another: no root, no steps up."""
    return "/".join(part for part in folder.split("/") if part not in ("", ".", "..")) or "."


def _once(paths: Iterable[str]) -> Iterable[str]:
    """Each file by its shortest path: ``**`` follows links to folders, round in circles if they lead there."""
    by_place: dict[tuple[str, str], str] = {}
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        folder, name = os.path.split(path)
        by_place.setdefault((os.path.realpath(folder), name), path)
    return by_place.values()


def _wanted(name: str) -> bool:
    return not name.startswith(".") and is_document(name)
