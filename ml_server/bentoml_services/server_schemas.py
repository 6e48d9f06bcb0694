"""What the server says of itself: errors, health, engines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ml_server.bentoml_services import examples
from ml_server.bentoml_services.examples import with_example
from ml_server.engine_info import EngineInfo


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="stable, for programs")
    message: str = Field(description="for people: what was found and what is allowed")
    request_id: str = Field(description="the X-Request-ID of this answer, for the server's log")


class ErrorBody(BaseModel):
    """Every error of every route."""

    model_config = with_example(examples.ERROR)

    error: ErrorDetail


class HealthBody(BaseModel):
    """The answer of `/health` of a server that is ready."""

    model_config = with_example(examples.HEALTH)

    status: Literal["healthy"] = "healthy"
    ready: Literal[True] = True
    engine: str = Field(description="what auto picks for the default language")
    version: str = Field(description="of the server")


class EnginesBody(BaseModel):
    """The answer of `/engines`."""

    model_config = with_example(examples.ENGINES)

    engines: list[EngineInfo]
    default_engine: str
    default_language: str
