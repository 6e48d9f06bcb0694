"""``ml-server bulk`` from its options to its exit code: what reads, what is read, where to, and who is told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ml_server import cli_bulk_ray
from ml_server.bulk.again import retried_here, said
from ml_server.bulk.enlarging import enlarge_below
from ml_server.bulk.index import IndexFormat, Totals, build, check_index
from ml_server.bulk.inputs import Inputs
from ml_server.bulk.lock import locked
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.pipeline_reader import bulk_settings
from ml_server.bulk.places import Place, is_remote, local_path, open_place
from ml_server.bulk.read_document import finished
from ml_server.bulk.record import RECORD, Record
from ml_server.bulk.run import BulkRun, Tally
from ml_server.bulk.storage import OutputFailed, Storage
from ml_server.cli_bulk_reader import Reader, reader
from ml_server.cli_bulk_shown import Shown, Summary, show_plan
from ml_server.cores import allowed
from ml_server.errors import InvalidRequest
from ml_server.settings import Settings

_CALLS_EACH = 4
"""Pages at a time on each server: more than its cores would only wait there."""

_REMOTE_MORE = 8
"""Documents more in work where each waits for a bucket, too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line, see :func:`ml_server.cli_bulk.bulk`."""

    source: str
    output: str
    parallel: int | None
    max_pixels: int
    enlarge: bool | None
    confidence_threshold: float
    use_angle_cls: bool
    key_values: bool
    text: bool
    markdown: bool
    images: bool
    index: IndexFormat
    servers: tuple[str, ...]
    ca_file: Path | None
    ray: str | None
    server_wait_s: float
    retries: int
    retry_failed: bool
    dry_run: bool
    as_json: bool

    def options(self, settings: Settings) -> BulkOptions:
        """What to read out of every document."""
        return BulkOptions(
            language=settings.lang,
            engine=settings.engine,
            confidence_threshold=self.confidence_threshold,
            use_angle_cls=self.use_angle_cls,
            key_values=self.key_values,
            text=self.text,
            markdown=self.markdown,
            images=self.images,
            max_pixels=self.max_pixels,
            enlarge_below=enlarge_below(self.enlarge, settings),
            retries=self.retries,
        )


def run(asked: Asked, settings: Settings) -> bool:
    """Read everything that is left to read.

    Returns:
        Whether all of it could be read.

    Raises:
        InvalidRequest: there is no such input, another run is writing to the output, or a name is not known.
        EngineUnavailable: the engine or a package cannot be used here.
        ValueError: an address is not valid.
        MLServerError: the engine or the servers do not start.
        OutputFailed, OSError: the results cannot be written.
    """
    if "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "ERROR"})
    roomy = bulk_settings(settings)
    check_index(asked.index)
    place = open_place(asked.output)
    inputs = Inputs(asked.source, asked.output, partial(_owner, place, asked.retries))
    if asked.dry_run:
        return asyncio.run(_plan(asked, roomy, place, inputs))
    if asked.ray is not None and asked.servers:
        raise InvalidRequest("--ray and --server exclude each other: either engines of a cluster read, or servers")
    with locked(asked.output):
        if asked.ray is not None:
            return _run_on_ray(asked.ray, asked, roomy, place, inputs)
        return asyncio.run(_run(asked, roomy, place, inputs))


def _owner(place: Place, retries: int, folder: str) -> str | None:
    """The document whose results are in a folder.

    Raises:
        OutputFailed: the place does not say.
    """
    try:
        record = Record.from_json(retried_here(partial(place.read, f"{folder}/{RECORD}"), retries))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # what the libraries of a bucket raise has no common base
        raise OutputFailed(f"cannot read from {place.url}: {said(error)}") from error
    return record.source if record is not None else None


async def _plan(asked: Asked, settings: Settings, place: Place, inputs: Inputs) -> bool:
    storage, fingerprint = Storage(place, asked.retries), asked.options(settings).fingerprint(settings)
    with show_plan(as_json=asked.as_json) as show:
        for document in inputs:
            done = await finished(document, storage, fingerprint, retry_failed=asked.retry_failed)
            show(document, done)
    return True


async def _run(asked: Asked, settings: Settings, place: Place, inputs: Inputs) -> bool:
    loop = asyncio.get_running_loop()
    settings, parallel = _in_parallel(asked, settings)
    at_once = 2 * parallel * max(1, len(asked.servers)) + 2 + _REMOTE_MORE * is_remote(asked.output)
    loop.set_default_executor(ThreadPoolExecutor(at_once + 4))
    options = asked.options(settings)
    with Shown(inputs.count) as shown:
        async with Reader(lambda: reader(asked, settings, options, parallel), shown) as made:
            work = BulkRun(
                reader=made.get,
                storage=Storage(place, asked.retries),
                options=options,
                fingerprint=options.fingerprint(settings),
                at_once=at_once,
                retry_failed=asked.retry_failed,
                grace_s=settings.shutdown_grace_s,
                done=shown.done,
            )

            def stop() -> None:
                work.stop()
                shown.say("stopping: what is being read gets a few seconds; press again to stop at once")

            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            tally = await work.run(inputs)
            seconds = time.monotonic() - made.began
        shown.finishing()
        totals = await asyncio.to_thread(build, place, asked.index, asked.retries)
    return _told(asked, tally, totals, seconds)


def _in_parallel(asked: Asked, settings: Settings) -> tuple[Settings, int]:
    """How many pages are read at a time, and the settings with it: another server's model has no part in our cores."""
    if asked.servers:
        return settings, asked.parallel or _CALLS_EACH
    if settings.engine == "vlm":
        pages = asked.parallel or settings.vlm_concurrency
        return settings.model_copy(update={"vlm_concurrency": pages, "replicas": None}), pages
    return settings, asked.parallel or allowed(settings.cores).count


def _run_on_ray(address: str, asked: Asked, settings: Settings, place: Place, inputs: Inputs) -> bool:
    output = asked.output if is_remote(asked.output) else os.path.abspath(local_path(asked.output))
    with Shown(inputs.count) as shown:
        tally, seconds = cli_bulk_ray.run(
            address, asked.parallel, inputs, settings, asked.options(settings), output,
            retry_failed=asked.retry_failed, starting=shown.starting, begin=shown.begin, done=shown.done,
        )  # fmt: skip
        shown.finishing()
        totals = build(place, asked.index, asked.retries)
    return _told(asked, tally, totals, seconds)


def _told(asked: Asked, tally: Tally, totals: Totals, seconds: float) -> bool:
    """Say what was done; gives whether all of it could be."""
    if not tally.documents and not tally.stopped:
        sys.stderr.write(f"ml-server: no documents in {asked.source}\n")
    Summary.of(tally, totals, seconds, asked.output, asked.index).show(as_json=asked.as_json)
    return tally.failed == 0 and not tally.stopped
