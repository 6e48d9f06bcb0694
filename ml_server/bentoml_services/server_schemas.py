"""What the server says of itself: errors, health, engines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ml_server.bentoml_services import examples
from ml_server.bentoml_services.examples import with_example


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


class EngineBody(BaseModel):
    """What is known about one engine, or the key–value extractor, on the server's machine."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="as requests ask for it; an extractor is not asked for by name")
    available: bool = Field(description="whether its packages and at least one language's weights are there")
    reason: str = Field(description="why it is not available; empty where it is")
    install: str = Field(description="the command that would make it available; empty where it is")
    languages: list[str] = Field(description="full names of those it can read there")
    weights: str = Field(description="where they come from, for people")
    license: str = Field(description="SPDX expression of code and weights")
    version: str = Field(description="of the engine's package; empty where it is not installed")
    loaded: int = Field(ge=0, description="processes of it that are running now")
    default: bool = Field(description="whether `auto` picks it for the server's default language")
    kind: str = Field(
        description="`ocr` for what reads pages and may be a request's `engine`; `key_values` for what finds keys and "
        "values in what was read"
    )


class EnginesBody(BaseModel):
    """The answer of `/engines`."""

    model_config = with_example(examples.ENGINES)

    engines: list[EngineBody] = Field(description="every one, available or not; last the key–value extractor")
    default_engine: str = Field(description="what `auto` picks for the default language")
    default_language: str = Field(description="of requests that name none")
