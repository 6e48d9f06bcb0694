"""The BentoML service: one pipeline, HTTP through a FastAPI app at ``/``, gRPC from the start-up hook.

``@bentoml.api`` is not used: it parses bodies itself, fetches addresses found in file fields, knows no size limit, and
its errors have another shape. What BentoML gives is the process: supervision, signals, hooks, images and deployment.

Started by ``ml-server serve`` or ``bentoml serve ml_server.bentoml_services.service:MLServer``.
"""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from types import FrameType
from typing import Any, NoReturn, TypeVar

import bentoml
from _bentoml_sdk import Service  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ml_server.bentoml_services import foreign_logs
from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.grpc_services.server import GrpcServer
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

T = TypeVar("T")

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


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
        settings = Settings()
        foreign_logs.configure(settings)
        # uvicorn raises the signal again when it has shut down; the default would end the process without its
        # exit handlers, and leave semaphores of the engines' queues behind.
        for number in _STOP_SIGNALS:
            signal.signal(number, _leave)
        app: Any = super().to_asgi(is_main)
        assert isinstance(app, Starlette)
        # BentoML's timeout answers in its own shape, and keeps a timer for each request until it would have fired.
        # The limit for a request is the pipeline's.
        app.user_middleware = [each for each in app.user_middleware if each.cls.__name__ != "TimeoutMiddleware"]  # type: ignore[attr-defined]
        return Edge(app, settings)


_ROUTES = Routes()


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
        self.grpc = GrpcServer(self.pipeline, self.settings)
        self._stopping: asyncio.Task[None] | None = None

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def supervise() -> None:
        """Set up logging of the process that watches over the workers."""
        foreign_logs.configure(Settings())

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Listen for gRPC and begin to load the engines; both wires say "not ready" until that is done."""
        _ROUTES.app = create_app(self.pipeline, self.settings)
        await self.grpc.start()
        await self.pipeline.start()
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            _also_on(number, partial(loop.call_soon_threadsafe, self._begin_to_stop))

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def stop(self) -> None:
        """End gRPC, then the engines; HTTP requests have ended before BentoML calls this."""
        self._begin_to_stop()
        assert self._stopping is not None
        await self._stopping
        await self.pipeline.close()

    async def __is_ready__(self) -> bool:
        """For BentoML's ``/readyz``.

        Raises:
            NotReady: with the reason; the edge makes the answer of it.
        """
        self.pipeline.check_ready()
        return True

    def _begin_to_stop(self) -> None:
        """Tell gRPC at once: its health turns and it drains while HTTP does, which BentoML waits for first."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self.grpc.stop(self.settings.shutdown_grace_s))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _also_on(number: int, act: Any) -> None:
    """Call ``act`` when the signal comes, before the handler that is there now."""
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        act()
        if callable(before):
            before(received, frame)

    signal.signal(number, handle)
