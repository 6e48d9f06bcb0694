"""The API key, where the server has one."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import compare_digest

from pydantic import SecretStr

from ml_server.errors import Unauthenticated


class ApiKey:
    """Says whether a call carries the server's key, in ``authorization: Bearer KEY`` or in ``x-api-key: KEY``.

    Args:
        key: the server's key; None or empty for a server that is open to everybody.
    """

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key.get_secret_value().encode() if key else b""

    def refusal(self, metadata: Iterable[tuple[str, str | bytes]]) -> Unauthenticated | None:
        """The error to answer with; None for a call that may pass."""
        if not self._key:
            return None
        given = [key for name, value in metadata if (key := _key(name, value)) is not None]
        if any(compare_digest(key, self._key) for key in given):
            return None
        found = "a wrong API key" if given else "no API key"
        return Unauthenticated(f"found {found}; send the metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'")


def _key(name: str, value: str | bytes) -> bytes | None:
    raw = value if isinstance(value, bytes) else value.encode()
    if name == "x-api-key":
        return raw.strip()
    scheme, _, key = raw.strip().partition(b" ")
    return key.strip() if name == "authorization" and scheme.lower() == b"bearer" else None
