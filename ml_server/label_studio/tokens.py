"""What Label Studio is shown as proof, by the shape of what its user was given.

A *personal access token* is a JWT that is never sent as it is: it is exchanged for a bearer token that lives five
minutes. A *legacy token* is sent as ``Token``. Sending one as the other gets a 401 that does not say why.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias

from ml_server.errors import MLServerError, Unauthenticated

Kind: TypeAlias = Literal["personal", "bearer", "legacy"]
Exchange: TypeAlias = Callable[[str], Awaitable[str]]
"""Gives a bearer token for a personal access token, or raises an MLServerError."""

_EARLY_S = 30.0  # renewed so long before its end, so that no call starts with a token that dies on the way
_LIFE_S = 300.0  # of a bearer token that does not say how long it lives; Label Studio's live five minutes

_EXPLAINED = {
    "personal": "the personal access token was exchanged, and the bearer token is refused even when it is new: may "
    "its user use API tokens, and see this project?",
    "bearer": "the token is a bearer token, which lives minutes and cannot be renewed; give the personal access token "
    "(Account & Settings, Personal Access Token) instead",
    "legacy": "the token is not a JWT and was sent as a legacy token: it is wrong, or its organization has turned "
    "legacy tokens off (Organization, API Tokens Settings); a personal access token works in both cases",
}


def claims(token: str) -> dict[str, Any] | None:
    """What a JWT says of itself, unchecked; None where the token is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, body = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except ValueError:  # UnicodeDecodeError and binascii.Error are ValueErrors too
        return None
    return body if isinstance(header, dict) and "alg" in header and isinstance(body, dict) else None


def kind_of(token: str) -> Kind:
    """Which kind a token is: a JWT is personal, or already a bearer token if it says so; all else is legacy."""
    found = claims(token)
    if found is None:
        return "legacy"
    return "bearer" if found.get("token_type") == "access" else "personal"


class Credentials:
    """The ``Authorization`` of calls to one Label Studio. Calls at the same time share a bearer token and its renewal.

    Args:
        token: as the user was given it.
        exchange: called when a bearer token is needed; only with a personal access token.

    Attributes:
        kind: of the token.

    Raises:
        Unauthenticated: the token is empty, has characters a header cannot carry, or lacks its signature.
    """

    def __init__(self, token: str, exchange: Exchange) -> None:
        self._token = token.strip().removeprefix("Token ").removeprefix("Bearer ").strip()
        if not (self._token and self._token.isascii() and self._token.isprintable() and " " not in self._token):
            raise Unauthenticated("the Label Studio token is empty or has characters that no token has")
        if self._token.count(".") == 1 and claims(f"{self._token}.") is not None:
            raise Unauthenticated(
                "the Label Studio token lacks its last third, its signature: Label Studio shows that only once, when a "
                "token is made; revoke this one and make a new one (Account & Settings, Personal Access Token)"
            )
        self.kind = kind_of(self._token)
        self._exchange = exchange
        self._bearer = ""
        self._ends = 0.0  # time.monotonic(): the two machines' clocks need not agree
        self._renewing = asyncio.Lock()

    async def header(self) -> str:
        """The value of ``Authorization``.

        Raises:
            MLServerError: what the exchange of a personal access token raises.
        """
        if self.kind == "legacy":
            return f"Token {self._token}"
        if self.kind == "bearer":
            return f"Bearer {self._token}"
        if time.monotonic() >= self._ends:
            await self._renew(self._bearer)
        return f"Bearer {self._bearer}"

    async def renewed(self, refused: str) -> bool:
        """After a 401: whether another try with a new :meth:`header` makes sense.

        Args:
            refused: the header that got the 401.

        Raises:
            MLServerError: what the exchange raises.
        """
        if self.kind != "personal":
            return False
        await self._renew(refused.removeprefix("Bearer "))
        return True

    def refusal(self, where: str, said: str) -> MLServerError:
        """The error for a 401 that stays.

        Args:
            where: the address of the Label Studio.
            said: what it answered.
        """
        return Unauthenticated(f"{where} refuses the token ({said}): {_EXPLAINED[self.kind]}")

    async def _renew(self, old: str) -> None:
        async with self._renewing:
            if self._bearer != old:
                return  # another call has renewed it meanwhile
            self._bearer = await self._exchange(self._token)
            self._ends = time.monotonic() + _life_s(self._bearer) - _EARLY_S


def _life_s(bearer: str) -> float:
    found = claims(bearer) or {}
    try:
        return float(found["exp"]) - float(found["iat"])
    except (KeyError, TypeError, ValueError):
        return _LIFE_S
