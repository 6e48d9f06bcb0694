"""All pages of a task are labelled by one version of the model, whatever comes into service meanwhile."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from backend_client import MakePipeline, inline
from fake_label_studio import settings as label_studio_settings
from labelling_configs import PAGES
from pages import png

from ml_server.document import DocumentRequest
from ml_server.errors import NotReady
from ml_server.key_value import KeyValuePage
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.config import parse
from ml_server.label_studio.images import Images
from ml_server.label_studio.predictor import Predictor
from ml_server.models.serving import Serving, ServingFile
from ml_server.pipeline import Pipeline


class Watched:
    """A pipeline that notes who labels which task's pages, and lets something happen after each."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.settings = pipeline.settings
        self.engines, self.extract_page, self.understand = pipeline.engines, pipeline.extract_page, pipeline.understand
        self.seen: dict[str, list[str]] = {}
        self.after: Callable[[], Awaitable[None]] | None = None

    async def extract_key_values(self, request: DocumentRequest) -> AsyncGenerator[KeyValuePage, None]:
        async with aclosing(self._pipeline.extract_key_values(request)) as pages:
            async for page in pages:
                self.seen.setdefault(request.request_id, []).append(page.model_version)
                if self.after is not None:
                    await self.after()
                yield page


def task(number: int) -> dict[str, Any]:
    return {"id": number, "data": {"pages": [inline(png(300 + at, 90)) for at in range(3)]}}


async def test_pages_of_a_task_are_labelled_by_one_version(make_pipeline: MakePipeline, tmp_path: Path) -> None:
    file = ServingFile(tmp_path, "key-values")
    file.write(Serving().sharing("v2", 50, "a test"))
    pipeline = make_pipeline(lang="english", model_state_dir=tmp_path, key_value_preload=True)
    await pipeline.wait_until_ready()
    await pipeline.wait_until_extracting()
    images = Images(label_studio_settings(None), lambda: LabelStudio(label_studio_settings(None)), 10**6)
    reader = Watched(pipeline)
    predictor = Predictor(reader, images, label_studio_settings(None))

    found = await predictor.predict_many([task(number) for number in range(6)], parse(PAGES), 60)
    versions = {number: set(seen) for number, seen in reader.seen.items()}
    assert all(len(each) == 1 for each in versions.values()), versions
    assert set.union(*versions.values()) == {"mock 1", "v2"}, "both have their part of the tasks"
    for number, outcome in enumerate(found):
        assert isinstance(outcome, dict)
        assert {f"{version} + mock 1" for version in versions[f"task-{number}"]} == {outcome["model_version"]}
        assert {item["item_index"] for item in outcome["result"] if "item_index" in item} == {0, 1, 2}

    # The version that labelled the first pages leaves before the last one: the task is begun again.
    swaps: list[str] = []

    async def swap() -> None:
        if len(reader.seen["task-9"]) == 2:
            await promote("v3")

    async def promote(version: str) -> None:
        swaps.append(version)
        file.write(file.read().promoted(version, "a test"))
        await pipeline._pools.extractors.follow()

    one_by_one = Predictor(reader, images, label_studio_settings(None, concurrency=1))
    reader.after = swap
    outcome = await one_by_one.predict(task(9), parse(PAGES))
    first, *rest = reader.seen["task-9"]
    assert (outcome["model_version"], first in ("mock 1", "v2")) == ("v3 + mock 1", True)
    assert rest == [first, "v3", "v3", "v3"]

    # Again and again, after each first page: nothing is mixed, and the task waits for another time.
    async def endless() -> None:
        if len(reader.seen["task-10"]) % 3 == 1:
            await promote(f"v{len(swaps) + 3}")

    reader.after = endless
    with pytest.raises(NotReady, match="other model versions came into service"):
        await one_by_one.predict(task(10), parse(PAGES))
    await images.close()
