"""``ml-server label-studio export``: a project's annotations → documents that ``ml-server train`` reads.

Every document says in its own file which annotation it came from. So a run that was stopped goes on, one that is
repeated fetches only what has changed, and documents whose annotation is gone are taken away; there is no state beside
the documents that could be wrong. A file appears whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ml_server.errors import InvalidRequest, MLServerError, NotReady
from ml_server.label_studio import task_list
from ml_server.label_studio.annotated_regions import Fault, read_result
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.exported_pictures import picture_file
from ml_server.label_studio.funsd import to_funsd
from ml_server.label_studio.patience import Patience
from ml_server.label_studio.which import Which

NOT_CONVERTED = "not_converted.jsonl"
_SOURCE = "label_studio"
_FORMAT = 2
"""Counted up when the conversion changes, so that documents of before are made again."""

Fetch: TypeAlias = Callable[[Mapping[str, Any], int], Awaitable[bytes]]
"""The bytes of a task's picture: the task, and which of its pictures, 0-based."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is exported.

    Attributes:
        project: id.
        out: folder; made where it is not there.
        config: of the project: what is on its image counts, with the text in its tag for transcriptions.
        labels: FUNSD's label by the project's, upper-case.
        which: see :class:`Which`.
        concurrency: pictures fetched at a time.
    """

    project: int
    out: Path
    config: LabelConfig
    labels: Mapping[str, str]
    which: Which = Which.best
    concurrency: int = 4


@dataclass(slots=True)
class ExportReport:
    """How it went, in numbers of documents unless it says otherwise.

    Attributes:
        written: new or changed.
        unchanged: there already.
        removed: their annotation is gone.
        left_out: tasks that have only cancelled or empty annotations, or none of the kind asked for.
        failed: tasks of which no document could be made.
        not_converted: regions, relations and tasks listed in ``not_converted.jsonl``.
    """

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    left_out: int = 0
    failed: int = 0
    not_converted: int = 0


@dataclass(slots=True)
class _Export:
    api: LabelStudio
    fetch: Fetch
    plan: ExportPlan
    patience: Patience
    report: ExportReport = field(default_factory=ExportReport)
    names: set[str] = field(default_factory=set)
    faults: list[dict[str, Any]] = field(default_factory=list)


async def export(
    api: LabelStudio, fetch: Fetch, plan: ExportPlan, patience: Patience, progress: Callable[[int, int], None]
) -> ExportReport:
    """Write ``annotations/``, ``images/`` and ``not_converted.jsonl`` into the plan's folder.

    Args:
        api: where the project is.
        fetch: gets a task's picture.
        plan: what is exported.
        patience: lists the tasks and gets the pictures again where that fails.
        progress: told how many tasks are done, of how many.

    Raises:
        InvalidRequest: the folder holds documents of another Label Studio, or cannot be written to.
        MLServerError: the tasks cannot be listed, or Label Studio is gone for too long. A picture that cannot be
            fetched or read is listed instead.
    """
    run = _Export(api, fetch, plan, patience)
    try:
        for name in ("annotations", "images"):
            (plan.out / name).mkdir(parents=True, exist_ok=True)
        await _tasks(run, progress)
        _take_away(run)
        run.faults.sort(key=lambda fault: (fault["task"], fault["page"]))
        lines = "".join(json.dumps(fault, ensure_ascii=False) + "\n" for fault in run.faults)
        _write(plan.out / NOT_CONVERTED, lines.encode())
    except OSError as error:
        raise InvalidRequest(f"{error.filename or plan.out}: {error.strerror or error}") from error
    run.report.not_converted = len(run.faults)
    return run.report


async def _tasks(run: _Export, progress: Callable[[int, int], None]) -> None:
    """Every annotated task; the first failure that is not one task's alone ends it and is raised as it is."""
    room = asyncio.Semaphore(run.plan.concurrency)
    done = total = listed = 0

    async def one(task: Mapping[str, Any]) -> None:
        nonlocal done
        try:
            await _task(run, task)
        finally:
            room.release()
            done += 1
            progress(done, max(total, done))

    filters = [task_list.where("total_annotations", "greater", 0)]
    found = task_list.tasks(run.api, run.plan.project, filters, everything=True, call=run.patience)
    try:
        async with aclosing(found), asyncio.TaskGroup() as group:
            async for task, ahead in found:
                total = max(total, listed + ahead)
                listed += 1
                await room.acquire()
                group.create_task(one(task))
    except BaseExceptionGroup as several:
        first = several.exceptions[0]
        raise first from first.__cause__


