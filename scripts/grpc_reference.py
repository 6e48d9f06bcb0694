"""The page of the gRPC API, from the protos and the comments in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parents[1] / "protos"
SOURCE = "ml_server/v1/ocr.proto"

_HEAD = """\
# gRPC reference

Written by `make docs` from [ocr.proto](../../protos/ml_server/v1/ocr.proto), package `ml_server.v1`. How to call it
from a shell, from Python and from generated code, its errors and retries: [gRPC](../grpc.md).
"""

# Numbers of fields in descriptor.proto, of which the paths to comments are made.
_MESSAGE, _SERVICE, _FIELD, _METHOD = 4, 6, 2, 2


def page() -> str:
    """The page in Markdown."""
    source = _source()
    comments = {tuple(each.path): each.leading_comments for each in source.source_code_info.location}

    def about(*path: int) -> str:
        return "\n".join(line.strip() for line in comments.get(path, "").strip().splitlines())

    lines = [_HEAD]
    for number, service in enumerate(source.service):
        lines += [f"## {service.name}", "", about(_SERVICE, number), ""]
        for place, method in enumerate(service.method):
            asked, answered = _message(method.input_type), _message(method.output_type)
            stream_in, stream_out = "stream of " * method.client_streaming, "stream of " * method.server_streaming
            lines += [f"### {method.name}", "", f"{stream_in}{asked} → {stream_out}{answered}", ""]
            lines += [about(_SERVICE, number, _METHOD, place), ""]
    lines += ["## Messages", ""]
    for number, message in enumerate(source.message_type):
        lines += [f"### {message.name}", "", about(_MESSAGE, number), ""]
        if message.field:
            rows = (about(_MESSAGE, number, _FIELD, place) for place in range(len(message.field)))
            lines += [*_fields(message, rows), ""]
    return "\n".join(lines)


def _source() -> FileDescriptorProto:
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "set")
        include = [f"-I{PROTOS}", f"-I{files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *include, "--include_source_info", f"--descriptor_set_out={written}", SOURCE]):
            raise SystemExit("protoc failed")
        (source,) = FileDescriptorSet.FromString(written.read_bytes()).file
    return source


def _message(name: str) -> str:
    """A link to one of our messages; others are named as they are."""
    package, _, short = name.lstrip(".").rpartition(".")
    return f"[{short}](#{short.lower()})" if package == "ml_server.v1" else f"`{package}.{short}`"


def _fields(message: DescriptorProto, about: Iterable[str]) -> list[str]:
    lines = ["| field | type | number | |", "|---|---|---|---|"]
    for field, text in zip(message.field, about, strict=True):
        cell = " ".join(text.split())
        lines.append(f"| `{field.name}` | {_type(message, field)} | {field.number} | {cell} |")
    return lines


def _type(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    """A field's type for people: ``repeated [Word](#word)``, ``optional string``."""
    name = _message(field.type_name) if field.type_name else FieldDescriptorProto.Type.Name(field.type)[5:].lower()
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    if field.proto3_optional:
        return f"optional {name}"
    if field.HasField("oneof_index"):
        return f"{name}, one of `{message.oneof_decl[field.oneof_index].name}`"
    return name
