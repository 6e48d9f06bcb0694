"""A project's tasks, a page of them a call, in the order of their ids."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from ml_server.label_studio.api import LabelStudio

Filter: TypeAlias = Mapping[str, Any]
"""One of the Data Manager's, see :func:`where`."""

Call: TypeAlias = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""How to make a call: with what patience."""

_PAGE = 100


def where(column: str, operator: str, value: Any, kind: str = "Number") -> Filter:
    """A filter of the Data Manager.

    Args:
        column: ``id``, ``total_predictions``, ….
        operator: ``equal``, ``greater``, ``contains``, ….
        value: to compare with.
        kind: ``Number``, ``String`` or ``List``.
    """
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


async def at_once(call: Callable[[], Awaitable[Any]]) -> Any:
    """Make a call once, with no patience at all."""
    return await call()


async def tasks(
    api: LabelStudio, project: int, filters: Sequence[Filter], *, everything: bool = False, call: Call = at_once
) -> AsyncGenerator[tuple[dict[str, Any], int], None]:
    """Tasks that pass every filter, each once.

    Each page begins after the last id of the one before, so that tasks which leave the filter meanwhile (they have
    been predicted) let none be skipped.

    Args:
        api: where they are.
        project: id.
        filters: of :func:`where`.
        everything: with their annotations and predictions.
        call: makes each call.

    Yields:
        The task and how many passed the filters when its page was asked for, those of earlier pages not counted.

    Raises:
        MLServerError: see :meth:`LabelStudio.call`.
    """
    last = 0
    while True:
        items = [*filters, where("id", "greater", last)]
        query = json.dumps({"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]})
        params: dict[str, Any] = {
            "project": project,
            "query": query,
            "page": 1,
            "page_size": _PAGE,
            "resolve_uri": "false",
        }
        if everything:
            params["fields"] = "all"
        answer = await call(partial(api.get, "/api/tasks/", **params))
        found = [task for task in answer["tasks"] if task["id"] > last]  # a join may list one task several times
        if not found:
            return
        for task in found:
            if task["id"] > last:
                last = task["id"]
                yield task, int(answer["total"])
