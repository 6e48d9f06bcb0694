"""The server's certificate, for both wires: found wrong at the start and not at the first call, renewed without one."""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ml_server.logs import get_logger
from ml_server.settings import Settings

_RECHECK_S = 1.0

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TLS:
    """Files in PEM.

    Attributes:
        cert: the certificate, then those between it and its authority.
        key: its private key, not encrypted.
        client_ca: authorities that sign callers' certificates, which callers then must have; None to ask for none.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> TLS | None:
        """What the settings ask for, checked; None for plain text.

        Raises:
            ValueError: a setting without its other half, a file that cannot be read, or a key of another certificate.
        """
        cert, key, client_ca = settings.tls_cert, settings.tls_key, settings.tls_client_ca
        if cert is None and key is None and client_ca is None:
            return None
        if cert is None or key is None:
            raise ValueError("TLS needs both, ML_SERVER_TLS_CERT (--tls-cert) and ML_SERVER_TLS_KEY (--tls-key)")
        tls = cls(cert, key, client_ca)
        tls.check()
        return tls

    def check(self) -> None:
        """See whether a server can be started with these files.

        Raises:
            ValueError: one of them cannot be read, or the key is another certificate's.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for file in self._files():
            try:
                file.read_bytes()
            except OSError as error:
                raise ValueError(f"cannot read {file} for TLS: {error.strerror}") from error
        try:
            context.load_cert_chain(self.cert, self.key, password=_refuse_password)
        except ssl.SSLError as error:
            mismatch = error.reason == "KEY_VALUES_MISMATCH"
            why = "the key is another certificate's" if mismatch else "they must be PEM, the key not encrypted"
            raise ValueError(f"{self.cert} and {self.key} are no certificate and key: {why}") from error
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except ssl.SSLError as error:
                raise ValueError(f"{self.client_ca} holds no certificates in PEM") from error

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Differs when a file was changed or replaced.

        Raises:
            OSError: one is not there.
        """
        found = (file.stat() for file in self._files())
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)

    def _files(self) -> tuple[Path, ...]:
        return (self.cert, self.key) if self.client_ca is None else (self.cert, self.key, self.client_ca)


class Renewal:
    """Notices that the files have new content, which is taken only if it fits together. Any thread may ask.

    Args:
        tls: as the server was started with.
    """

    def __init__(self, tls: TLS) -> None:
        self._tls = tls
        self._stamp = tls.stamp()
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()

    def due(self) -> bool:
        """Whether to load the files again, looking at them at most once a second."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked_at < _RECHECK_S:
                return False
            self._looked_at = now
            try:
                stamp = self._tls.stamp()
                if stamp == self._stamp:
                    return False
                self._stamp = stamp
                self._tls.check()
            except (OSError, ValueError) as error:  # half of a pair, most often; the other half changes the stamp again
                _log.error("certificate_not_renewed", reason=str(error))
                return False
            _log.info("certificate_renewed", file=str(self._tls.cert))
            return True


def _refuse_password() -> str:
    return ""  # OpenSSL would ask for it on the terminal
