"""Lists of paths: which argument is one, what is in it, and the files that it names."""

from __future__ import annotations

import codecs
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ml_server.bulk.again import retried_here, said
from ml_server.bulk.bucket_documents import object_file
from ml_server.bulk.listing import File, below, on_disk
from ml_server.bulk.places import file_system, is_remote, local_path
from ml_server.errors import InvalidRequest, MLServerError, NotReady

_LISTS: Final = (".txt", ".lst", ".list")
_FURTHER_ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class _Listed:
    """Attributes: absolute path or address; the other two are :class:`File`'s."""

    url: str
    parent: str
    apart: str | None

    @property
    def key(self) -> tuple[str, str]:
        """The same for those that would meet."""
        return self.parent.casefold(), os.path.basename(self.url).casefold()


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
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes it
            data = data.decode("utf-16").encode()
    except OSError as error:
        raise InvalidRequest(f"cannot read the list {source}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise InvalidRequest(f"cannot read the list {source}: it begins as UTF-16 and is none: {error}") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    # As file names are: bytes that are no UTF-8 among them, and newlines where find -print0 has written the list.
    if b"\0" in data:
        return list(dict.fromkeys(os.fsdecode(name) for name in data.split(b"\0") if name))
    names = (os.fsdecode(line.strip()) for line in data.splitlines())
    return list(dict.fromkeys(name for name in names if name and not name.startswith("#")))


def in_list(names: Iterable[str]) -> Iterator[list[File]]:
    """Listed files, each once however it is written, those with the same folder for their results together.

    Relative paths keep their folders; where all are absolute, those that they have in common go. What would meet
    another one's results keeps all its folders, from the root on.

    Raises:
        NotReady: a bucket does not say what it has.
    """
    listed = _listed(names)
    often = Counter(each.key for each in listed)
    groups: dict[str, list[_Listed]] = defaultdict(list)
    for each in listed:
        meets = often[each.key] > 1 and each.apart is not None
        mine = _Listed(each.url, each.apart or each.parent, None) if meets else each
        groups[mine.parent].append(mine)
    systems: dict[str, Any] = {}
    for group in groups.values():
        yield [_file(each, systems) for each in group]


def _listed(names: Iterable[str]) -> list[_Listed]:
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name if is_remote(name) else os.path.abspath(local_path(name)), name)
    absolute = all(is_remote(name) or os.path.isabs(local_path(name)) for name in once.values())
    common = len(_common([_folder_of(name) for name in once.values()])) if absolute else 0
    found = []
    for url, name in once.items():
        whole = _folder_of(name)
        parent, apart = below("/".join(whole[common:])), below("/".join(whole)) if common else None
        if whole[0] == "..":  # not below the folder we are in, though its results are
            apart = below(os.path.dirname(url))
        found.append(_Listed(url, parent, apart))
    return found


def _file(listed: _Listed, systems: dict[str, Any]) -> File:
    url = listed.url
    if not is_remote(url):
        return on_disk(url, listed.parent, listed.apart)
    bucket = "/".join(url.split("/", 3)[:3])
    if bucket not in systems:
        systems[bucket] = file_system(bucket)[0]
    info: dict[str, Any] = {}
    try:
        info = retried_here(partial(systems[bucket].info, url), _FURTHER_ATTEMPTS)
    except (FileNotFoundError, PermissionError):
        pass  # it is said when the file is to be read
    except MLServerError:
        raise
    except Exception as error:  # what the libraries of a bucket raise has no common base
        raise NotReady(f"cannot look at {url}: {said(error)}") from error  # not known is not changed
    return object_file(url, info, listed.parent, listed.apart)


def _folder_of(name: str) -> list[str]:
    """Parts of the folder that a listed file is in: a bucket's name first, or nothing for the root of a disk."""
    if is_remote(name):
        return [urlsplit(name).netloc, *os.path.dirname(urlsplit(name).path).strip("/").split("/")]
    path = local_path(name)
    return os.path.dirname(os.path.normpath(path) if os.path.isabs(path) else os.path.relpath(path)).split("/")


def _common(folders: list[list[str]]) -> Sequence[str]:
    return os.path.commonprefix(folders)  # noqa: RUF071 - of lists, it compares part by part
