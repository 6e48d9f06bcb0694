"""What both clients are made with, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ml_server.clients.address import parse_address
from ml_server.clients.transport import Connection

TIMEOUT_S = 300.0
"""Seconds for a whole call: as long as the server itself works on one request unless configured otherwise."""

RETRIES = 6
"""They wait 16 seconds or more in all: as long as a server that was killed needs to be up again with its engine."""
PROBE_S = 5.0
"""Seconds for one question whether the server is ready; it answers that without work."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Of one client.

    Attributes:
        connection: how to reach the server.
        timeout_s: seconds for a whole call, retries included.
        retries: attempts after the first.
    """

    connection: Connection
    timeout_s: float
    retries: int

    @classmethod
    def checked(
        cls,
        address: str,
        timeout_s: float,
        retries: int,
        api_key: str | None,
        *,
        ca_file: str | Path | None,
        cert_file: str | Path | None,
        key_file: str | Path | None,
    ) -> ClientSettings:
        """Settings from a client's arguments.

        Raises:
            ValueError: one of them is not valid.
        """
        where = parse_address(address)
        if not (math.isfinite(timeout_s) and timeout_s > 0):
            raise ValueError(f"timeout_s is {timeout_s}, allowed: a number of seconds greater than 0")
        if retries < 0:
            raise ValueError(f"retries is {retries}, allowed: 0 or more")
        if api_key is not None and not (api_key.strip() and api_key.isascii() and api_key.isprintable()):
            raise ValueError("api_key is empty or has characters a header cannot carry, allowed: printable ASCII")
        files = {"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file}
        given = {name: Path(file) for name, file in files.items() if file is not None}
        if given and not where.tls:
            raise ValueError(f"{next(iter(given))} is for https:// and grpcs://, the address is {address!r}")
        if ("cert_file" in given) != ("key_file" in given):
            raise ValueError("cert_file and key_file go together, one of them is missing")
        return cls(Connection(where, api_key, **given), timeout_s, retries)
