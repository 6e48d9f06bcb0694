"""All settings, typed, from the environment (``ML_SERVER_…``). Only entry points read them; flags win over them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ml_server import cores


class Settings(BaseSettings):
    """One instance per process, made by the entry point and handed down."""

    model_config = SettingsConfigDict(env_prefix="ML_SERVER_", frozen=True, extra="ignore")

    # Wires
    http_host: str = Field("0.0.0.0", description="address the HTTP server binds")
    http_port: int = Field(3000, ge=0, le=65535)
    grpc_host: str = Field("0.0.0.0", description="address the gRPC server binds")
    grpc_port: int = Field(50051, ge=0, le=65535, description="0 takes a free port")
    grpc_metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics of ml-server grpc; 0 for none")
    api_key: SecretStr | None = Field(None, description="if set, every call but probes and metrics must carry it")
    api_keys: SecretStr | None = Field(
        None, description="more of them, KEY or NAME: KEY, with commas between them or as a JSON list"
    )
    api_keys_file: Path | None = Field(None, description="more of them, one a line; read again when it changes")
    tls_cert: Path | None = Field(None, description="PEM file: certificate and chain of both wires; empty for no TLS")
    tls_key: Path | None = Field(None, description="PEM file: the certificate's private key, not encrypted")
    tls_client_ca: Path | None = Field(None, description="PEM file: who signs the certificates that callers then need")
    cors_origins: str = Field("", description="whose pages may call from a browser: https://a.example,… or *")
    http_connections: int = Field(1000, ge=1, description="open at a time; further ones are closed at once")

    # Engines
    engine: str = Field("auto", description="default engine: auto, paddle, tesseract, easyocr, vlm or mock")
    lang: str = Field("korean", description="default language, as in a request")
    preload: str = Field("korean,english", description="languages whose auto engines load at start-up; empty for none")
    cores: int | None = Field(None, ge=1, le=1024, description="CPU cores to share out; empty for all this process has")
    replicas: int | None = Field(None, ge=1, le=64, description="processes per engine; empty for one fitting the cores")
    threads: int | None = Field(None, ge=1, le=256, description="CPU threads per replica; empty to share the cores")
    device: Literal["cpu", "gpu"] = "cpu"
    gpu_devices: str = Field("", description="GPUs to spread replicas over, numbers or UUIDs: 0,1; empty for all")
    model_dir: Path | None = Field(None, description="folder of weights to look in first")
    paddle_backend: Literal["auto", "onnxruntime", "openvino", "paddle"] = Field(
        "auto", description="auto: OpenVINO on CPUs that multiply bfloat16, else ONNX Runtime"
    )
    detection_side: int = Field(
        1536, ge=0, le=8192, description="paddle looks for lines on pages scaled down to this longest side; 0 for none"
    )
    layout: bool = Field(False, description="blocks from a layout model for paddle, tesseract and easyocr, too")
    recycle_after: int = Field(5000, ge=0, description="pages after which a replica is replaced; 0 for never")
    recycle_growth: float = Field(
        1.5, ge=0, description="times its memory after 100 calls at which a replica is replaced; 0 for never"
    )
    memory_budget_mb: int = Field(0, ge=0, description="RAM of all engine processes together, MiB; 0 for no limit")
    vram_budget_mb: int = Field(0, ge=0, description="memory of the engines on one GPU, MiB; 0 for no limit")
    vram_alarm: float = Field(0.9, gt=0, le=1, description="share of a GPU's memory or budget that is too much")
    idle_unload_s: float = Field(0.0, ge=0, description="seconds after which an unused engine is unloaded; 0 for never")
    keep_default: bool = Field(True, description="never unload the default engine")
    mock_delay_s: float = Field(0.0, ge=0, description="seconds the mock engine takes for a page")
    mock_failure: Literal["", "raise", "crash", "hang"] = ""

    # Vision-language engine
    vlm_url: str = Field("", description="OpenAI-compatible model server, as http://host:8000; empty for none")
    vlm_model: str = Field("", description="the model's name there; empty for the only one it serves")
    vlm_api_key: SecretStr | None = Field(None, description="key of the model server")
    vlm_ca_file: Path | None = Field(None, description="PEM file: who signed the model server's certificate")
    vlm_family: Literal["auto", "dots.ocr", "paddleocr-vl", "generic"] = Field(
        "auto", description="how the model is asked; auto goes by its name"
    )
    vlm_prompt: str = Field("auto", description="auto, a mode such as layout, ocr or table, or a prompt of your own")
    vlm_concurrency: int = Field(8, ge=1, le=256, description="pages the model server is given at a time")
    vlm_timeout_s: float = Field(240.0, gt=0, description="for one page, all tries included")
    vlm_wait_s: float = Field(600.0, gt=0, description="how long a model server that is still loading is waited for")
    vlm_max_pixels: int = Field(0, ge=0, description="larger pages are sent scaled down; 0 for the model's own limit")
    vlm_max_tokens: int = Field(16384, ge=0, description="length of an answer; 0 for what the model server allows")
    vlm_image_format: Literal["png", "jpeg"] = Field("png", description="what pages are sent as")

    # Keys and values
    key_value_extractor: Literal["layoutlm", "mock"] = "layoutlm"
    key_value_model: str = Field("", description="folder, BentoML tag or hub name; empty for the model shipped with us")
    key_value_preload: bool = Field(True, description="load it once the engines are ready; else with the first request")
    allow_noncommercial: bool = Field(False, description="load models whose licence forbids commercial use")

    # Versions of the key–value model
    model_store: str = Field(
        "key-values",
        pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$",
        description="name in BentoML's model store that the versions of the key–value model have",
    )
    model_state_dir: Path | None = Field(
        None, description="folder that says which version serves, and of training jobs; empty: beside BentoML's store"
    )
    train_epochs: float = Field(24.0, gt=0, description="passes over the documents in a training job")
    train_threads: int | None = Field(None, ge=1, description="CPU threads of a training job; empty for all cores")
    train_held_out: float = Field(
        0.2, gt=0, le=0.9, description="share of the documents that jobs judge versions on and never train on"
    )
    train_promote: bool = Field(
        True, description="let what a job trained serve if it does not lose on the documents held out"
    )

    # Documents that are kept: ml-server ingest, POST /documents
    documents: str = Field(
        "",
        pattern=r"^(s3://[^/].*|[^:]*)$",
        description="where pages are stored: a folder, or s3://bucket/folder; empty: POST /documents is refused",
    )
    documents_dpi: int | None = Field(
        None, ge=36, le=600, description="resolution PDF pages are stored at; empty for that of ML_SERVER_PDF_DPI"
    )
    documents_keep_raw: bool = Field(True, description="keep the file as it came beside its pages")
    documents_url: str = Field(
        "", description="how others reach this server's /files/…: http://host:3000; for pages stored in a folder"
    )

    # Limits
    max_image_bytes: int = Field(20 * 2**20, gt=0, description="one image")
    max_document_bytes: int = Field(100 * 2**20, gt=0, description="a PDF, or one whole request")
    body_memory_mb: int | None = Field(
        None,
        ge=1,
        description="request bodies in memory at once, MiB, before callers get 429; empty for a fifth of a full queue "
        "of the largest images. Never less than two of the largest bodies",
    )
    body_disk_mb: int | None = Field(
        None,
        ge=1,
        description="large uploads in the temporary folder at once, MiB, before callers get 429; empty for ten of the "
        "largest documents. Never less than the largest body",
    )
    max_pixels: int = Field(64_000_000, gt=0, description="width x height of one page, checked before decoding")
    max_pages: int = Field(200, gt=0, description="pages of one document")
    max_batch: int = Field(64, gt=0, description="images in one ExtractTextBatch")
    pdf_dpi: int = Field(200, ge=36, le=600, description="resolution PDF pages are rendered at")
    max_batch_size: int | None = Field(
        None,
        ge=1,
        le=256,
        description="pages of any requests in one call of the key–value extractor; empty for 4 on a CPU, 8 on a GPU. "
        "OCR engines read one page after another and get them one by one",
    )
    max_wait_ms: float = Field(
        0.0, ge=0, le=1000, description="how long an extractor with room left waits for more pages"
    )
    queue_size: int = Field(
        64, ge=1, description="requests, whatever their pages, let in per engine beyond its replicas; others get 429"
    )

    # Time, in seconds
    header_timeout_s: float = Field(
        10.0, gt=0, description="for a request's headers to come, and for a client to take any part of its answer"
    )
    body_timeout_s: float = Field(20.0, gt=0, description="a body may stand still this long before it is cut off")
    request_timeout_s: float = Field(300.0, gt=0, description="limit for one request of any length")
    page_timeout_s: float = Field(60.0, gt=0, description="hard limit for one page in an engine; then it is killed")
    load_timeout_s: float = Field(300.0, gt=0, description="hard limit for an engine's start and warm-up")
    decode_timeout_s: float = Field(
        8.0, gt=0, description="hard limit for decoding one page; then the decoder is killed"
    )
    decode_workers: int = Field(2, ge=1, le=64, description="decoder processes")
    decode_memory_mb: int = Field(2048, ge=256, description="address space a decoder may add while decoding")
    shutdown_grace_s: float = Field(10.0, ge=0, description="time running requests get when the server stops")
    unhealthy_after_s: float = Field(
        120.0, gt=0, description="a server whose default engine cannot be started for so long ends itself, with code 1"
    )

    # Logs and traces
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    otel_endpoint: str = Field("", description="collector of OpenTelemetry spans, as http://host:4318; empty for none")


def usable_cores() -> int:
    """CPU cores this process may use, by affinity and by its container's limit; at least 1."""
    return cores.allowed().count
