"""Paths as text. File names are bytes: some are not UTF-8, for which Python has lone surrogates, some have newlines."""

from __future__ import annotations

import hashlib
import json


def as_text(text: str) -> str:
    """Text that every UTF-8 file and stream takes: a byte that is no UTF-8 as ``\\udcXX``, which is JSON's way, too."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(body: object, indent: int | None = None) -> str:
    """JSON, in UTF-8 or not as the names in it are; reading it gives the same names back."""
    return as_text(json.dumps(body, ensure_ascii=False, indent=indent))


def shown(text: str) -> str:
    """A line for people: what does not print, as newlines in names and commands to the terminal, is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def fitted(path: str, name_bytes: int, path_bytes: int) -> str:
    """A path that a file system takes: a part that is too long ends with ``~`` and a hash of it instead.

    Escaped bytes take six times their room, so that a name that a disk has may be too long for the same disk.

    Args:
        path: relative, as :func:`as_text` gives it, ``/`` between its parts.
        name_bytes: a part may have, at least 32.
        path_bytes: all may have; where they are more, folders in the middle are left out for a hash of them.
    """
    *folders, last = (_cut(part, name_bytes) for part in path.split("/"))
    if len("/".join((*folders, last)).encode()) <= path_bytes:
        return "/".join((*folders, last))
    middle = f"~{_hash(path)}"
    while folders and len("/".join((*folders, middle, last)).encode()) > path_bytes:
        folders.pop()
    return "/".join((*folders, middle, last))


def _cut(part: str, most: int) -> str:
    data = part.encode()
    if len(data) <= most:
        return part
    digest = _hash(part)
    return f"{data[: most - len(digest) - 1].decode('utf-8', 'ignore')}~{digest}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
