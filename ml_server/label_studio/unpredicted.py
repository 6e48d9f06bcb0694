"""Tasks that have no prediction of a model version, found by lists, without a call for each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ml_server.label_studio import task_list
from ml_server.label_studio.api import LabelStudio

_SHOWN = 500
"""Characters of a task's model versions that Label Studio lists; longer ones are cut off."""


async def unpredicted(
    api: LabelStudio,
    project: int,
    version: str,
    *,
    everything: bool = False,
    call: task_list.Call = task_list.at_once,
) -> AsyncGenerator[tuple[dict[str, Any], int], None]:
    """Tasks without a prediction of the version, and how many more of them there are, this one among them.

    Label Studio filters by a *part* of the version's name, without regard to case on SQLite: where the project has
    predictions of a version whose name contains this one, the tasks that have those are looked at more closely.

    Args:
        api: where they are.
        project: id.
        version: as predictions carry it.
        everything: with their annotations and predictions.
        call: makes each call.

    Raises:
        MLServerError: see :meth:`LabelStudio.call`.
    """
    without = [task_list.where("predictions_model_versions", "not_contains", [version], "List")]
    async for found in task_list.tasks(api, project, without, everything=everything, call=call):
        yield found
    versions = await call(partial(api.get, f"/api/projects/{project}/model-versions/"))
    if any(version.casefold() in str(other).casefold() and other != version for other in versions):
        like = [task_list.where("predictions_model_versions", "contains", [version], "List")]
        async for task, ahead in task_list.tasks(api, project, like, everything=everything, call=call):
            if not await _has(api, task, version, call):
                yield task, ahead


async def predictions_of(api: LabelStudio, task: int, version: str) -> list[int]:
    """Ids of a task's predictions of the version, oldest first.

    Raises:
        MLServerError: see :meth:`LabelStudio.call`.
    """
    found = await api.get("/api/predictions/", task=task)
    return sorted(int(prediction["id"]) for prediction in found if prediction.get("model_version") == version)


async def _has(api: LabelStudio, task: dict[str, Any], version: str, call: task_list.Call) -> bool:
    shown = str(task.get("predictions_model_versions", ""))
    if len(shown) >= _SHOWN or "," in version:
        return bool(await call(partial(predictions_of, api, task["id"], version)))
    return version in (name.strip() for name in shown.split(","))
