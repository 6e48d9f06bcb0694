"""The BentoML service: one pipeline, HTTP through a FastAPI app at ``/``, gRPC from the start-up hook.

``@bentoml.api`` is not used: it parses bodies itself, fetches addresses found in file fields, knows no size limit, and
its errors have another shape. What BentoML gives is the process: supervision, signals, hooks, images and deployment.

Started by ``ml-server serve`` or ``bentoml serve ml_server.bentoml_services.service:MLServer``.
"""

from __future__ import annotations

import asyncio
import functools
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, TypeVar

import bentoml
from _bentoml_sdk import Service  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ml_server import tracing
from ml_server.bentoml_services import connection, foreign_logs, import_path, supervision
from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.body_budget import BodyBudget, return_memory_of_bodies
from ml_server.grpc_services.server import GrpcServer
from ml_server.label_studio.backend import Backend
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.models.jobs import ProcessJobs
from ml_server.models.serving import state_folder
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

T = TypeVar("T")

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_UNUSED = frozenset({"TimeoutMiddleware", "OpenTelemetryMiddleware"})
"""Of BentoML's middleware. Its timeout answers in its own shape, and keeps a timer for each request until it would have
fired; the limit for a request is the pipeline's. Its spans know one wire, and ours are there for both."""


class Routes:
    """An ASGI app whose routes come at start-up, when there is a pipeline.

    A plain callable and not a FastAPI object: BentoML asks it about every path then, known or not.
    """

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; nothing arrives before start-up has ended."""
        assert self.app is not None
        await self.app(scope, receive, send)


class EdgedService(Service[T]):  # type: ignore[misc]  # BentoML's package carries no types
    """A service with the edge around all of BentoML's own routes and middleware."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """The app of a worker process: its entry point, so settings are read and logging is set up here."""
        import_path.leave_out_here()
        settings = Settings()
        foreign_logs.configure(settings)
        tracing.configure(settings.otel_endpoint)
        connection.install(settings)
        return_memory_of_bodies()
        # uvicorn raises the signal again when it has shut down; the default would end the process without its
        # exit handlers, and leave semaphores of the engines' queues behind.
        for number in _STOP_SIGNALS:
            signal.signal(number, _leave)
        app: Any = super().to_asgi(is_main)
        assert isinstance(app, Starlette)
        app.user_middleware = [each for each in app.user_middleware if each.cls.__name__ not in _UNUSED]  # type: ignore[attr-defined]
        return Edge(app, settings, _bodies())


_ROUTES = Routes()


@functools.cache
def _bodies() -> BodyBudget:
    """Of this process: bodies over one wire leave less room for those over the other."""
    return BodyBudget(Settings())


@bentoml.service(
    name="ml_server",
    service_class=EdgedService,
    workers=1,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(_ROUTES, path="/")
class MLServer:
    """Text of page images and documents, over HTTP and gRPC."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.pipeline = Pipeline(self.settings)
        self.grpc = GrpcServer(self.pipeline, self.settings, _bodies())
        label_studio = LabelStudioSettings()
        self.label_studio = Backend(
            self.pipeline,
            self.settings,
            label_studio,
            ProcessJobs(self.settings, label_studio.url),
            state_folder(self.settings),
        )
        self._stopping: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def supervise() -> None:
        """Set up the process that watches over the server's: its logging, and how it ends.

        Raises:
            RuntimeError: HTTP would be plain text where the settings want TLS.
        """
        import_path.leave_out_here()
        settings = Settings()
        foreign_logs.configure(settings)
        supervision.watch_over()
        if settings.tls_cert is not None and "--ssl-certfile" not in sys.argv:
            raise RuntimeError("ML_SERVER_TLS_CERT is for ml-server serve; bentoml serve needs --ssl-certfile as well")

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Listen for gRPC and begin to load the engines; both wires say "not ready" until that is done.

        Raises:
            OSError: the gRPC port is taken. Then all ends: half a server is none.
        """
        app = create_app(self.pipeline, self.settings)
        self.label_studio.add_to(app)
        _ROUTES.app = app
        try:
            await self.grpc.start()
        except OSError:
            supervision.give_up()
            raise
        await self.pipeline.start()
        self._watching = asyncio.create_task(self._end_when_hopeless())
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            _before_leaving(number, lambda leave: loop.call_soon_threadsafe(self._begin_to_stop, leave))

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def stop(self) -> None:
        """End gRPC, then the engines; HTTP requests have ended before BentoML calls this."""
        self._begin_to_stop(lambda: None)
        assert self._stopping is not None
        await self._stopping
        if self._watching is not None:
            self._watching.cancel()
        await self.label_studio.close()
        await self.pipeline.close()
        tracing.shut_down()

    async def __is_ready__(self) -> bool:
        """For BentoML's ``/readyz``.

        Raises:
            NotReady: with the reason; the edge makes the answer of it.
        """
        self.pipeline.check_ready()
        return True

    def _begin_to_stop(self, leave: Callable[[], None]) -> None:
        """Once, however many signals come: a terminal and the supervisor may both send one."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._drain(leave))

    async def _drain(self, leave: Callable[[], None]) -> None:
        """Refuse new work on both wires, which still answer, until what was let in is done; then close them."""
        left_s = await self.pipeline.drain()
        leave()
        await self.grpc.stop(left_s)

    async def _end_when_hopeless(self) -> None:
        await self.pipeline.hopeless()
        supervision.give_up()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(supervision.exit_code())


def _before_leaving(number: int, act: Callable[[Callable[[], None]], object]) -> None:
    """Call ``act`` when the signal comes, instead of the handler that is there now, and give it that one to call."""
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        act(lambda: before(received, None) if callable(before) else None)

    signal.signal(number, handle)
