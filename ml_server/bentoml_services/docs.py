"""Swagger UI, which works without the internet, and what OpenAPI says of our forms and errors."""

from __future__ import annotations

import importlib.resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from ml_server.api_keys import ApiKeys
from ml_server.bentoml_services import examples, failures, paths
from ml_server.bentoml_services.schemas import Options
from ml_server.bentoml_services.server_schemas import ErrorBody
from ml_server.errors import MLServerError, all_errors, unexpected
from ml_server.settings import Settings

_SWAGGER = ("_internal", "server", "static_content")
"""Where BentoML's package keeps Swagger UI's files; FastAPI would load them from a CDN."""

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""Either of them will do."""


def add_docs(app: FastAPI, settings: Settings) -> None:
    """Swagger UI at ``/`` and ``/docs``, its files, and the OpenAPI document.

    Raises:
        ValueError: the API keys in the settings cannot be read.
    """
    locked = ApiKeys(settings).required

    async def swagger(_: Request) -> Response:
        # Relative addresses, so that it works behind a prefix, too.
        assets = paths.ASSETS.lstrip("/")
        return get_swagger_ui_html(
            openapi_url=paths.OPENAPI[0].lstrip("/"),
            title=app.title,
            swagger_js_url=f"{assets}/swagger-ui-bundle.js",
            swagger_css_url=f"{assets}/swagger-ui.css",
            swagger_favicon_url=f"{assets}/favicon-light-32x32.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        )

    async def document(_: Request) -> Response:
        return JSONResponse(_completed(app.openapi(), locked=locked))

    for path in paths.SWAGGER:
        app.add_route(path, swagger, include_in_schema=False)
    for path in paths.OPENAPI:
        app.add_route(path, document, include_in_schema=False)
    folder = importlib.resources.files("bentoml").joinpath(*_SWAGGER)
    # Without its folder Swagger UI stays blank; that is no reason not to start.
    app.mount(paths.ASSETS, StaticFiles(directory=str(folder), check_dir=False))


def _completed(document: dict[str, Any], *, locked: bool) -> dict[str, Any]:
    """With what is the edge's business: the id of every answer, and the key that a server may ask for.

    Args:
        document: FastAPI's; completing it again changes nothing.
        locked: whether calls need a key.
    """
    document["servers"] = [{"url": "."}]  # beside the document, also behind a proxy's prefix
    about = {"description": "of this answer, for the server's log", "schema": {"type": "string"}}
    if locked:
        document["components"]["securitySchemes"] = _SCHEMES
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if locked and not paths.is_open(path):
                operation["security"] = [{name: []} for name in _SCHEMES]
            for answer in operation["responses"].values():
                answer.setdefault("headers", {})["X-Request-ID"] = about
    return document


def form_doc(
    title: str,
    field: str,
    description: str,
    settings: Settings,
    *,
    several: bool = False,
    versions: bool = False,
    others: bool = False,
) -> dict[str, Any]:
    """The ``requestBody`` of a form with one file field and the options.

    Args:
        title: what generated clients call the form; no shape may have the same name.
        field: name of the file field.
        description: of the file.
        settings: for the defaults of language and engine.
        several: whether the field may hold several files.
        versions: whether the route asks for a version of the key–value model.
        others: whether fields of other names may be sent; nobody looks at them.
    """
    options = Options.model_json_schema()["properties"]
    several_names = ["korean", "english", "korean+english"]
    if versions:
        options["model_version"]["format"] = "model-version"
    else:
        del options["model_version"]
    options["language"] |= {"default": settings.lang, "examples": several_names, "format": "language"}
    options["engine"] |= {"default": settings.engine, "format": "engine"}
    file: dict[str, Any] = {"type": "string", "format": "binary"}
    if several:
        file = {"type": "array", "items": file, "minItems": 1, "maxItems": settings.max_batch}
    schema = {
        "title": title,
        "type": "object",
        "required": [field],
        "properties": {field: {**file, "description": description}, **options},
        "additionalProperties": others,
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def errors_doc(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, from the error table: an example for each code."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        kinds = [kind for kind in all_errors() if kind.http_status == status]
        shown = {
            kind.code: {"summary": _told(kind), "value": failures.body(kind(_told(kind)), examples.REQUEST_ID)}
            for kind in kinds
        }
        found[status] = {
            "model": ErrorBody,
            "description": ", ".join(f"`{kind.code}`" for kind in kinds),
            "content": {"application/json": {"examples": shown}},
        }
        if "Retry-After" in failures.headers(kinds[0]("")):
            found[status]["headers"] = {
                "Retry-After": {"description": "seconds to wait before the next try", "schema": {"type": "integer"}}
            }
    return found


def _told(kind: type[MLServerError]) -> str:
    return unexpected().message if kind is MLServerError else (kind.__doc__ or "").strip().partition("\n")[0]
