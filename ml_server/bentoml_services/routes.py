"""The routes that read. A handler reads the form, calls the pipeline and converts; it decodes nothing itself."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from ml_server import __version__
from ml_server.bentoml_services import paths
from ml_server.bentoml_services.docs import add_docs, errors_doc, form_doc
from ml_server.bentoml_services.documents import add_documents
from ml_server.bentoml_services.exchange import Exchange
from ml_server.bentoml_services.forms import read_form
from ml_server.bentoml_services.key_value_schemas import KeyValuesBody
from ml_server.bentoml_services.probes import add_probes
from ml_server.bentoml_services.schemas import BatchBody, DocumentBody, Options, PageResult, PredictBody
from ml_server.bentoml_services.waiting import unless_gone
from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import MLServerError
from ml_server.key_value import KeyValuePage
from ml_server.observation import stage
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

Endpoint = Callable[[Request], Awaitable[Response]]

_ERRORS = (400, 401, 413, 415, 429, 500, 501, 503, 504)
_ABOUT = "Text, keys and values of page images and documents. The same over gRPC: `ml_server.v1.OcrService`."
_FORMATS = "PNG, JPEG, WebP, BMP, GIF (of animations the first frame)"


def create_app(pipeline: Pipeline, settings: Settings) -> FastAPI:
    """The routes of the contract, to be wrapped in :class:`~ml_server.bentoml_services.edge.Edge`.

    Args:
        pipeline: started and closed by the caller.
        settings: for defaults and limits.

    Raises:
        ValueError: the API keys in the settings cannot be read.
    """
    app = _empty_app()

    async def page_of(request: Request, *, others: bool = False) -> OCRPage:
        form = await read_form(request, "image", settings, others=others)
        return await unless_gone(request, pipeline.extract_page(_asked(request, form.files[0], form.options)))

    async def extract_text(request: Request) -> Response:
        page = await page_of(request)
        return _json(lambda: PageResult.of(page))

    async def predict(request: Request) -> Response:
        page = await page_of(request, others=True)  # its callers are older than these fields
        return _json(lambda: PredictBody.of(page))

    async def extract_text_batch(request: Request) -> Response:
        began = time.perf_counter()
        form = await read_form(request, "images", settings, most=settings.max_batch)
        asked = [_asked(request, data, form.options) for data in form.files]
        outcomes = await unless_gone(request, pipeline.extract_batch(asked))
        spent_ms = (time.perf_counter() - began) * 1000
        return _json(lambda: BatchBody.of(outcomes, Exchange.of(request.scope).request_id, spent_ms))

    async def extract_document(request: Request) -> Response:
        form = await read_form(request, "document", settings)
        asked = _asked(request, form.files[0], form.options)
        result = await unless_gone(request, pipeline.extract_document(asked))
        return _json(lambda: DocumentBody.of(result))

    async def extract_key_values(request: Request) -> Response:
        began = time.perf_counter()
        form = await read_form(request, "document", settings)
        asked = _asked(request, form.files[0], form.options)

        async def every_page() -> list[KeyValuePage]:
            return [page async for page in pipeline.extract_key_values(asked)]

        pages = await unless_gone(request, every_page())
        spent_ms = (time.perf_counter() - began) * 1000
        return _json(lambda: KeyValuesBody.of(pages, spent_ms))

    def post(path: str, endpoint: Endpoint, model: type[BaseModel], field: str, about: str, file: str) -> None:
        app.add_api_route(
            path, endpoint, methods=["POST"], summary=about, tags=["OCR"], operation_id=path.strip("/"),
            response_model=model, responses=errors_doc(*_ERRORS),
            openapi_extra=form_doc(
                f"{path.strip('/').title().replace('_', '')}Form", field, file, settings,
                several=field == "images", versions=path == paths.EXTRACT_KEY_VALUES, others=path == paths.PREDICT,
            ),
        )  # fmt: skip

    small, large = _size(settings.max_image_bytes), _size(settings.max_document_bytes)
    page = f"{_FORMATS}, or a PDF or TIFF of one page"
    one = f"one page: {page}; at most {small}"
    some = f"one page each: {page}; images of at most {small}, {large} together"
    post(paths.EXTRACT_TEXT, extract_text, PageResult, "image", "Text of one page image", one)
    post(paths.EXTRACT_TEXT_BATCH, extract_text_batch, BatchBody, "images", "Text of several page images", some)
    every = f"PDF or multi-page TIFF of at most {large}, or one image of at most {small}: {_FORMATS}"
    post(paths.EXTRACT_DOCUMENT, extract_document, DocumentBody, "document", "Text of all pages of a document", every)
    post(
        paths.EXTRACT_KEY_VALUES, extract_key_values, KeyValuesBody, "document",
        "Keys and values on all pages of a document: entities, their relations, and question–answer pairs", every,
    )  # fmt: skip
    post(paths.PREDICT, predict, PredictBody, "image", "Text of one page image, in the older shape", one)
    add_documents(app, pipeline, settings)
    add_probes(app, pipeline, settings)
    add_docs(app, settings)
    return app


def create_bare_app(pipeline: Pipeline, settings: Settings) -> FastAPI:
    """The probes and nothing to read with, for a server that does something else over the same pipeline."""
    app = _empty_app()
    add_probes(app, pipeline, settings)
    return app


def _size(count: int) -> str:
    return f"{count / 2**20:.3g} MiB"


def _empty_app() -> FastAPI:
    app = FastAPI(
        title="ml_server", version=__version__, description=_ABOUT, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.add_exception_handler(MLServerError, _refuse)
    return app


def _asked(request: Request, data: bytes, options: Options) -> DocumentRequest:
    return DocumentRequest(
        data=data,
        language=options.language,
        engine=options.engine,
        confidence_threshold=options.confidence_threshold,
        use_angle_cls=options.use_angle_cls,
        request_id=Exchange.of(request.scope).request_id,
        model_version=options.model_version,
    )


def _json(body: Callable[[], BaseModel]) -> Response:
    with stage("encode"):
        return Response(body().model_dump_json(), media_type="application/json")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, MLServerError)
    return Exchange.of(request.scope).failure(error)
