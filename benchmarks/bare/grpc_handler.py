"""A bare ``grpc.aio`` handler: ``python -m benchmarks.bare.grpc_handler PORT``."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc
from grpc import aio

from benchmarks.bare.reading import read
from ml_server.grpc_services import convert
from ml_server.grpc_services.server import SERVICE
from ml_server.grpc_services.v1 import ocr_pb2

_LIMIT = 20 * 2**20


async def extract_text(request: ocr_pb2.ExtractTextRequest, context: Any) -> ocr_pb2.ExtractTextResponse:
    """Decode in an executor, answer with the message."""
    page = await asyncio.get_running_loop().run_in_executor(None, read, request.image)
    return convert.page_message(page)


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = aio.server(options=[("grpc.max_receive_message_length", _LIMIT)])
    method = grpc.unary_unary_rpc_method_handler(
        extract_text,
        request_deserializer=ocr_pb2.ExtractTextRequest.FromString,
        response_serializer=ocr_pb2.ExtractTextResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"ExtractText": method}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
