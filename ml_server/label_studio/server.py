"""The ML backend alone, on a port of its own: the same routes without the prefix, and the probes."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import ssl

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ml_server import logs, tracing
from ml_server.bentoml_services import connection, foreign_logs, paths
from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_bare_app
from ml_server.errors import EngineFailed
from ml_server.label_studio.backend import Backend
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.models.jobs import ProcessJobs
from ml_server.models.serving import state_folder
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server.tls import TLS

_OWN = frozenset({*paths.LIVEZ, paths.READYZ, paths.METRICS, paths.ENGINES})
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logs.get_logger(__name__)


class Unprefixed:
    """ASGI middleware: Label Studio's routes are at the root, and where they are in the big server too.

    Args:
        app: what answers under the prefix.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path not in _OWN and not path.startswith(paths.LABEL_STUDIO + "/"):
            path = paths.LABEL_STUDIO + path
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


async def serve_forever(settings: Settings, label_studio: LabelStudioSettings) -> None:
    """Serve the ML backend until SIGTERM or SIGINT, and stop gracefully.

    Raises:
        OSError: the port is taken, or the host is not this machine's.
        ValueError: keys, password or certificate are not usable.
        EngineFailed: the default engine could not be started for too long, so that the server has ended itself.
    """
    foreign_logs.configure(settings)
    tracing.configure(settings.otel_endpoint)
    connection.install(settings)
    pipeline = Pipeline(settings)
    jobs = ProcessJobs(settings, label_studio.url)
    backend = Backend(pipeline, settings, label_studio, jobs, state_folder(settings))
    app = create_bare_app(pipeline, settings)
    backend.add_to(app)
    with _bind(settings.http_host, label_studio.port) as listening:
        server = uvicorn.Server(_config(Unprefixed(Edge(app, settings)), settings))
        await _until_stopped(server, listening, pipeline, backend)


async def _until_stopped(
    server: uvicorn.Server, listening: socket.socket, pipeline: Pipeline, backend: Backend
) -> None:
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        # uvicorn raises the signal again when it has shut down; the default would end the process before its engines.
        loop.add_signal_handler(number, lambda: None)
    hopeless = asyncio.create_task(pipeline.hopeless())
    hopeless.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await pipeline.start()
        _log.info("label_studio_backend", address="{}:{}".format(*listening.getsockname()[:2]))
        await server.serve(sockets=[listening])
        if hopeless.done():
            raise EngineFailed(f"the default engine does not start: {hopeless.result()}")
    finally:
        hopeless.cancel()
        await backend.close()
        await pipeline.close()
        tracing.shut_down()
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    tls = TLS.of(settings)
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=str(tls.cert) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
        ssl_ca_certs=str(tls.client_ca) if tls and tls.client_ca else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls and tls.client_ca else ssl.CERT_NONE,
        timeout_graceful_shutdown=max(1, math.ceil(settings.shutdown_grace_s)),
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
    except OSError as error:
        listening.close()
        raise OSError(
            error.errno, f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
        ) from error
    return listening
