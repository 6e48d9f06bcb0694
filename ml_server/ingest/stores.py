"""Where files are kept: a folder, or a bucket that speaks S3. Names are relative, with ``/`` between their parts.

A file is there whole or not at all, whoever is killed when. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from ml_server.bulk.places import LocalPlace, file_system
from ml_server.errors import InvalidRequest, MLServerError, NotReady

S3: Final = "s3://"


_LEFT_FOR_S: Final = 3600.0
"""A file that has been half-written for so long nobody writes any more: others may be at work in the same folder."""


class Store(Protocol):
    """A place for files."""

    def tidy(self) -> None:
        """Remove what killed processes have left half-written.

        Raises:
            MLServerError: as :meth:`read`.
        """

    def address(self, name: str) -> str:
        """What others call a file: a path or ``s3://…``."""

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none.

        Raises:
            MLServerError: the store cannot be reached or refuses.
        """

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Keep a file, in place of one that has its name.

        Raises:
            MLServerError: as :meth:`read`.
        """

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those that are not there.

        Args:
            names: all in one folder; that they begin alike makes it quick.

        Raises:
            MLServerError: as :meth:`read`.
        """

    def remove(self, name: str) -> bool:
        """Delete a file, if it is there, and say whether it was.

        Raises:
            MLServerError: as :meth:`read`.
        """


def open_store(target: str) -> Store:
    """The store at a path or at ``s3://bucket/folder``; nothing is asked of it yet.

    Raises:
        InvalidRequest: another kind of address, or one without a bucket.
        EngineUnavailable: the package for S3 is not installed.
    """
    if target.startswith(S3):
        return BucketStore(target.removeprefix(S3).strip("/"))
    if "://" in target:
        raise InvalidRequest(f"pages cannot be stored at {target!r}; allowed: a folder, or s3://bucket/folder")
    return FolderStore(Path(target).expanduser())


class FolderStore:
    """Files below a folder, which is made with the first one.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._place = LocalPlace(str(root), durable=True)

    def tidy(self) -> None:
        """See Store."""
        with _folder_errors(self.root):
            self._place.sweep(_LEFT_FOR_S)

    def address(self, name: str) -> str:
        """See Store."""
        return str(self.root / name)

    def read(self, name: str) -> bytes | None:
        """See Store."""
        with _folder_errors(self.root):
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """See Store; the type is told by the name here."""
        with _folder_errors(self.root):
            self._place.write(name, data)

    def missing(self, names: Sequence[str]) -> list[str]:
        """See Store."""
        with _folder_errors(self.root):
            return [name for name in names if not (self.root / name).is_file()]

    def remove(self, name: str) -> bool:
        """See Store."""
        with _folder_errors(self.root):
            try:
                (self.root / name).unlink()
            except FileNotFoundError:
                return False
            return True


class BucketStore:
    """Files below a prefix of a bucket, over S3.

    Address, region and credentials of the service come from where every S3 program has them: ``AWS_ENDPOINT_URL``,
    ``AWS_REGION``, ``AWS_ACCESS_KEY_ID`` and the rest of the environment, ``~/.aws``, or the machine's role.

    Args:
        root: ``bucket/prefix``.

    Raises:
        InvalidRequest: no bucket.
        EngineUnavailable: s3fs is not installed.
    """

    def __init__(self, root: str) -> None:
        if not root:
            raise InvalidRequest("s3:// names no bucket; write s3://bucket/folder")
        self._files, self._root = file_system(f"{S3}{root}")

    def tidy(self) -> None:
        """See Store; there is nothing half-written, but whether the bucket answers shows."""
        self.missing(["records/none"])

    def address(self, name: str) -> str:
        """See Store."""
        return f"{S3}{self._root}/{name}"

    def read(self, name: str) -> bytes | None:
        """See Store."""
        with self._errors():
            try:
                return bytes(self._files.cat_file(self._key(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """See Store; one PUT, which S3 makes visible as a whole."""
        with self._errors():
            self._files.pipe_file(self._key(name), data, ContentType=content_type)

    def missing(self, names: Sequence[str]) -> list[str]:
        """See Store; one listing of what begins as all of them do."""
        # Character by character: S3's prefixes are no folders.
        folder, _, begin = os.path.commonprefix(list(names)).rpartition("/")  # noqa: RUF071
        with self._errors():
            here = set(self._files.find(self._key(folder), prefix=begin))
        return [name for name in names if self._key(name) not in here]

    def remove(self, name: str) -> bool:
        """See Store."""
        if self.missing([name]):
            return False
        with self._errors():
            self._files.rm_file(self._key(name))
        return True

    def _key(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What S3 refuses for good is a fault of the set-up; what may pass is told as such."""
        from botocore.exceptions import BotoCoreError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnection

        place = f"{S3}{self._root}"
        try:
            yield
        except MLServerError:
            raise
        except (PermissionError, FileNotFoundError) as error:
            raise MLServerError(f"{place} refuses: {error or 'no such bucket'}") from error
        except (NoConnection, HTTPClientError, OSError) as error:
            raise NotReady(f"{place} cannot be reached: {error}", retry_after_s=10) from error
        except BotoCoreError as error:
            raise MLServerError(f"{place} cannot be used: {error}") from error


@contextlib.contextmanager
def _folder_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MLServerError(f"cannot keep files in {root}: {error.strerror or error}") from error
