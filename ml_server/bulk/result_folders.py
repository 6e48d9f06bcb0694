"""The folder that a document's results go to: called as the document, and never the same for two of them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ml_server.bulk.listing import File, stem
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.path_text import as_text, fitted
from ml_server.bulk.places import is_remote, local_path

Owner = Callable[[str], str | None]
"""Tells the document whose results are in a folder; None where there are none."""

_NAME_BYTES: Final = 255
_PATH_BYTES: Final = 4096
_KEY_BYTES: Final = 1024
"""Of an object on S3, the folder's part of it included."""

_OURS_BYTES: Final = 64
"""For the files in a folder, ``/page100000.key_values.json`` and what they are called while they are written."""


class ResultFolders:
    """Names folders for one look at the documents of a run.

    Args:
        output: of the results.
        owner: tells whose results are in a folder of it.
        all_apart: see to it that no two documents of the look share a folder, wherever they come from. What a folder
            or a bucket has cannot meet.
    """

    def __init__(self, output: str, owner: Owner, *, all_apart: bool) -> None:
        self._owner = owner
        self._room = _room(output)
        self._taken: dict[str, str] | None = {} if all_apart else None

    def named(self, files: list[File]) -> Iterator[BulkDocument]:
        """Documents with a folder each: ``scan`` for ``scan.png``, but ``scan.png`` where there is a ``scan.pdf``.

        A document that has its results in ``scan`` from a time when it was alone keeps them there.

        Args:
            files: all that have one parent.
        """
        stems = Counter(stem(file.name).casefold() for file in files)
        full = {file.name.casefold() for file in files}
        for file in files:
            short = stem(file.name)
            alone = stems[short.casefold()] == 1 and (short.casefold() not in full or short == file.name)
            name = short if alone or self._owner(self._joined(file.parent, short)) == file.url else file.name
            folder = self._joined(file.parent, name)
            # Another list's file may have been there: lists come and go, and have other folders in common.
            if file.apart is not None and self._owner(folder) not in (None, file.url):
                folder = self._joined(file.apart, name)
            yield BulkDocument(file.url, self._own(folder, file.url), file.size, file.version)

    def _own(self, folder: str, url: str) -> str:
        if self._taken is None or self._taken.setdefault(folder.casefold(), url) == url:
            return folder
        parent, _, name = folder.rpartition("/")
        return self._joined(parent or ".", f"{name}~{hashlib.sha256(as_text(url).encode()).hexdigest()[:12]}")

    def _joined(self, parent: str, name: str) -> str:
        return fitted(as_text(name if parent == "." else f"{parent}/{name}"), *self._room)


def _room(output: str) -> tuple[int, int]:
    """Bytes that a name, and a path below an output, may have."""
    if is_remote(output):
        return _NAME_BYTES, _KEY_BYTES - len(output.split("://", 1)[1].encode()) - _OURS_BYTES
    path = Path(os.path.realpath(local_path(output)))
    there = next((each for each in (path, *path.parents) if each.is_dir()), path)
    try:
        name, whole = os.pathconf(there, "PC_NAME_MAX"), os.pathconf(there, "PC_PATH_MAX")
    except (OSError, ValueError):  # a file system that does not say
        name, whole = _NAME_BYTES, _PATH_BYTES
    return name, whole - len(os.fsencode(path)) - _OURS_BYTES
