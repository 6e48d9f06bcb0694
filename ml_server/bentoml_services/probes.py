"""What machines ask: is it alive, is it ready, which engines, how much work."""

from __future__ import annotations

from fastapi import FastAPI, Response
from starlette.responses import JSONResponse, PlainTextResponse

from ml_server import __version__, metrics
from ml_server.bentoml_services import paths
from ml_server.bentoml_services.docs import errors_doc
from ml_server.bentoml_services.server_schemas import EngineBody, EnginesBody, HealthBody
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


def default_engine(pipeline: Pipeline, settings: Settings) -> str:
    """Name of the engine that reads the default language; the setting itself where none can."""
    return next((info.name for info in pipeline.engines() if info.default), settings.engine)


def add_probes(app: FastAPI, pipeline: Pipeline, settings: Settings) -> None:
    """Health, engines and metrics."""

    async def live() -> Response:
        return PlainTextResponse("\n")

    async def ready() -> Response:
        pipeline.check_ready()
        return PlainTextResponse("\n")

    async def health() -> HealthBody:
        pipeline.check_ready()
        return HealthBody(engine=default_engine(pipeline, settings), version=__version__)

    async def engines() -> EnginesBody:
        return EnginesBody(
            engines=[EngineBody.model_validate(info) for info in pipeline.engines()],
            default_engine=default_engine(pipeline, settings),
            default_language=settings.lang,
        )

    async def prometheus() -> Response:
        body, content_type = metrics.render()
        return Response(body, media_type=content_type)

    def get(path: str, summary: str, endpoint: object, *errors: int, model: object = None) -> None:
        assert callable(endpoint)
        app.add_api_route(
            path, endpoint, methods=["GET"], summary=summary, tags=["server"], operation_id=path.strip("/"),
            response_model=model, responses=errors_doc(*errors),
            response_class=PlainTextResponse if model is None else JSONResponse,
        )  # fmt: skip
        app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)

    # BentoML has routes of its own for the first three, which come first and agree with these; here they are for
    # OpenAPI, for their wrong methods, and for tests of this app alone.
    for path in paths.LIVEZ:
        get(path, "Is the process alive?", live)
    get(paths.READYZ, "Has the default engine read its warm-up page?", ready, 503)
    for path in paths.HEALTH:
        get(path, "Ready, and with what", health, 503, model=HealthBody)
    get(paths.ENGINES, "Every engine: available or why not", engines, 401, model=EnginesBody)
    get(paths.METRICS, "Prometheus metrics", prometheus)
