"""The documents of a run: found in a folder, a bucket, by a pattern or in a list, each with a folder for its results.

Names are looked at, never contents, and one folder at a time.
"""

from __future__ import annotations

import glob
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.places import file_system, is_remote, local_path
from ml_server.errors import InvalidRequest, MLServerError, NotReady

SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".pdf"}
)
"""What is taken from folders. A file that is named by itself or in a list is read whatever its name."""

_LISTS: Final = (".txt", ".lst", ".list")
_WILD: Final = frozenset("*?[")

Owner = Callable[[str], str | None]
"""Tells the document whose results are in a folder; None where there are none."""


@dataclass(frozen=True, slots=True)
class _File:
    """Attributes: address; folder of its results but for the last part; its name; see BulkDocument for the others."""

    url: str
    parent: str
    name: str
    size: int
    version: str


class Inputs:
    """What one IN argument stands for; iterating again looks again, but for a list, which is read once.

    Args:
        source: a folder, a file, a pattern (``scans/**/*.pdf``), ``@list``, ``list.txt`` or ``-`` (standard input)
            for a list of paths, one a line; all but the last two also as ``s3://…``.
        output: of the results; left out if it is inside the input.
        owner: tells whose results are in a folder of the output.

    Raises:
        InvalidRequest: there is no such file, folder or list.
    """

    def __init__(self, source: str, output: str, owner: Owner) -> None:
        self._output = output.rstrip("/") if is_remote(output) else os.path.realpath(local_path(output))
        self._owner = owner
        self._source = source
        listed = _listed(source)
        self._names = None if listed is None else _read_list(listed)
        if self._names is None and not is_remote(source) and not _is_pattern(source):
            path = Path(local_path(source))
            if not path.exists():
                raise InvalidRequest(f"there is no {path}")

    def __iter__(self) -> Iterator[BulkDocument]:
        for files in self._folders():
            yield from self._named(files)

    def count(self) -> int:
        """How many documents there are."""
        return sum(map(len, self._folders()))

    def _folders(self) -> Iterator[list[_File]]:
        """Files with the same parent come together."""
        try:
            for files in self._found():
                # Our own drawings are images, too.
                yield [file for file in files if not file.url.startswith(f"{self._output}/")]
        except FileNotFoundError as error:
            raise InvalidRequest(f"there is nothing at {self._source}: {error}") from error
        except (MLServerError, OSError):
            raise
        except Exception as error:  # what the libraries of a bucket raise has no common base
            raise NotReady(f"cannot list {self._source}: {error}") from error

    def _found(self) -> Iterator[list[_File]]:
        source = self._source
        if self._names is not None:
            yield from _from_list(self._names)
        elif is_remote(source):
            yield from _remote(source)
        elif _is_pattern(source):
            paths = sorted(path for path in glob.iglob(local_path(source), recursive=True) if os.path.isfile(path))
            root = Path(local_path(source).split("*")[0].split("?")[0].split("[")[0] + "x").parent
            yield from _together(_local(path, Path(path).parent.relative_to(root).as_posix()) for path in paths)
        elif os.path.isdir(local_path(source)):
            yield from self._walk(local_path(source))
        else:
            yield [_local(local_path(source), ".")]

    def _walk(self, root: str) -> Iterator[list[_File]]:
        closed: list[str] = []
        for folder, folders, names in os.walk(root, onerror=lambda error: closed.append(error.filename)):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and os.path.realpath(os.path.join(folder, name)) != self._output
            )
            parent = Path(folder).relative_to(root).as_posix()
            files = [_local(os.path.join(folder, name), parent) for name in sorted(names) if _wanted(name)]
            if files:
                yield files
        # Folders that may not be looked into must not go unnoticed: each is a document that cannot be read.
        for folder in closed:
            parent = Path(os.path.dirname(folder)).relative_to(root).as_posix() if folder != root else "."
            yield [_local(folder, parent)]

    def _named(self, files: list[_File]) -> Iterator[BulkDocument]:
        """Documents with a folder each: ``scan`` for ``scan.png``, but ``scan.png`` where there is a ``scan.pdf``.

        A document that has its results in ``scan`` from a time when it was alone keeps them there.
        """
        stems = Counter(_stem(file.name).casefold() for file in files)
        full = {file.name.casefold() for file in files}
        for file in files:
            stem = _stem(file.name)
            alone = stems[stem.casefold()] == 1 and (stem.casefold() not in full or stem == file.name)
            name = stem if alone or self._owner(_joined(file.parent, stem)) == file.url else file.name
            yield BulkDocument(file.url, _joined(file.parent, name), file.size, file.version)


