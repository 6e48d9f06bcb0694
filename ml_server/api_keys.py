"""API keys, for both wires: several, from the environment and from a file that may change while the server runs.

An entry is ``KEY`` or ``NAME: KEY``; the name goes into the log, the key never does. A key has no white space in it.
Two entries are how a key is replaced: add the new one, move the callers, remove the old one.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ml_server.errors import Unauthenticated
from ml_server.logs import get_logger
from ml_server.settings import Settings

_ENTRY = re.compile(r"(?:(?P<name>[\w.@-]{1,64}):\s+)?(?P<key>\S+)")
_RECHECK_S = 1.0
_MOST_BYTES = 2**20  # of a file of keys; whatever is larger is another file

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Key:
    """Attributes: digest of the key; name of its holder, empty where none was given."""

    digest: bytes
    name: str


class ApiKeys:
    """Says whose key a call carries, in ``Authorization: Bearer KEY`` or in ``X-API-Key: KEY``.

    A file of keys is looked at again when a call comes, at most once a second. One that cannot be read, holds no key or
    has a line that is no entry changes nothing and is logged, so that half of a file locks nobody out.

    Args:
        settings: ``api_key`` (one, as it is), ``api_keys`` (entries with commas between them or a JSON list) and
            ``api_keys_file`` (an entry a line; empty lines and those that begin with # do not count).

    Attributes:
        required: whether calls need a key; a server without any is open to everybody.

    Raises:
        ValueError: an entry is malformed, or the file cannot be read or has none.
    """

    def __init__(self, settings: Settings) -> None:
        # Digests are equally long whatever the keys are, so that comparing them tells nothing about a key's length.
        self._salt = secrets.token_bytes(32)
        self._file = settings.api_keys_file
        one = settings.api_key.get_secret_value().strip() if settings.api_key else ""
        several = settings.api_keys.get_secret_value() if settings.api_keys else ""
        self._fixed = [_Key(self._digest(one.encode()), "")] if one else []
        self._fixed += self._parsed(_entries(several), "ML_SERVER_API_KEYS")
        self._from_file: list[_Key] = []
        self._stamp: tuple[int, ...] = ()
        self._looked_at = time.monotonic()
        if self._file is not None:
            self._stamp = _stamp(self._file)
            self._from_file = self._read(self._file)
        self.required = bool(self._fixed) or self._file is not None

    def holder(self, headers: Iterable[tuple[str, bytes]], advice: str) -> str:
        """The name beside the key that a call carries; empty for a key without one, and on an open server.

        Args:
            headers: of the call, names in lower case.
            advice: how a key is sent over this wire, for the message.

        Raises:
            Unauthenticated: none of the server's keys is there.
        """
        if not self.required:
            return ""
        self._renew()
        given = [key for name, value in headers if (key := _key(name, value)) is not None]
        digests = [self._digest(key) for key in given]
        known = (*self._fixed, *self._from_file)
        # All are compared, so that the time says nothing about which one it was.
        found = [key for digest in digests for key in known if secrets.compare_digest(digest, key.digest)]
        if found:
            return found[0].name
        raise Unauthenticated(f"found {'a wrong API key' if given else 'no API key'}; {advice}")

    def _renew(self) -> None:
        now = time.monotonic()
        if self._file is None or now - self._looked_at < _RECHECK_S:
            return
        self._looked_at = now
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp  # before reading: what is written meanwhile changes it again
        try:
            self._from_file = self._read(self._file)
        except ValueError as error:
            _log.error("api_keys_not_renewed", reason=str(error), kept=len(self._from_file))
        else:
            names = sorted({key.name for key in self._from_file if key.name})
            _log.info("api_keys_renewed", keys=len(self._from_file), names=names)

    def _read(self, file: Path) -> list[_Key]:
        try:
            with file.open("rb") as opened:
                content = opened.read(_MOST_BYTES + 1)
            lines = content.decode("utf-8-sig").splitlines()
        except OSError as error:
            raise ValueError(f"cannot read the API keys in {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"cannot read the API keys in {file}: it is not UTF-8") from error
        if len(content) > _MOST_BYTES:
            raise ValueError(f"cannot read the API keys in {file}: it has more than {_MOST_BYTES} bytes")
        found = self._parsed(["" if line.lstrip().startswith("#") else line for line in lines], str(file))
        if not found:
            raise ValueError(f"there is no API key in {file}; it holds one KEY or NAME: KEY a line")
        return found

    def _parsed(self, entries: Sequence[str], source: str) -> list[_Key]:
        found = []
        for number, entry in enumerate(entries, 1):
            if not entry.strip():
                continue
            match = _ENTRY.fullmatch(entry.strip())
            if match is None:
                raise ValueError(f"entry {number} of {source} is neither KEY nor NAME: KEY")  # never what it is
            found.append(_Key(self._digest(match["key"].encode()), match["name"] or ""))
        return found

    def _digest(self, key: bytes) -> bytes:
        return blake2b(key, key=self._salt).digest()


def _entries(several: str) -> list[str]:
    if not several.lstrip().startswith("["):
        return several.split(",")
    try:
        entries = json.loads(several)
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError("ML_SERVER_API_KEYS begins like a JSON list and is no JSON list of strings")
    return entries


def _key(name: str, value: bytes) -> bytes | None:
    if name == "x-api-key":
        return value.strip()
    scheme, _, key = value.strip().partition(b" ")
    return key.strip() if name == "authorization" and scheme.lower() == b"bearer" else None


def _stamp(file: Path) -> tuple[int, ...]:
    """Differs when the file was changed or replaced; empty where there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
