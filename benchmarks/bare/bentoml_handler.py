"""A bare BentoML handler: ``bentoml serve benchmarks.bare.bentoml_handler:Bare``."""

from __future__ import annotations

import asyncio
from typing import Any

import bentoml
from PIL.Image import Image

from benchmarks.bare.reading import describe
from ml_server.bentoml_services.schemas import PageResult


@bentoml.service(name="bare", workers=1)
class Bare:
    """One route, nothing around it."""

    @bentoml.api(route="/extract_text")  # type: ignore[untyped-decorator]  # BentoML's package carries no types
    async def extract_text(self, image: Image, language: str = "english", engine: str = "mock") -> dict[str, Any]:
        """Decode in an executor (BentoML has read the header only), answer with the JSON."""
        page = await asyncio.get_running_loop().run_in_executor(None, describe, image)
        return PageResult.of(page).model_dump()
