"""The gRPC server: one port with OCR, health and reflection, in the caller's event loop."""

from __future__ import annotations

import asyncio
import errno
import signal

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ml_server import metrics, tracing
from ml_server.api_keys import ApiKeys
from ml_server.body_budget import BODY_SLACK, BodyBudget, return_memory_of_bodies
from ml_server.errors import EngineFailed
from ml_server.grpc_services.calls import CallInterceptor
from ml_server.grpc_services.credentials import server_credentials
from ml_server.grpc_services.servicer import OcrServicer
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc
from ml_server.logs import get_logger
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings
from ml_server.tls import TLS

_log = get_logger(__name__)

SERVICE = ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].full_name

_AHEAD_BYTES = 256 * 2**10  # a chunk of our own client's
_POLL_S = 0.05
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class GrpcServer:
    """OcrService, ``grpc.health.v1`` and reflection over one pipeline, which the caller starts and closes.

    Health is NOT_SERVING, for the server and for the service, until the pipeline is ready, and again from the moment
    the server is told to stop.

    Args:
        pipeline: does the work.
        settings: of the server.
        bodies: what request bodies may have together with those of another wire; None where there is no other.
    """

    def __init__(self, pipeline: Pipeline, settings: Settings, bodies: BodyBudget | None = None) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._bodies = bodies or BodyBudget(settings)
        self._calls = CallInterceptor(ApiKeys(settings), settings, self._bodies)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
        self._server: aio.Server | None = None
        self._follower: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen and answer.

        Returns:
            The port, which is the one chosen where the settings say 0.

        Raises:
            OSError: the address cannot be bound, most often because another process has the port.
            ValueError: the certificate in the settings is not usable.
        """
        server = aio.server(interceptors=[self._calls], options=_options(self._settings))
        servicer = OcrServicer(self._pipeline, self._settings, self._bodies)
        ocr_pb2_grpc.add_OcrServiceServicer_to_server(servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        await self._announce(_NOT_SERVING)  # the servicer itself starts as SERVING
        tls = TLS.of(self._settings)
        credentials = server_credentials(tls) if tls is not None else None
        port = _bind(server, self._settings.grpc_host, self._settings.grpc_port, credentials)
        await server.start()
        self._server = server
        self._follower = asyncio.create_task(self._follow_pipeline())
        _log.info("grpc_listening", host=self._settings.grpc_host, port=port, tls=tls is not None)
        return port

    async def stop(self, grace_s: float) -> None:
        """Say NOT_SERVING, take no new calls, let running ones finish, then end.

        Args:
            grace_s: seconds running calls get; after that they are cancelled.
        """
        server, self._server = self._server, None
        if server is None:
            return
        if self._follower is not None:
            self._follower.cancel()
        await self._health.enter_graceful_shutdown()
        draining = asyncio.create_task(server.stop(grace_s))
        # grpc would wait the whole grace for health watchers, whose calls never end; so watch our own calls.
        while not draining.done():
            await asyncio.sleep(_POLL_S)
            if not self._calls.active:
                await server.stop(None)
        await draining
        _log.info("grpc_stopped")

    async def _follow_pipeline(self) -> None:
        announced = False
        while True:
            ready = self._pipeline.is_ready
            if ready != announced:
                await self._announce(_SERVING if ready else _NOT_SERVING)
                announced = ready
            await asyncio.sleep(_POLL_S)

    async def _announce(self, state: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in (health.OVERALL_HEALTH, SERVICE):
            await self._health.set(service, state)


async def serve_forever(settings: Settings) -> None:
    """Serve gRPC alone: start the pipeline and the server, and stop both gracefully on SIGTERM or SIGINT.

    Raises:
        OSError: the address of calls or of metrics cannot be bound.
        ValueError: the certificate in the settings is not usable.
        EngineFailed: the default engine could not be started for too long, so that the server has ended itself.
    """
    tracing.configure(settings.otel_endpoint)
    return_memory_of_bodies()
    pipeline = Pipeline(settings)
    server = GrpcServer(pipeline, settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    told, hopeless = asyncio.create_task(stopping.wait()), asyncio.create_task(pipeline.hopeless())
    try:
        await server.start()  # before the models: callers then get "not ready" instead of a refused connection
        await pipeline.start()
        with metrics.exposed(settings.grpc_host, settings.grpc_metrics_port):
            await asyncio.wait({told, hopeless}, return_when=asyncio.FIRST_COMPLETED)
            await server.stop(await pipeline.drain())
        if hopeless.done():
            raise EngineFailed(f"the default engine does not start: {hopeless.result()}")
    finally:
        for task in (told, hopeless):
            task.cancel()
        await pipeline.close()
        tracing.shut_down()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _bind(server: aio.Server, host: str, port: int, credentials: grpc.ServerCredentials | None) -> int:
    address = f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
    message = (
        f"cannot listen for gRPC on {address}: another process has the port, or the address is not this machine's; "
        "choose another with --grpc-port or ML_SERVER_GRPC_PORT (0 takes a free one)"
    )
    try:
        bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(errno.EADDRINUSE, message) from error
    if bound == 0:
        raise OSError(errno.EADDRINUSE, message)
    return bound


def _options(settings: Settings) -> list[tuple[str, int]]:
    """Channel arguments: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html."""
    return [
        ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server beside the first
        ("grpc.max_receive_message_length", settings.max_document_bytes + BODY_SLACK),
        ("grpc.max_send_message_length", -1),
        # No more than this of a message is taken from the network before we ask for it. grpc would let that grow to
        # megabytes for each call on a fast network, where nobody counts them.
        ("grpc.http2.lookahead_bytes", _AHEAD_BYTES),
        ("grpc.http2.bdp_probe", 0),
        # Of one connection; further ones wait on the caller's side. More than the queue holds, so that a full queue is
        # still heard of at once.
        ("grpc.max_concurrent_streams", max(256, 4 * settings.queue_size)),
        # A connection has this long for TLS and HTTP/2 to begin, and this long without calls; clients make a new one
        # by themselves.
        ("grpc.server_handshake_timeout_ms", 20_000),
        ("grpc.max_connection_idle_ms", 10 * 60_000),
        # Notice callers that are gone without a word, and allow callers' own pings behind idle NATs.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        # Ask callers to connect again now and then, so that new replicas of the server get their share. Running calls
        # finish on the old connection.
        ("grpc.max_connection_age_ms", 30 * 60_000),
    ]
