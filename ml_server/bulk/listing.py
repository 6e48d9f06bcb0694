"""Files as they are found: in a folder, by a pattern, in a list, in a bucket. Names are looked at, never contents."""

from __future__ import annotations

import codecs
import glob
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from ml_server.bulk.places import file_system, is_remote, local_path
from ml_server.errors import InvalidRequest

SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".pdf"}
)
"""What is taken from folders. A file that is named by itself or in a list is read whatever its name."""

_LISTS: Final = (".txt", ".lst", ".list")
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
    """Files that a pattern names, with the folders below those that it names without wildcards.

    Raises:
        InvalidRequest: none.
    """
    root = fixed_part(source)
    if is_remote(source):
        system, pattern = file_system(source)
        scheme, base = source.split("://", 1)[0], os.path.dirname(f"{_unwild(pattern)}x")
        found = sorted(system.glob(pattern, detail=True).items())
        files = [
            _object(f"{scheme}://{path}", info, _below(os.path.dirname(path)[len(base) :]))
            for path, info in found
            if info["type"] == "file"
        ]
    else:
        paths = (path for path in glob.iglob(local_path(source), recursive=True) if os.path.isfile(path))
        files = [on_disk(path, Path(path).parent.relative_to(root).as_posix()) for path in sorted(_once(paths))]
    if not files:
        raise InvalidRequest(f"no file matches {source}")
    groups: dict[str, list[File]] = defaultdict(list)
    for file in files:
        groups[file.parent].append(file)
    yield from groups.values()


def in_list(names: Iterable[str]) -> Iterator[list[File]]:
    """Listed files. Relative paths keep their folders; where all are absolute, those that they have in common go."""
    names = list(names)
    absolute = all(is_remote(name) or os.path.isabs(local_path(name)) for name in names)
    common = len(_common([_folder_of(name) for name in names])) if absolute else 0
    systems: dict[str, Any] = {}

    def one(name: str) -> File:
        whole = _folder_of(name)
        parent, apart = _below("/".join(whole[common:])), _below("/".join(whole)) if common else None
        if not is_remote(name):
            return on_disk(local_path(name), parent, apart)
        key = "/".join(name.split("/", 3)[:3])
        if key not in systems:
            systems[key] = file_system(key)[0]
        try:
            info = systems[key].info(name)
        except Exception:  # it is said when the file is to be read
            info = {"name": name, "size": 0}
        return _object(name, info, parent, apart)

    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[os.path.dirname(name)].append(name)
    for group in groups.values():
        yield [one(name) for name in group]


def in_bucket(source: str) -> Iterator[list[File]]:
    """One object, or all documents below an address.

    Raises:
        InvalidRequest: there is nothing.
    """
    system, root = file_system(source)
    scheme = source.split("://", 1)[0]
    if system.isfile(root):
        yield [_object(f"{scheme}://{root}", system.info(root), ".")]
        return
    seen = False
    for folder, _, names in system.walk(root, detail=True, on_error="raise"):
        seen = True
        parent = _below(folder.removeprefix("/")[len(root) :])
        files = [
            _object(f"{scheme}://{info['name']}", info, parent) for name, info in sorted(names.items()) if _wanted(name)
        ]
        if files:
            yield files
    if not seen:
        raise InvalidRequest(f"there is nothing in {source}")


def on_disk(path: str, parent: str, apart: str | None = None) -> File:
    """A file of this machine."""
    try:
        found = os.stat(path)
        size, version = found.st_size, str(found.st_mtime_ns)
    except OSError:  # it is said when the file is to be read
        size, version = 0, ""
    return File(os.path.abspath(path), parent, os.path.basename(path), size, version, apart)


def listed_in(source: str) -> str | None:
    """The list that a source names; None where it is no list."""
    if source == "-":
        return source
    if source.startswith("@"):
        return source[1:]
    return source if source.lower().endswith(_LISTS) and os.path.isfile(source) else None


def read_list(source: str) -> list[str]:
    """The paths in a list, one a line or ended by NUL, each once.

    Raises:
        InvalidRequest: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"cannot read the list {source}: {error.strerror or error}") from error
    # As file names are: bytes that are no UTF-8 among them, and newlines where find -print0 has written the list.
    if b"\0" in data:
        return list(dict.fromkeys(os.fsdecode(name) for name in data.split(b"\0") if name))
    names = (os.fsdecode(line.strip()) for line in data.removeprefix(codecs.BOM_UTF8).splitlines())
    return list(dict.fromkeys(name for name in names if name and not name.startswith("#")))


def is_pattern(source: str) -> bool:
    """Whether it is one; a file may be called like one."""
    return bool(_WILD & set(source)) and not (not is_remote(source) and os.path.exists(local_path(source)))


def fixed_part(source: str) -> str:
    """The folder that a pattern names without wildcards; of an address with them."""
    return os.path.dirname(f"{_unwild(source if is_remote(source) else local_path(source))}x")


def is_document(name: str) -> bool:
    """Whether a file is called like a document."""
    return PurePosixPath(name.lower()).suffix in SUFFIXES


def stem(name: str) -> str:
    """The name without its suffix; a suffix that is none of a document's is part of the name."""
    return PurePosixPath(name).stem if is_document(name) else name


def _once(paths: Iterable[str]) -> Iterable[str]:
    """Each file by its shortest path: ``**`` follows links to folders, round in circles if they lead there."""
    by_place: dict[tuple[str, str], str] = {}
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        folder, name = os.path.split(path)
        by_place.setdefault((os.path.realpath(folder), name), path)
    return by_place.values()


def _unwild(pattern: str) -> str:
    return pattern.split("*")[0].split("?")[0].split("[")[0]


def _object(url: str, info: dict[str, Any], parent: str, apart: str | None = None) -> File:
    version = info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""
    size = int(info.get("size") or 0)
    return File(url, parent, url.rsplit("/", 1)[-1], size, str(version).strip('"'), apart)


def _wanted(name: str) -> bool:
    return not name.startswith(".") and is_document(name)


def _folder_of(name: str) -> list[str]:
    """Parts of the folder that a listed file is in: a bucket's name first, or nothing for the root of a disk."""
    if is_remote(name):
        return [urlsplit(name).netloc, *os.path.dirname(urlsplit(name).path).strip("/").split("/")]
    path = local_path(name)
    return os.path.dirname(os.path.normpath(path) if os.path.isabs(path) else os.path.relpath(path)).split("/")


def _common(folders: list[list[str]]) -> Sequence[str]:
    return os.path.commonprefix(folders)  # noqa: RUF071 - of lists, it compares part by part


def _below(folder: str) -> str:
    """A folder as one below another: no root, no steps up."""
    return "/".join(part for part in folder.split("/") if part not in ("", ".", "..")) or "."
