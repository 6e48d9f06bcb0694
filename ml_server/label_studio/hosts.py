"""Whom this server may be sent to for an image. A task's data is written by others: it must not reach inside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ml_server.errors import InvalidRequest, NotReady

_PORTS = {"http": 80, "https": 443}
_ALLOW = "allow it with ML_SERVER_LABEL_STUDIO_HOSTS"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Hosts that images may come from, besides Label Studio.

    An entry is ``host`` or ``host:port``, which may have a private address, as the operator names it; ``*.example.com``
    or ``*``, which may not; or ``s3://bucket``, ``gs://bucket`` for buckets that are read with this server's own keys.

    Attributes:
        names: entries, lower-case.
    """

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: str) -> Hosts:
        """From a setting, with commas between the entries."""
        return cls(tuple(part.strip().lower().rstrip("/") for part in given.split(",") if part.strip()))

    def has_bucket(self, scheme: str, bucket: str) -> bool:
        """Whether a bucket may be read with this server's own keys."""
        return f"{scheme}://{bucket}".lower() in self.names

    async def pinned(self, url: httpx.URL) -> str:
        """The IP address to connect to for a URL that may be fetched: the one that was checked.

        A name is resolved once, here; a second look-up could give another answer.

        Raises:
            InvalidRequest: the host is not allowed, or has a private address that the operator has not named.
            NotReady: the name cannot be resolved.
        """
        host, port = url.host.lower(), url.port or _PORTS.get(url.scheme, 0)
        if url.scheme not in _PORTS or not host:
            raise InvalidRequest(f"{shown(url)} is no address of an image: http and https are", field="data")
        place = f"{host}:{port}" if url.port else host
        named = host in self.names or f"{host}:{port}" in self.names
        if not named and not self._matches(host):
            raise InvalidRequest(
                f"{shown(url)}: {place} is neither Label Studio's address nor one to fetch from; {_ALLOW}={place}",
                field="data",
            )
        for address in await _resolve(host, port):
            if named or _is_public(address):
                return address
        raise InvalidRequest(
            f"{shown(url)}: {host} has a private address; if it is meant to be read, {_ALLOW}={host}:{port}",
            field="data",
        )

    def _matches(self, host: str) -> bool:
        return any(name == "*" or (name.startswith("*.") and host.endswith(name[1:])) for name in self.names)


def shown(url: httpx.URL) -> str:
    """A URL for messages: without user, password and query, which may be a signature."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))[:300]


async def _resolve(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReady(f"the name {host} cannot be resolved: {error}", retry_after_s=5.0) from error
    return sorted({str(entry[4][0]) for entry in found}, key=lambda address: ":" in address)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    found = inner or found
    return found.is_global and not found.is_multicast
