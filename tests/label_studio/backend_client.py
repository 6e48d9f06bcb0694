"""The ML backend as Label Studio meets it, over a real pipeline with the mock engine in this process."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fake_label_studio import settings as label_studio_settings
from labelling_configs import FORMS
from pages import png

from ml_server.bentoml_services.edge import Edge
from ml_server.bentoml_services.routes import create_bare_app
from ml_server.label_studio.backend import Backend
from ml_server.label_studio.jobs import JobStatus
from ml_server.label_studio.server import Unprefixed
from ml_server.pipeline import Pipeline

MakePipeline = Callable[..., Pipeline]


class FakeJobs:
    """Starts nothing; runs until told."""

    def __init__(self) -> None:
        self.now = JobStatus("idle")  # of the last one
        self.asked: list[tuple[int, str]] = []

    async def start(self, project: int, why: str) -> JobStatus:
        self.asked.append((project, why))
        if self.now.state == "running":
            return self.now
        self.now = JobStatus("running", f"job-{len(self.asked)}", project, why)
        return JobStatus("running", self.now.job, project, why, started=True)

    def status(self, job: str = "") -> JobStatus:
        return self.now if job in ("", self.now.job) else JobStatus("idle")


def inline(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def task(number: int, data: bytes | None = None, **values: Any) -> dict[str, Any]:
    return {"id": number, "project": 1, "data": {"image": inline(data or png(300, 90))}} | values


def body(*tasks: dict[str, Any], config: str = FORMS) -> dict[str, Any]:
    """As Label Studio's ``MLApi.make_predictions`` writes it."""
    about = {"login": None, "password": None, "context": None}
    return {"tasks": list(tasks), "project": "1.1795270626", "label_config": config, "params": about}


def setup_body(config: str) -> dict[str, Any]:
    hostname = "http://localhost:8080"
    return {"project": "1.1", "schema": config, "hostname": hostname, "access_token": "t", "extra_params": None}


@asynccontextmanager
async def serving(
    make: MakePipeline, jobs: FakeJobs | None = None, server: dict[str, Any] | None = None, **values: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The ML backend alone, as on port 9090, over a real pipeline with the mock engine in this process."""
    pipeline = make(inline=True, lang="english", **(server or {}))
    await pipeline.start()
    await pipeline.wait_until_ready()
    backend = Backend(pipeline, pipeline.settings, label_studio_settings(None, **values), jobs)
    app = create_bare_app(pipeline, pipeline.settings)
    backend.add_to(app)
    transport = httpx.ASGITransport(Unprefixed(Edge(app, pipeline.settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://backend") as client:
        yield client
    await backend.close()
