"""The documents of a run: found in a folder, a bucket, by a pattern or in a list, each with a folder for its results.

Names are looked at, never contents, and one folder at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ml_server.bulk import bucket_documents, listing, path_lists
from ml_server.bulk.again import said
from ml_server.bulk.listing import File
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.places import check_named, is_remote, local_path, real_folder
from ml_server.bulk.result_folders import Owner, ResultFolders
from ml_server.errors import InvalidRequest, MLServerError, NotReady


class Inputs:
    """What one IN argument stands for; iterating again looks again, but for a list, which is read once.

    Args:
        source: a folder, a file, a pattern (``scans/**/*.pdf``), ``@list``, ``list.txt`` or ``-`` (standard input)
            for a list of paths, one a line; all but the last two also as ``s3://…``.
        output: of the results; what is found in it is left out, as it is ours. What is named by itself is not.
        owner: tells whose results are in a folder of the output.

    Raises:
        InvalidRequest: there is no such file, folder or list, an address without a bucket, or the output is the folder
            itself or above it.

    Attributes:
        root: the folder that is looked into, or a file that is named by itself; empty for a list.
    """

    def __init__(self, source: str, output: str, owner: Owner) -> None:
        check_named(source)
        self.root = ""
        self._output = real_folder(output)
        self._owner = owner
        self._source = source
        listed = path_lists.listed_in(source)
        self._names = None if listed is None else path_lists.read_list(listed)
        if self._names is not None:
            return
        pattern = listing.is_pattern(source)
        if not is_remote(source) and not pattern and not os.path.exists(local_path(source)):
            raise InvalidRequest(f"there is no {Path(local_path(source))}")
        root = listing.fixed_part(source) if pattern else source
        # An object of a bucket is not asked for here: its name has to do.
        named = listing.is_document(source) if is_remote(source) else not os.path.isdir(local_path(source))
        self._alone = named and not pattern
        self.root = real_folder(root)
        if not self._alone and f"{self.root}/".startswith(f"{self._output}/"):
            raise InvalidRequest(f"results in {output} would lie among the documents of {source}; name another folder")

    def __iter__(self) -> Iterator[BulkDocument]:
        folders = ResultFolders(self._output, self._owner, all_apart=self._names is not None)
        for files in self._folders():
            yield from folders.named(files)

    def count(self) -> int:
        """How many documents there are."""
        return sum(map(len, self._folders()))

    def _folders(self) -> Iterator[list[File]]:
        """Files with the same parent come together."""
        try:
            if self._names is not None:
                yield from path_lists.in_list(self._names)
            elif self._alone:
                yield from self._found()
            else:
                yield from map(self._without_ours, self._found())
        except FileNotFoundError as error:
            raise InvalidRequest(f"there is nothing at {self._source}: {error}") from error
        except MLServerError:
            raise
        except Exception as error:  # what the libraries of a bucket raise has no common base
            if isinstance(error, OSError) and not is_remote(self._source):
                raise
            raise NotReady(f"cannot list {self._source}: {said(error)}") from error

    def _without_ours(self, files: list[File]) -> list[File]:
        """Those that are not in the output: our own drawings are images, too. Links may lead there."""
        places = {folder: real_folder(folder) for folder in {os.path.dirname(file.url) for file in files}}
        return [file for file in files if not f"{places[os.path.dirname(file.url)]}/".startswith(f"{self._output}/")]

    def _found(self) -> Iterator[list[File]]:
        remote, pattern = is_remote(self._source), listing.is_pattern(self._source)
        if remote:
            return bucket_documents.by_pattern(self._source) if pattern else bucket_documents.in_bucket(self._source)
        if pattern:
            return listing.by_pattern(self._source)
        path = local_path(self._source)
        return iter([[listing.on_disk(path, ".")]]) if self._alone else listing.in_folder(path, self._output)
