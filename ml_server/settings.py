"""All settings, typed, from the environment (``ML_SERVER_…``). Only entry points read them; flags win over them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One instance per process, made by the entry point and handed down."""

    model_config = SettingsConfigDict(env_prefix="ML_SERVER_", frozen=True, extra="ignore")

    # Wires
    http_host: str = Field("0.0.0.0", description="address the HTTP server binds")
    http_port: int = Field(3000, ge=0, le=65535)
    grpc_host: str = Field("0.0.0.0", description="address the gRPC server binds")
    grpc_port: int = Field(50051, ge=0, le=65535, description="0 takes a free port")
    api_key: SecretStr | None = Field(None, description="if set, every call but probes and metrics must carry it")

    # Engines
    engine: str = Field("auto", description="default engine: auto, paddle, tesseract, easyocr or mock")
    lang: str = Field("korean", description="default language, as in a request")
    preload: str = Field("korean,english", description="languages whose auto engines load at start-up; empty for none")
    replicas: int | None = Field(None, ge=1, le=64, description="processes per engine; empty for one fitting the cores")
    threads: int | None = Field(None, ge=1, le=256, description="CPU threads per replica; empty to share the cores")
    device: Literal["cpu", "gpu"] = "cpu"
    model_dir: Path | None = Field(None, description="folder of weights to look in first")
    paddle_backend: Literal["onnxruntime", "paddle"] = "onnxruntime"
    recycle_after: int = Field(5000, ge=0, description="pages after which a replica is replaced; 0 for never")
    mock_delay_s: float = Field(0.0, ge=0, description="seconds the mock engine takes for a page")
    mock_failure: Literal["", "raise", "crash", "hang"] = ""

    # Keys and values
    key_value_extractor: Literal["layoutlm", "mock"] = "layoutlm"
    key_value_model: str = Field("", description="folder, BentoML tag or hub name; empty for the model shipped with us")
    key_value_preload: bool = Field(True, description="load it once the engines are ready; else with the first request")
    allow_noncommercial: bool = Field(False, description="load models whose licence forbids commercial use")

    # Limits
    max_image_bytes: int = Field(20 * 2**20, gt=0, description="one image")
    max_document_bytes: int = Field(100 * 2**20, gt=0, description="a PDF, or one whole request")
    max_pixels: int = Field(64_000_000, gt=0, description="width x height of one page, checked before decoding")
    max_pages: int = Field(200, gt=0, description="pages of one document")
    max_batch: int = Field(64, gt=0, description="images in one ExtractTextBatch")
    pdf_dpi: int = Field(200, ge=36, le=600, description="resolution PDF pages are rendered at")
    queue_size: int = Field(64, ge=1, description="pages waiting per engine before callers get 429")

    # Time, in seconds
    request_timeout_s: float = Field(300.0, gt=0, description="limit for one request of any length")
    page_timeout_s: float = Field(60.0, gt=0, description="hard limit for one page in an engine; then it is killed")
    load_timeout_s: float = Field(300.0, gt=0, description="hard limit for an engine's start and warm-up")
    decode_timeout_s: float = Field(
        8.0, gt=0, description="hard limit for decoding one page; then the decoder is killed"
    )
    decode_workers: int = Field(2, ge=1, le=64, description="decoder processes")
    decode_memory_mb: int = Field(2048, ge=256, description="address space a decoder may add while decoding")
    shutdown_grace_s: float = Field(10.0, ge=0, description="time running requests get when the server stops")

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"


def usable_cores() -> int:
    """CPU cores this process may run on (affinity-aware), at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