def _listed(source: str) -> str | None:
    """The list that a source names; None where it is no list."""
    if source == "-":
        return source
    if source.startswith("@"):
        return source[1:]
    return source if source.lower().endswith(_LISTS) and os.path.isfile(source) else None


def _read_list(source: str) -> list[str]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"cannot read the list {source}: {error}") from error
    names = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(name for name in names if name and not name.startswith("#")))


def _from_list(names: Iterable[str]) -> Iterator[list[_File]]:
    """A listed path keeps all its folders; those above the working folder are left out."""
    systems: dict[str, Any] = {}

    def one(name: str) -> _File:
        if not is_remote(name):
            path = os.path.relpath(local_path(name)) if not os.path.isabs(local_path(name)) else local_path(name)
            return _local(local_path(name), _below(os.path.dirname(path)))
        scheme, bucket = urlsplit(name).scheme, urlsplit(name).netloc
        key = f"{scheme}://{bucket}"
        if key not in systems:
            systems[key] = file_system(key)[0]
        try:
            info = systems[key].info(name)
        except Exception:  # it is said when the file is to be read
            info = {"name": name, "size": 0}
        return _object(name, info, _below(f"{bucket}/{os.path.dirname(urlsplit(name).path)}"))

    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[os.path.dirname(name)].append(name)
    for group in groups.values():
        yield [one(name) for name in group]


def _remote(source: str) -> Iterator[list[_File]]:
    system, root = file_system(source)
    scheme = source.split("://", 1)[0]
    if _is_pattern(source):
        base = os.path.dirname(root.split("*")[0].split("?")[0].split("[")[0] + "x")
        found = sorted(system.glob(root, detail=True).items())
        files = (
            _object(f"{scheme}://{path}", info, _below(os.path.dirname(path)[len(base) :]))
            for path, info in found
            if info["type"] == "file"
        )
        yield from _together(files)
        return
    if system.isfile(root):
        yield [_object(f"{scheme}://{root}", system.info(root), ".")]
        return
    seen = False
    for folder, _, names in system.walk(root, detail=True, on_error="raise"):
        seen = True
        parent = _below(folder.removeprefix("/")[len(root) :])
        files_here = [
            _object(f"{scheme}://{info['name']}", info, parent) for name, info in sorted(names.items()) if _wanted(name)
        ]
        if files_here:
            yield files_here
    if not seen:
        raise InvalidRequest(f"there is nothing in {source}")


def _together(files: Iterable[_File]) -> Iterator[list[_File]]:
    groups: dict[str, list[_File]] = defaultdict(list)
    for file in files:
        groups[file.parent].append(file)
    yield from groups.values()


def _local(path: str, parent: str) -> _File:
    try:
        found = os.stat(path)
        size, version = found.st_size, str(found.st_mtime_ns)
    except OSError:  # it is said when the file is to be read
        size, version = 0, ""
    return _File(os.path.abspath(path), parent, os.path.basename(path), size, version)


def _object(url: str, info: dict[str, Any], parent: str) -> _File:
    version = info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""
    return _File(url, parent, url.rsplit("/", 1)[-1], int(info.get("size") or 0), str(version).strip('"'))


def _is_pattern(source: str) -> bool:
    return bool(_WILD & set(source)) and not (not is_remote(source) and os.path.exists(local_path(source)))


def _wanted(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name.lower()).suffix in SUFFIXES


def _stem(name: str) -> str:
    """The name without its suffix; a suffix that is none of a document's is part of the name."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in SUFFIXES else name


def _below(folder: str) -> str:
    """A folder as one below another: no root, no steps up."""
    return "/".join(part for part in folder.split("/") if part not in ("", ".", "..")) or "."


def _joined(parent: str, name: str) -> str:
    return name if parent == "." else f"{parent}/{name}"
