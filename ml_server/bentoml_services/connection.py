"""One HTTP connection: uvicorn's, with the time limits it lacks and the certificate as it is on disk now.

uvicorn waits for ever for the first byte of a request, for the rest of its headers, and for a client to take its
answer. What a body may take is the exchange's business.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from uvicorn import config as uvicorn_config
from uvicorn.protocols.http import auto

from ml_server import logs
from ml_server.settings import Settings
from ml_server.tls import TLS, Renewal

_Base: Any = auto.AutoHTTPProtocol  # h11 or, where it is installed, httptools; both have what is used here

_log = logs.get_logger("ml_server.http")


def install(settings: Settings) -> None:
    """Make the uvicorn of this process use :class:`Connection`; before it is configured.

    BentoML makes uvicorn's configuration itself, with the protocol "auto"; this is where that name is looked up.

    Raises:
        ValueError: the settings' certificate is not usable.
    """
    tls = TLS.of(settings)
    names: dict[str, Any] = uvicorn_config.HTTP_PROTOCOLS
    names["auto"] = partial(Connection, settings, tls, Renewal(tls) if tls else None)


class Connection(_Base):  # type: ignore[misc]  # which of the two it is depends on what is installed
    """Ends what is too slow.

    Args:
        settings: ``header_timeout_s``, for a request's line and headers, and for a client to take any part of an
            answer; ``http_connections``.
        tls: None for plain text.
        renewal: of its files.
        uvicorn: what uvicorn hands its protocols.
    """

    def __init__(self, settings: Settings, tls: TLS | None, renewal: Renewal | None, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._patience_s = settings.header_timeout_s
        self._most = settings.http_connections
        self._asking: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        if tls is not None and renewal is not None and renewal.due():
            # Before the handshake of this very connection. The client authorities stay those of the start.
            self.config.ssl.load_cert_chain(tls.cert, tls.key)

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            _log.warning("too_many_connections", allowed=self._most)
            transport.abort()
            return
        self._asking = self.loop.call_later(self._patience_s, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop_asking()
        self._stop_taking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop waiting when the headers are there; begin again with the first byte of the next request."""
        super().data_received(data)
        if self._is_answering():
            self._stop_asking()
        elif self._asking is None:
            self._asking = self.loop.call_later(self._patience_s, self._give_up)

    def pause_writing(self) -> None:
        """Begin to watch whether the client takes its answer."""
        super().pause_writing()
        self._stop_taking()
        self._watch_taking()

    def resume_writing(self) -> None:
        """It does."""
        self._stop_taking()
        super().resume_writing()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _give_up(self) -> None:
        self._asking = None
        if not self._is_answering() and not self.transport.is_closing():
            _log.debug("slow_headers", seconds=self._patience_s)
            self.transport.close()

    def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _watch_taking(self) -> None:
        size = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self._patience_s, self._check_taking, size)

    def _check_taking(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._watch_taking()
            return
        self._taking = None
        _log.debug("answer_not_taken", seconds=self._patience_s)
        self.transport.abort()
