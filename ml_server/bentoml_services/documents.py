"""The routes of documents that are kept: ``POST /documents``, and ``/files/…`` where they are kept in a folder."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ml_server.bentoml_services import paths
from ml_server.bentoml_services.docs import errors_doc
from ml_server.bentoml_services.document_schemas import DocumentOptions, StoredDocumentBody
from ml_server.bentoml_services.forms import check_names, content, open_form, text_fields, uploads
from ml_server.bentoml_services.waiting import unless_gone
from ml_server.errors import EngineUnavailable, InvalidImage, RouteNotFound
from ml_server.ingest import names
from ml_server.ingest.addresses import page_url
from ml_server.ingest.documents import Documents
from ml_server.ingest.stores import FolderStore, open_store
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

_ABOUT = "Store a document's pages as PNG, once, under names made of its content"
_FILE = "PDF, multi-page TIFF, or one image: PNG, JPEG, WebP, BMP, GIF"
_FIELD = "document"
_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",  # another content has another name
    "X-Content-Type-Options": "nosniff",
}


def add_documents(app: FastAPI, pipeline: Pipeline, settings: Settings) -> None:
    """The routes; they say so where the settings name no place for documents."""
    place = _Place(pipeline, settings)

    async def add(request: Request) -> Response:
        began = time.perf_counter()
        documents = await place.documents()
        async with open_form(request, settings) as form:
            (upload,) = uploads(form, _FIELD, 1)
            check_names(request, form, (_FIELD, *DocumentOptions.model_fields))
            options = text_fields(form, DocumentOptions, _defaults(settings))
            data, name = await content(request, upload, settings), upload.filename or ""
        if not data:
            raise InvalidImage("the document is empty", field=_FIELD)
        stored = await unless_gone(request, documents.add(data, name, options.dpi, keep_raw=options.keep_raw))
        urls = [page_url(documents.store, page.name, settings.documents_url) for page in stored.pages]
        raw = documents.store.address(stored.raw) if stored.raw else None
        spent_ms = (time.perf_counter() - began) * 1000
        body = StoredDocumentBody.of(stored, urls, raw, spent_ms)
        return Response(body.model_dump_json(), media_type="application/json")

    async def file(request: Request) -> Response:
        name = str(request.path_params["name"])
        store = (await place.documents()).store
        path = store.root / names.page_path(name) if isinstance(store, FolderStore) else None
        if path is None or not names.is_page_name(name) or not await asyncio.to_thread(path.is_file):
            raise RouteNotFound(f"there is no page {name[:100]!r} here")
        return FileResponse(path, media_type="image/png", headers=_HEADERS)

    app.add_api_route(
        paths.DOCUMENTS, add, methods=["POST"], summary=_ABOUT, tags=["documents"], operation_id="documents",
        response_model=StoredDocumentBody, responses=errors_doc(400, 401, 413, 415, 429, 500, 501, 503, 504),
        openapi_extra=_form(settings),
    )  # fmt: skip
    one = f"{paths.FILES}/{{name}}"
    app.add_api_route(
        one, file, methods=["GET"], summary="A stored page, where pages are kept in a folder", tags=["documents"],
        operation_id="files", response_class=FileResponse,
        responses={200: {"content": {"image/png": {}}, "description": "the page"}, **errors_doc(401, 404, 501)},
        openapi_extra={"parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"},
             "description": "a page's `name` in the answer of `/documents`"},
        ]},
    )  # fmt: skip
    app.add_route(one, file, methods=["HEAD"], include_in_schema=False)


class _Place:
    """Where documents are kept, opened with the first one: S3's package is loaded for those who need it."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._target = settings.documents
        self._pipeline = pipeline
        self._documents: Documents | None = None
        self._opening = asyncio.Lock()

    async def documents(self) -> Documents:
        """The documents.

        Raises:
            EngineUnavailable: the settings name no place, or its package is not installed.
        """
        if not self._target:
            raise EngineUnavailable(
                "this server keeps no documents; set ML_SERVER_DOCUMENTS to a folder or to s3://bucket/folder"
            )
        async with self._opening:
            if self._documents is None:
                store = await asyncio.to_thread(open_store, names.root_of(self._target))
                await asyncio.to_thread(store.tidy)
                self._documents = Documents(store, self._pipeline.render_pages)
        return self._documents


def _defaults(settings: Settings) -> dict[str, Any]:
    return {"dpi": settings.documents_dpi or settings.pdf_dpi, "keep_raw": settings.documents_keep_raw}


def _form(settings: Settings) -> dict[str, Any]:
    fields: dict[str, Any] = DocumentOptions.model_json_schema()["properties"]
    for name, value in _defaults(settings).items():
        fields[name] |= {"default": value}
    file = {"type": "string", "format": "binary", "description": _FILE}
    schema = {
        "title": "DocumentsForm", "type": "object", "required": [_FIELD], "properties": {_FIELD: file, **fields},
        "additionalProperties": False,
    }  # fmt: skip
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
