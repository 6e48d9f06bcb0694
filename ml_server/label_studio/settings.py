"""Settings of everything that talks to Label Studio (``ML_SERVER_LABEL_STUDIO_…``); entry points read them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "ML_SERVER_LABEL_STUDIO_"


class LabelStudioSettings(BaseSettings):
    """One instance per process, made by the entry point and handed down."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    # Label Studio itself
    url: str = Field(
        "http://localhost:8080",
        validation_alias=AliasChoices(f"{_PREFIX}URL", "LABEL_STUDIO_URL"),
        description="where Label Studio answers, with its path if it has one; also read from LABEL_STUDIO_URL",
    )
    api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(f"{_PREFIX}API_KEY", "LABEL_STUDIO_API_KEY"),
        description="personal access token or legacy token; also read from LABEL_STUDIO_API_KEY",
    )
    timeout_s: float = Field(30.0, gt=0, description="seconds for one call of Label Studio's API, or one image")
    ca_file: Path | None = Field(
        None, description="PEM file: who signs Label Studio's certificate; empty for the usual"
    )

    # The ML backend
    port: int = Field(9090, ge=0, le=65535, description="HTTP port of ml-server label-studio backend")
    basic_user: str = Field("", description="name that Label Studio must give the ML backend; empty for none")
    basic_password: SecretStr | None = Field(None, description="password that goes with it")
    predict: Literal["auto", "ocr", "key_values", "both"] = Field(
        "auto",
        description="what a prediction holds: text, labels of regions that are there, or both; auto: what the "
        "labelling config has tags for",
    )
    language: str = Field("", description="language of the documents; empty for the server's own")
    engine: str = Field("auto", description="engine that reads them")
    level: Literal["line", "word"] = Field("line", description="what a region is where only text is predicted")
    confidence_threshold: float = Field(0.5, ge=0, le=1, description="text below it gets no region")
    concurrency: int = Field(4, ge=1, le=64, description="tasks of one request in work at a time")
    deadline_s: float = Field(
        85.0,
        gt=0,
        description="for one request of Label Studio, whose own ML_TIMEOUT_PREDICT is 100; then what is done is sent",
    )
    train_after: int = Field(20, ge=1, description="new annotations after which a webhook starts a training")

    # Images
    hosts: str = Field(
        "",
        description="further hosts to fetch images from: a.example,b.example:9000; *.example.com or * for public "
        "addresses only; s3://bucket or gs://bucket for buckets to read with this server's own keys",
    )
    max_redirects: int = Field(5, ge=0, le=20, description="of one image")
