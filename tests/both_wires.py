"""Both wires over one real pipeline on the mock engine, in this process and without sockets where that is possible."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from grpc import aio

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_app
from ml_server.grpc_services.server import GrpcServer
from ml_server.grpc_services.v1 import ocr_pb2_grpc
from ml_server.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Wires:
    """An HTTP client, a gRPC channel and its stub, and where gRPC listens."""

    http: httpx.AsyncClient
    channel: aio.Channel
    stub: Any
    grpc_address: str


@asynccontextmanager
async def both_wires(pipeline: Pipeline) -> AsyncIterator[Wires]:
    """Serve a pipeline whose settings have ``grpc_host`` 127.0.0.1 and ``grpc_port`` 0."""
    app = Edge(create_app(pipeline, pipeline.settings), pipeline.settings)
    server = GrpcServer(pipeline, pipeline.settings)
    address = f"127.0.0.1:{await server.start()}"
    try:
        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http,
            aio.insecure_channel(address) as channel,
        ):
            yield Wires(http, channel, ocr_pb2_grpc.OcrServiceStub(channel), address)
    finally:
        await server.stop(0)
