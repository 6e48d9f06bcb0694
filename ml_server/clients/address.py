"""Where a server is, as people write it: ``http://host:3000``, ``https://…``, ``grpc://host:50051``, ``grpcs://…``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import quote, urlsplit

DEFAULT_GRPC_PORT = 50051


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address.

    Attributes:
        given: as the caller wrote it, for messages.
        wire: what is spoken there.
        tls: whether the connection is encrypted.
        target: a base URL for HTTP, a channel target for gRPC.
    """

    given: str
    wire: Literal["http", "grpc"]
    tls: bool
    target: str


def parse_address(address: str) -> Address:
    """Read an address.

    gRPC targets become ``dns:///`` names, which resolve to every address behind a name, as Kubernetes' headless
    services have several: https://github.com/grpc/grpc/blob/master/doc/naming.md.

    Raises:
        ValueError: no such scheme, no host, a bad port, or parts that have no place in it.
    """
    allowed = "allowed: http://HOST:PORT, https://HOST:PORT, grpc://HOST:PORT and grpcs://HOST:PORT"
    parts = urlsplit(address.strip())
    if parts.scheme not in {"http", "https", "grpc", "grpcs"} or not parts.hostname:
        raise ValueError(f"the address is {address!r}, {allowed}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"the address has a user, a query or a fragment; {allowed}; a key goes into api_key")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the address is {address!r}: {error}; {allowed}") from error
    wire = cast(Literal["http", "grpc"], parts.scheme.removesuffix("s"))
    tls = parts.scheme.endswith("s")
    if wire == "http":
        return Address(address, wire, tls, f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}")
    if parts.path.strip("/"):
        raise ValueError(f"the address is {address!r}: gRPC has no paths; {allowed}")
    host = quote(f"[{parts.hostname}]") if ":" in parts.hostname else parts.hostname
    return Address(address, wire, tls, f"dns:///{host}:{DEFAULT_GRPC_PORT if port is None else port}")
