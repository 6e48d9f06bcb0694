"""The page of the HTTP API, from the OpenAPI document that the server serves and the table of errors."""

from __future__ import annotations

import json
import re
from typing import Any

from ml_server.bentoml_services.routes import create_app
from ml_server.errors import MLServerError, all_errors
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

_HEAD = """\
# HTTP reference

Written by `make docs` from the server's OpenAPI document, which a server has at `/openapi.json`, and Swagger UI with it
at `/docs`. Every answer carries `X-Request-ID`: the caller's, or one of the server's own, which is in every log line.
"""

_ERRORS = """\
## Errors

Every error is `{"error": {"code", "message", "request_id"}}`. `code` is for programs and stays as it is. Over gRPC the
same error has the code in the third column, and `code` is the `reason` of its `ErrorInfo`.

| status | `code` | gRPC | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page in Markdown."""
    settings = Settings.model_construct()  # the defaults, whatever this machine's environment says
    document = create_app(Pipeline(settings), settings).openapi()
    schemas = document["components"]["schemas"]
    routes = [
        _route(method, path, operation, schemas)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return "\n".join([_HEAD, *routes, _shapes(schemas), _ERRORS + _errors()])


def _route(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} {path}", "", f"{operation['summary']}.".replace("?.", "?"), ""]
    form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema")
    if form:
        lines += ["| form field | default | |", "|---|---|---|"]
        for name, field in form["properties"].items():
            default = "required" if name in form["required"] else f"`{json.dumps(field['default']).strip(chr(34))}`"
            lines.append(f"| `{name}` | {default} | {field['description']} |")
        lines.append("")
    answers = operation["responses"]
    reference = answers["200"].get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    shape = reference.rpartition("/")[2]
    if shape:
        lines += [f"Answers with [{shape}](#{shape.lower()}), for example", "", "```json"]
        lines += [_example(schemas[shape]), "```", ""]
    codes = {status: list(_json(answer).get("examples", ())) for status, answer in answers.items() if status != "200"}
    failures = [f"{status} ({', '.join(f'`{code}`' for code in named)})" for status, named in codes.items() if named]
    if failures:
        lines += [f"Errors: {', '.join(failures)}.", ""]
    return "\n".join(lines)


def _example(schema: dict[str, Any]) -> str:
    """A shape's example in the order of its fields, with a point, and a box, on one line."""
    example = schema["examples"][0]
    ordered = {name: example[name] for name in schema["properties"] if name in example}
    text = json.dumps(ordered, ensure_ascii=False, indent=2)
    for _ in ("points", "boxes"):
        text = re.sub(r"\[\s+([\d.,\s\[\]]+?)\s+\](?=,?\n)", lambda numbers: f"[{' '.join(numbers[1].split())}]", text)
    return text


def _json(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer.get("content", {}).get("application/json", {})
    return found


def _shapes(schemas: dict[str, Any]) -> str:
    lines = ["## Shapes", ""]
    for name, schema in schemas.items():
        if "properties" not in schema:
            continue
        lines += [f"### {name}", "", schema.get("description", "").replace("\n", " "), ""]
        lines += ["| field | type | |", "|---|---|---|"]
        lines += [
            f"| `{field}` | {_type(about)} | {about.get('description', '')} |"
            for field, about in schema["properties"].items()
        ]
        lines.append("")
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    """A field's type for people: ``list of [TextBox](#textbox)``, ``number 0 to 1``."""
    if reference := field.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(map(_type, choices))
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if choices := field.get("enum"):
        return ", ".join(f"`{json.dumps(choice)}`" for choice in choices)
    if field.get("type") == "array" and "items" in field:
        return f"list of {_type(field['items'])}"
    if "minimum" in field and "maximum" in field:
        return f"{field['type']} {field['minimum']:g} to {field['maximum']:g}"
    return str(field.get("type", "anything"))


def _errors() -> str:
    rows = []
    for kind in sorted(all_errors(), key=lambda kind: (kind.http_status, kind.code)):
        about = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        if kind is MLServerError:
            about = "Something that nobody foresaw; the log has the rest under the request's id."
        rows.append(f"| {kind.http_status} | `{kind.code}` | `{kind.grpc_code}` | {about} |\n")
    return "".join(rows)
