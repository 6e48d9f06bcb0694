"""Documents of a bucket: one object, all below an address, or what a pattern names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ml_server.bulk.bucket_listing import objects
from ml_server.bulk.listing import File, below, is_document, unwild
from ml_server.bulk.places import file_system
from ml_server.errors import InvalidRequest


def in_bucket(source: str) -> Iterator[list[File]]:
    """One object, or all documents below an address, a folder at a time; hidden ones are left out.

    Raises:
        InvalidRequest: there is nothing.
        Exception: what the bucket's library raises where something cannot be listed.
    """
    system, root = file_system(source)
    scheme = source.split("://", 1)[0]
    alone = _info(system, root)
    if alone is not None:
        yield [object_file(f"{scheme}://{root}", alone, ".")]
        return
    seen = False

    def documents() -> Iterator[File]:
        nonlocal seen
        for info in objects(system, root):
            seen = True
            within = str(info["name"])[len(root) + 1 :]
            if is_document(within) and not _hidden(within):
                yield object_file(f"{scheme}://{info['name']}", info, _parent(within))

    yield from _by_folder(documents())
    if not seen:
        raise InvalidRequest(f"there is nothing in {source}")


def by_pattern(source: str) -> Iterator[list[File]]:
    """Objects that a pattern names, with the folders below those that it names without wildcards.

    As on a disk, wildcards do not stand for hidden files and folders.

    Raises:
        InvalidRequest: none, or the bucket is not named.
        Exception: what the bucket's library raises where something cannot be listed.
    """
    from fsspec.utils import glob_translate

    system, pattern = file_system(source)
    scheme = source.split("://", 1)[0]
    root, slash, begin = unwild(pattern).rpartition("/")
    if not slash:
        raise InvalidRequest(f"{source} names no bucket; wildcards stand for what is in one")
    rest = pattern[len(root) + 1 :]
    matches = re.compile(glob_translate(pattern)).match
    hidden_too = f"/{rest}".find("/.") >= 0
    seen = False

    def documents() -> Iterator[File]:
        nonlocal seen
        for info in objects(system, root, begin, deep="/" in rest or "**" in rest):
            within = str(info["name"])[len(root) + 1 :]
            if matches(str(info["name"])) and (hidden_too or not _hidden(within)):
                seen = True
                yield object_file(f"{scheme}://{info['name']}", info, _parent(within))

    yield from _by_folder(documents())
    if not seen:
        raise InvalidRequest(f"no file matches {source}")


def object_file(url: str, info: dict[str, Any], parent: str, apart: str | None = None) -> File:
    """An object, as fsspec tells of it."""
    version = info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""
    size = int(info.get("size") or 0)
    return File(url, parent, url.rsplit("/", 1)[-1], size, str(version).strip('"'), apart)


def _info(system: Any, root: str) -> dict[str, Any] | None:
    """What is known of the object of that name; None where it names a folder, or nothing."""
    try:
        found: dict[str, Any] = system.info(root)
    except FileNotFoundError:
        return None
    except PermissionError:  # who may only look below a prefix may not ask for the prefix itself
        return None
    return found if found["type"] == "file" else None


def _by_folder(files: Iterable[File]) -> Iterator[list[File]]:
    """Files with the same parent together, as soon as all of them are there; they come in the order of their names."""
    begun: dict[str, list[File]] = {}
    for file in files:
        for parent in [each for each in begun if each != "." and not f"{file.parent}/".startswith(f"{each}/")]:
            yield begun.pop(parent)
        begun.setdefault(file.parent, []).append(file)
    yield from begun.values()


def _parent(within: str) -> str:
    """The folder of an object, as one for results. Keys may have steps that no folder has, ``a//b`` and ``a/../b``."""
    folder = within.rpartition("/")[0]
    clean = below(folder)
    return clean if clean == (folder or ".") else f"{clean}/~{hashlib.sha256(folder.encode()).hexdigest()[:8]}"


def _hidden(within: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in within.split("/"))
