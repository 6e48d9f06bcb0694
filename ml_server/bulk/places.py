"""Where results go and documents come from: a folder of this machine, or a bucket by fsspec.

Files appear whole or not at all. Names below a place have ``/`` between their parts and none at the ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from ml_server.bulk.bucket_listing import objects
from ml_server.bulk.bucket_outages import outages
from ml_server.errors import EngineUnavailable, InvalidRequest

PART: Final = ".ml-server-part-"
"""Begins the name of a file that is being written; what a killed run leaves of them is removed."""

_INSTALL: Final = 'pip install "ml_server[bulk]"'


class Place(Protocol):
    """A folder or a bucket. Picklable; its methods may be called from several threads."""

    @property
    def url(self) -> str:
        """As it was given."""

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be read.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a file, whole, in the place of an older one.

        Raises:
            OSError: it cannot be written.
        """

    def put(self, name: str, file: Path) -> None:
        """Write a file from one on this machine's disk, as large as it may be.

        Raises:
            OSError: it cannot be written.
        """

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every file directly in a folder, by its last name; empty where there is no such folder."""

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""

    def find(self, last: str) -> Iterator[str]:
        """Names of all files, at any depth, whose last part is ``last``, in no order."""

    def sweep(self, age_s: float) -> None:
        """Remove files that were left half-written, at least so many seconds ago."""


class LocalPlace:
    """A folder.

    Args:
        folder: its path.
        durable: what was written outlives the machine's losing power, too, which takes longer.
    """

    def __init__(self, folder: str, *, durable: bool = False) -> None:
        self._folder = Path(folder)
        self._durable = durable

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def read(self, name: str) -> bytes:
        """See Place."""
        return (self._folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See Place."""
        self._whole(name, lambda part: part.write_bytes(data))

    def put(self, name: str, file: Path) -> None:
        """See Place."""
        self._whole(name, lambda part: shutil.copyfile(file, part))

    def sizes(self, folder: str) -> dict[str, int]:
        """See Place."""
        try:
            with os.scandir(self._folder / folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def delete(self, name: str) -> None:
        """See Place."""
        (self._folder / name).unlink(missing_ok=True)

    def find(self, last: str) -> Iterator[str]:
        """See Place."""
        for folder, _, files in os.walk(self._folder):
            for file in files:
                if file == last:
                    yield Path(folder, file).relative_to(self._folder).as_posix()

    def sweep(self, age_s: float) -> None:
        """See Place."""
        before = time.time() - age_s
        for folder, _, files in os.walk(self._folder):
            for path in (Path(folder, file) for file in files if file.startswith(PART)):
                with contextlib.suppress(FileNotFoundError):  # finished meanwhile
                    if path.stat().st_mtime <= before:
                        path.unlink()

    def _whole(self, name: str, fill: Callable[[Path], object]) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{PART}{uuid.uuid4().hex}")
        try:
            fill(part)
            if self._durable:
                _to_disk(part)
            os.replace(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def _to_disk(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class RemotePlace:
    """A bucket, or a folder in one; anything fsspec has a file system for. An object appears whole with its upload."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = file_system(url)
        self._url = url.rstrip("/")

    @property
    def url(self) -> str:
        """The address."""
        return self._url

    def __reduce__(self) -> tuple[type[RemotePlace], tuple[str]]:
        return RemotePlace, (self._url,)  # connections stay in their process

    def read(self, name: str) -> bytes:
        """See Place."""
        return bytes(self._fs.cat_file(self._path(name)))

    def write(self, name: str, data: bytes) -> None:
        """See Place."""
        self._fs.pipe_file(self._path(name), data)

    def put(self, name: str, file: Path) -> None:
        """See Place."""
        self._fs.put_file(str(file), self._path(name))

    def sizes(self, folder: str) -> dict[str, int]:
        """See Place."""
        try:
            found = self._fs.ls(self._path(folder), detail=True)
        except FileNotFoundError:
            return {}
        return {each["name"].rsplit("/", 1)[-1]: int(each["size"]) for each in found if each["type"] == "file"}

    def delete(self, name: str) -> None:
        """See Place."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def find(self, last: str) -> Iterator[str]:
        """See Place."""
        names = (str(each["name"]) for each in objects(self._fs, self._root))
        try:
            yield from (name[len(self._root) + 1 :] for name in names if name.rsplit("/", 1)[-1] == last)
        except FileNotFoundError:  # elsewhere than on S3: a folder that is not there has nothing
            if is_s3(self._url):
                raise

    def sweep(self, age_s: float) -> None:
        """See Place; there is nothing half-written in a bucket."""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")


def open_place(url: str) -> Place:
    """A place by its address: a path, ``file://…``, ``s3://bucket/…`` or another address fsspec knows.

    Raises:
        InvalidRequest: a bucket is not named.
        EngineUnavailable: the package for it is not installed.
        ValueError: nothing of that kind is known.
    """
    return RemotePlace(url) if is_remote(url) else LocalPlace(local_path(url))


def is_remote(url: str) -> bool:
    """Whether it is not on this machine's disk."""
    return "://" in url and urlsplit(url).scheme not in {"file", "local"}


def is_s3(url: str) -> bool:
    """Whether it is in a bucket that speaks S3."""
    return urlsplit(url).scheme in {"s3", "s3a"}


def check_named(url: str) -> None:
    """See that an address on S3 has a bucket.

    Raises:
        InvalidRequest: it has none.
    """
    if is_s3(url) and not urlsplit(url).netloc:
        raise InvalidRequest(f"{url} names no bucket; write s3://bucket/folder")


def local_path(url: str) -> str:
    """The path of what is not remote."""
    return url.split("://", 1)[1] if "://" in url else url


def real_folder(url: str) -> str:
    """A folder's one name, whatever links lead there; an address without a slash at its end."""
    return url.rstrip("/") if is_remote(url) else os.path.realpath(local_path(url))


def file_system(url: str) -> tuple[Any, str]:
    """The file system of an address and the path in it, without a slash at its end.

    Credentials, region and endpoint of S3 come from where AWS's own tools take them (``AWS_…``, ``~/.aws``). That they
    do not answer is told on standard error while it is tried again.

    Raises:
        InvalidRequest: a bucket is not named.
        EngineUnavailable: the package for it is not installed.
        ValueError: nothing of that kind is known.
    """
    check_named(url)
    # Never a listing of before: what other runs and this one write has to be seen.
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if is_s3(url):
        options["config_kwargs"] = {
            "retries": {"max_attempts": 5, "mode": "standard"},
            "connect_timeout": 10,
            "read_timeout": 60,
        }
    try:
        from fsspec.core import url_to_fs

        if is_s3(url):
            options["session"] = outages(url).session()
        system, path = url_to_fs(url, **options)
    except ImportError as error:
        raise EngineUnavailable(f"{url} cannot be opened here: {error}; install it with: {_INSTALL}") from error
    return system, str(path).rstrip("/")