async def _task(run: _Export, task: Mapping[str, Any]) -> None:
    annotation = chosen(task.get("annotations") or (), run.plan.which)
    if annotation is None:
        run.report.left_out += 1
        return
    plan = run.plan
    found, relations = read_result(annotation["result"], plan.config.text)
    regions = [region for region in found if region.image == plan.config.image]
    only = f"only what is on {plan.config.image!r} is exported"
    elsewhere = (region for region in found if region.image != plan.config.image)
    _list(run, task, [Fault(f"it is on {each.image!r}; {only}", each.id, each.page, each.text) for each in elsewhere])
    made = 0
    for page in sorted({region.page for region in regions}):
        name = f"task-{task['id']}" if page == 0 else f"task-{task['id']}-{page + 1}"
        source = {
            "url": run.api.url, "project": plan.project, "task": task["id"], "page": page,
            "annotation": annotation["id"], "updated_at": annotation["updated_at"],
            "settings": [_FORMAT, plan.config.image, plan.config.text, sorted(plan.labels.items())],
        }  # fmt: skip
        there = _source_of(plan.out, name)
        if there is not None and there.get("url") != run.api.url:
            raise InvalidRequest(f"{plan.out}: has documents of {there.get('url')}; export to another folder")
        if there is not None and {key: there.get(key) for key in source} == json.loads(json.dumps(source)):
            faults = [Fault(**fault) for fault in there["not_converted"]]
            run.report.unchanged += 1
        else:
            try:
                data = await run.patience(partial(run.fetch, task, page))
                picture = await asyncio.to_thread(picture_file, data)
            except MLServerError as error:
                if isinstance(error, NotReady):  # is it Label Studio that is gone, and not a picture? Then all ends
                    await run.api.get(f"/api/projects/{plan.project}/")
                run.names.add(name)  # a document of before is better than none
                _list(run, task, [Fault(f"its picture: {error.message}", page=page)])
                continue
            document, faults = to_funsd(regions, relations, page, picture.size, plan.labels)
            if not document["form"]:
                _list(run, task, faults)
                continue
            document[_SOURCE] = source | {"not_converted": [asdict(fault) for fault in faults]}
            image = plan.out / "images" / f"{name}{picture.suffix}"
            for old in (plan.out / "images").glob(f"{name}.*"):
                if old != image:
                    old.unlink()
            _write(image, picture.data)
            _write(plan.out / "annotations" / f"{name}.json", json.dumps(document, ensure_ascii=False).encode())
            run.report.written += 1
        run.names.add(name)
        made += 1
        _list(run, task, faults)
    if not found:
        _list(run, task, [Fault("the annotation has no regions")])
        run.report.left_out += 1
    else:
        run.report.failed += not made


def chosen(annotations: Sequence[Mapping[str, Any]], which: Which) -> Mapping[str, Any] | None:
    """The annotation to take; None where there is none.

    Args:
        annotations: of one task.
        which: :attr:`Which.best` takes the newest of the ground truths, and where there are none, the newest.
    """
    valid = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    truths = [annotation for annotation in valid if annotation.get("ground_truth")]
    among = {Which.best: truths or valid, Which.newest: valid, Which.ground_truth: truths}[which]
    return max(among, key=lambda annotation: (str(annotation["updated_at"]), annotation["id"]), default=None)


def _list(run: _Export, task: Mapping[str, Any], faults: Sequence[Fault]) -> None:
    run.faults += [{"task": task["id"], **asdict(fault)} for fault in faults]


def _source_of(out: Path, name: str) -> dict[str, Any] | None:
    """Where a document in the folder came from; None where there is none that could be kept."""
    try:
        found = json.loads((out / "annotations" / f"{name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    source = found.get(_SOURCE) if isinstance(found, dict) else None
    return source if isinstance(source, dict) and any((out / "images").glob(f"{name}.*")) else None


def _take_away(run: _Export) -> None:
    """Remove documents of this project whose annotation is gone; what others put into the folder stays."""
    for file in (run.plan.out / "annotations").glob("task-*.json"):
        source = _source_of(run.plan.out, file.stem) if file.stem not in run.names else None
        if source is not None and (source.get("url"), source.get("project")) == (run.api.url, run.plan.project):
            file.unlink()
            for image in (run.plan.out / "images").glob(f"{file.stem}.*"):
                image.unlink()
            run.report.removed += 1


def _write(path: Path, data: bytes) -> None:
    """The whole file or none of it, also where the machine is switched off."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
