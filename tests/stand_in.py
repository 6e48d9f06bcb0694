"""A stand-in for Label Studio: the few answers of its API that the commands need, as version 1.23 gives them.

What the real one does is tested under the marker ``label_studio``; this one can break or lose answers at will.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.settings import LabelStudioSettings

URL = "http://label-studio.test"
CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="QUESTION"/><Label value="ANSWER"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""


class StandIn:
    """Attributes are its state; a test changes them as it goes.

    Attributes:
        tasks: by id: ``data`` and ``annotations``.
        predictions: by id.
        config: labelling config of project 1.
        storages: of project 1.
        calls: how often each path was called, with its method.
        down: whether it answers 503 to everything.
        lose: predictions that are stored without an answer, so many more times.
        late: bodies of predictions that arrive with the next one of their task, as from a killed run.
        refuse: ids of tasks whose predictions are refused.
        on_call: called before each answer.
    """

    def __init__(self, tasks: int = 0) -> None:
        self.tasks: dict[int, dict[str, Any]] = {
            number: {"id": number, "data": {"image": f"/{number}.png"}} for number in range(1, tasks + 1)
        }
        self.predictions: dict[int, dict[str, Any]] = {}
        self.config = CONFIG
        self.storages: list[dict[str, Any]] = []
        self.calls: Counter[str] = Counter()
        self.down = False
        self.lose = 0
        self.late: list[dict[str, Any]] = []
        self.refuse: set[int] = set()
        self.on_call: Callable[[str], None] = lambda path: None

    def client(self) -> LabelStudio:
        """A client of ours that speaks to it."""
        settings = LabelStudioSettings.model_validate({"url": URL, "api_key": "0123456789abcdef"})
        return LabelStudio(settings, httpx.MockTransport(self._answer))

    def versions_of(self, task: int) -> list[str]:
        """Model versions of a task's predictions."""
        return [found["model_version"] for found in self.predictions.values() if found["task"] == task]

    def store(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a prediction."""
        number = max(self.predictions, default=0) + 1
        self.predictions[number] = {**body, "id": number}
        return self.predictions[number]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        self.calls[f"{request.method} {path}"] += 1
        self.on_call(path)
        if self.down:
            return httpx.Response(503, text="down")
        if path == "/health":
            return httpx.Response(200, json={"status": "UP"})
        body = json.loads(request.content or b"{}")
        match request.method, path.strip("/").split("/"):
            case "GET", ["api", "projects", "1"]:
                return httpx.Response(200, json={"id": 1, "task_number": len(self.tasks), "label_config": self.config})
            case "GET", ["api", "projects", "1", "model-versions"]:
                found = [prediction["model_version"] for prediction in self.predictions.values()]
                return httpx.Response(200, json=dict(Counter(found)))
            case "GET", ["api", "projects"]:
                return httpx.Response(200, json={"results": [{"id": 1}], "next": None})
            case "GET", ["api", "tasks"]:
                return self._list(json.loads(query["query"])["filters"]["items"], int(query["page_size"]))
            case "GET", ["api", "tasks", number] if int(number) in self.tasks:
                return httpx.Response(200, json=self.tasks[int(number)])
            case "GET", ["api", "predictions"]:
                there = [each for each in self.predictions.values() if each["task"] == int(query["task"])]
                return httpx.Response(200, json=there)
            case "POST", ["api", "predictions"]:
                return self._post(body)
            case "DELETE", ["api", "predictions", number]:
                del self.predictions[int(number)]
                return httpx.Response(204)
            case "GET", ["api", "storages"]:
                return httpx.Response(200, json=self.storages)
            case "GET", ["api", "storages", _, number]:
                return httpx.Response(200, json=next(each for each in self.storages if each["id"] == int(number)))
            case "POST", ["api", "storages", _, number, "sync"]:
                found_storage = next(each for each in self.storages if each["id"] == int(number))
                found_storage["status"] = "in_progress"
                return httpx.Response(200, json=found_storage)
        return httpx.Response(404, json={"detail": "Not found."})

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        if body["task"] in self.refuse:
            return httpx.Response(400, json={"detail": "Error validating prediction"})
        for arriving in [each for each in self.late if each["task"] == body["task"]]:
            self.late.remove(arriving)
            self.store(arriving)
        created = self.store(body)
        if self.lose:
            self.lose -= 1
            raise httpx.ReadError("the connection was lost")
        return httpx.Response(201, json=created)

    def _list(self, filters: list[dict[str, Any]], size: int) -> httpx.Response:
        found = []
        for task in self.tasks.values():
            versions = self.versions_of(task["id"])
            if all(self._passes(task, versions, each) for each in filters):
                found.append({**task, "predictions_model_versions": ",".join(sorted(set(versions)))})
        return httpx.Response(200, json={"total": len(found), "tasks": found[:size]})

    def _passes(self, task: dict[str, Any], versions: list[str], given: dict[str, Any]) -> bool:
        column = given["filter"].removeprefix("filter:tasks:")
        if column == "id":
            return bool(task["id"] > given["value"])
        if column == "total_annotations":
            return bool(task.get("annotations"))
        assert column == "predictions_model_versions"
        part = any(given["value"][0].casefold() in version.casefold() for version in versions)
        return part is (given["operator"] == "contains")
