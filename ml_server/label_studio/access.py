"""Who may call the ML backend. Label Studio can show a name and a password only (Basic Auth)."""

from __future__ import annotations

import base64
import binascii
import secrets

from starlette.datastructures import Headers

from ml_server.api_keys import ApiKeys
from ml_server.errors import Unauthenticated
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.settings import Settings

_ADVICE = (
    "give the ML backend in Label Studio (Settings, Model) Basic Auth with this server's name and password, or with "
    "one of its API keys as the password; give a webhook the header Authorization"
)


class Access:
    """Checks calls: the configured name and password, or an API key of the server as a password or as everywhere else.

    Args:
        server: ``api_key`` and its siblings.
        settings: ``basic_user``, ``basic_password``.

    Raises:
        ValueError: the API keys cannot be read, or there is a name without a password, or the reverse.
    """

    def __init__(self, server: Settings, settings: LabelStudioSettings) -> None:
        password = settings.basic_password.get_secret_value() if settings.basic_password else ""
        if bool(settings.basic_user) != bool(password):
            raise ValueError("ML_SERVER_LABEL_STUDIO_BASIC_USER and …_BASIC_PASSWORD go together, one is missing")
        self._basic = f"{settings.basic_user}:{password}".encode() if password else b""
        self._keys = ApiKeys(server)

    def check(self, headers: Headers) -> None:
        """Let a call pass.

        Raises:
            Unauthenticated: it shows nothing that opens; never on a server without keys and password.
        """
        if not (self._basic or self._keys.required):
            return
        given = _basic(headers.get("authorization", ""))
        if self._basic and secrets.compare_digest(given, self._basic):
            return
        if not self._keys.required:
            raise Unauthenticated(f"found {'a wrong name or password' if given else 'no password'}; {_ADVICE}")
        shown = [(name.lower(), value.encode("latin-1")) for name, value in headers.items()]
        key = given.partition(b":")[2]
        self._keys.holder([*shown, ("x-api-key", key)] if key else shown, _ADVICE)


def _basic(header: str) -> bytes:
    """``name:password``; empty where the header has another scheme."""
    scheme, _, encoded = header.strip().partition(" ")
    try:
        return base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return b""
