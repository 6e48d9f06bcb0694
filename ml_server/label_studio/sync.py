"""``ml-server label-studio sync``: start the sync of a cloud storage that is known by its title."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ml_server.errors import DeadlineExceeded, InvalidRequest, NotReady
from ml_server.label_studio.api import LabelStudio

_RUNNING = ("queued", "in_progress")
_FAILED = ("failed", "completed_with_errors")
_POLL_S = 1.0
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage connected to a project.

    Attributes:
        id: unique among those of its type.
        type: ``s3``, ``gcs``, ``azure``, ``redis`` or ``localfiles``.
        title: as people named it.
        project: id.
        target: whether annotations go out to it, instead of tasks coming in.
    """

    id: int
    type: str
    title: str
    project: int
    target: bool = False

    @property
    def path(self) -> str:
        """Of the API."""
        return f"/api/storages/{'export/' if self.target else ''}{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What came of it.

    Attributes:
        storage: which.
        status: Label Studio's: ``completed``, ``completed_with_errors``, ``failed``, ``queued``, ``in_progress``.
        count: tasks that came in, or annotations that went out; None where it is not known yet.
        skipped: a sync was running already, so none was started.
        message: why it failed; empty otherwise.
    """

    storage: Storage
    status: str
    count: int | None
    skipped: bool = False
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.status in _FAILED


async def find(api: LabelStudio, title: str, project: int | None = None, *, target: bool = False) -> Storage:
    """The storage with a title.

    Args:
        api: where to look.
        title: as in Label Studio, case and all.
        project: id; None to look through all projects that the token's user sees.
        target: look among those that annotations go out to.

    Raises:
        InvalidRequest: none has it, or several have; the message names what there is.
        MLServerError: see :meth:`LabelStudio.call`.
    """
    projects = [project] if project is not None else await _projects(api)
    path = "/api/storages/export" if target else "/api/storages/"
    there = [
        Storage(int(item["id"]), str(item["type"]), str(item.get("title") or ""), number, target)
        for number in projects
        for item in await api.get(path, project=number)
    ]
    fitting = [storage for storage in there if storage.title == title]
    if len(fitting) == 1:
        return fitting[0]
    where = f"project {project}" if project is not None else f"any of {len(projects)} project(s)"
    if not fitting:
        titles = ", ".join(sorted({repr(storage.title) for storage in there})) or "none at all"
        raise InvalidRequest(f"no {'target' if target else 'source'} storage {title!r} in {where}; there is: {titles}")
    places = ", ".join(f"project {storage.project} ({storage.type})" for storage in fitting)
    raise InvalidRequest(f"several storages are called {title!r}: {places}; say which project")


async def sync(
    api: LabelStudio,
    storage: Storage,
    *,
    wait_s: float = 0.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> SyncResult:
    """Start a sync unless one runs, and wait for the result if asked to.

    Where Label Studio has no job queue it answers only after the sync; it goes on with it if nobody waits any more.

    Args:
        api: where the storage is.
        storage: which.
        wait_s: seconds to wait for the sync, this one's or the running one's; 0 for not at all.
        sleep: waits between two looks.

    Raises:
        DeadlineExceeded: it was not over in time.
        InvalidRequest: the storage cannot be reached by Label Studio, with its reason.
        MLServerError: see :meth:`LabelStudio.call`.
    """
    until = time.monotonic() + wait_s
    found = await api.get(storage.path)
    skipped = found["status"] in _RUNNING
    if not skipped:
        try:
            found = await api.post(f"{storage.path}/sync", {})
        except DeadlineExceeded:
            found = await api.get(storage.path)
        except NotReady as error:
            await api.get(storage.path)  # it is up: what failed is its way to the storage
            raise InvalidRequest(
                f"Label Studio cannot reach {storage.title!r}: {error.message}; are its bucket, keys and endpoint "
                "right (project's Settings, Cloud Storage), and is the storage up?"
            ) from error
    while wait_s and found["status"] in _RUNNING:
        if time.monotonic() > until:
            raise DeadlineExceeded(f"{storage.title!r} is still {found['status']} after {wait_s:.0f} s")
        await sleep(_POLL_S)
        found = await api.get(storage.path)
    return _result(storage, found, skipped=skipped)


def _result(storage: Storage, found: dict[str, Any], *, skipped: bool) -> SyncResult:
    status = str(found["status"])
    trace = str(found.get("traceback") or "").strip()
    message = trace.splitlines()[-1] if status in _FAILED and trace else ""
    count = found.get("last_sync_count")
    return SyncResult(storage, status, int(count) if count is not None else None, skipped, message)


async def _projects(api: LabelStudio) -> list[int]:
    found: list[int] = []
    page = 1
    while True:
        answer = await api.get("/api/projects/", page=page, page_size=_PAGE, include="id")
        found += [int(project["id"]) for project in answer["results"]]
        if not answer.get("next"):
            return found
        page += 1
