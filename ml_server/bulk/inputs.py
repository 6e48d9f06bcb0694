"""The documents of a run: found in a folder, a bucket, by a pattern or in a list, each with a folder for its results.

Names are looked at, never contents, and one folder at a time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ml_server.bulk import listing
from ml_server.bulk.listing import File
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.path_text import as_text
from ml_server.bulk.places import is_remote, local_path
from ml_server.errors import InvalidRequest, MLServerError, NotReady

Owner = Callable[[str], str | None]
"""Tells the document whose results are in a folder; None where there are none."""


class Inputs:
    """What one IN argument stands for; iterating again looks again, but for a list, which is read once.

    Args:
        source: a folder, a file, a pattern (``scans/**/*.pdf``), ``@list``, ``list.txt`` or ``-`` (standard input)
            for a list of paths, one a line; all but the last two also as ``s3://…``.
        output: of the results; what is found in it is left out, as it is ours. What is named by itself is not.
        owner: tells whose results are in a folder of the output.

    Raises:
        InvalidRequest: there is no such file, folder or list, or the output is the folder itself or above it.
    """

    def __init__(self, source: str, output: str, owner: Owner) -> None:
        self._output = _real(output)
        self._owner = owner
        self._source = source
        listed = listing.listed_in(source)
        self._names = None if listed is None else listing.read_list(listed)
        if self._names is not None:
            return
        pattern = listing.is_pattern(source)
        if not is_remote(source) and not pattern and not os.path.exists(local_path(source)):
            raise InvalidRequest(f"there is no {Path(local_path(source))}")
        root = listing.fixed_part(source) if pattern else source
        # An object of a bucket is not asked for here: its name has to do.
        named = listing.is_document(source) if is_remote(source) else not os.path.isdir(local_path(source))
        self._alone = named and not pattern
        if not self._alone and f"{_real(root)}/".startswith(f"{self._output}/"):
            raise InvalidRequest(f"results in {output} would lie among the documents of {source}; name another folder")

    def __iter__(self) -> Iterator[BulkDocument]:
        for files in self._folders():
            yield from self._named(files)

    def count(self) -> int:
        """How many documents there are."""
        return sum(map(len, self._folders()))

    def _folders(self) -> Iterator[list[File]]:
        """Files with the same parent come together."""
        try:
            if self._names is not None:
                yield from listing.in_list(self._names)
            elif self._alone:
                yield from self._found()
            else:
                for files in self._found():
                    # Our own drawings are images, too.
                    yield [file for file in files if not file.url.startswith(f"{self._output}/")]
        except FileNotFoundError as error:
            raise InvalidRequest(f"there is nothing at {self._source}: {error}") from error
        except (MLServerError, OSError):
            raise
        except Exception as error:  # what the libraries of a bucket raise has no common base
            raise NotReady(f"cannot list {self._source}: {error}") from error

    def _found(self) -> Iterator[list[File]]:
        if listing.is_pattern(self._source):
            return listing.by_pattern(self._source)
        if is_remote(self._source):
            return listing.in_bucket(self._source)
        path = local_path(self._source)
        return iter([[listing.on_disk(path, ".")]]) if self._alone else listing.in_folder(path, self._output)

    def _named(self, files: list[File]) -> Iterator[BulkDocument]:
        """Documents with a folder each: ``scan`` for ``scan.png``, but ``scan.png`` where there is a ``scan.pdf``.

        A document that has its results in ``scan`` from a time when it was alone keeps them there.
        """
        stems = Counter(listing.stem(file.name).casefold() for file in files)
        full = {file.name.casefold() for file in files}
        for file in files:
            stem = listing.stem(file.name)
            alone = stems[stem.casefold()] == 1 and (stem.casefold() not in full or stem == file.name)
            name = stem if alone or self._owner(_joined(file.parent, stem)) == file.url else file.name
            folder = _joined(file.parent, name)
            # Another list's file may have been there: lists come and go, and have other folders in common.
            if file.apart is not None and self._owner(folder) not in (None, file.url):
                folder = _joined(file.apart, name)
            yield BulkDocument(file.url, folder, file.size, file.version)


def _real(folder: str) -> str:
    return folder.rstrip("/") if is_remote(folder) else os.path.realpath(local_path(folder))


def _joined(parent: str, name: str) -> str:
    return as_text(name if parent == "." else f"{parent}/{name}")
