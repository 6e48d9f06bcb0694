"""Read a page over gRPC without any generated code: the server's reflection says what the messages are.

::

    pip install grpcio grpcio-reflection
    python reflection_client.py page.png localhost:50051 korean+english
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def extract_text(channel: grpc.Channel, image: bytes, language: str) -> dict[str, Any]:
    """What the server read, as a dictionary with the names of the HTTP API's JSON."""
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    method = pool.FindServiceByName("ml_server.v1.OcrService").FindMethodByName("ExtractText")
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    call: Any = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    answer = call(request(image=image, language=language), timeout=60)
    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="read a page over gRPC without generated code")
    parser.add_argument("path", type=Path)
    parser.add_argument("address", nargs="?", default="localhost:50051")
    parser.add_argument("language", nargs="?", default="korean+english")
    given = parser.parse_args()
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(given.address, options) as connection:
        page = extract_text(connection, given.path.read_bytes(), given.language)
    print(page.get("text", ""))
    print(f"{page['engine']}, {page.get('overall_confidence', 0):.2f}, {page['processing_time_ms']:.0f} ms")
