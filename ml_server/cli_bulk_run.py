"""``ml-server bulk`` from its options to its exit code: what reads, what is read, where to, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ml_server import cli_bulk_ray
from ml_server.bulk.again import retried_here, said
from ml_server.bulk.enlarging import enlarge_below
from ml_server.bulk.index import FAILURES, IndexFormat, Totals, build, check_index
from ml_server.bulk.inputs import Inputs
from ml_server.bulk.lock import locked
from ml_server.bulk.options import BulkOptions
from ml_server.bulk.outcome import finished
from ml_server.bulk.pipeline_reader import bulk_settings
from ml_server.bulk.places import Place, file_system, is_remote, local_path, open_place
from ml_server.bulk.record import RECORD, Record
from ml_server.bulk.run import BulkRun, Tally
from ml_server.bulk.storage import OutputFailed, Storage
from ml_server.cli_bulk_reader import Reader, reader
from ml_server.cli_bulk_shown import Shown, Summary, show_plan
from ml_server.cores import allowed
from ml_server.decode_limits import DecodeLimits
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
        Whether all of it could be read; of a dry run, whether nothing has failed that would not be tried again.

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
    _check_bucket(asked.output)
    if asked.dry_run:
        return asyncio.run(_plan(asked, roomy, place, inputs))
    if asked.ray is not None and asked.servers:
        raise InvalidRequest("--ray and --server exclude each other: either engines of a cluster read, or servers")
    with locked(asked.output):
        return _run(asked, roomy, place, inputs)


def _check_bucket(output: str) -> None:
    """See that the results have a bucket to go to, before anything is read.

    Raises:
        InvalidRequest: there is none.
        OutputFailed: nobody answers.
    """
    if not output.startswith(("s3://", "s3a://")):
        return
    system, path = file_system(output)
    bucket = path.split("/", 1)[0]
    if not bucket:
        raise InvalidRequest(f"{output} names no bucket; results go to s3://bucket/folder")
    try:
        system.info(bucket)
    except FileNotFoundError as error:
        raise InvalidRequest(f"there is no bucket {bucket} for {output}; make it, or name another one") from error
    except PermissionError:
        pass  # it may be allowed all the same to write to a folder in it
    except Exception as error:  # what the libraries of a bucket raise has no common base
        raise OutputFailed(f"cannot reach {output}: {said(error)}") from error


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
    storage, options = Storage(place, asked.retries), asked.options(settings)
    fingerprints, failed = options.fingerprints(settings), False
    with show_plan(as_json=asked.as_json) as show:
        for document in inputs:
            done = await finished(document, storage, options, fingerprints, retry_failed=asked.retry_failed)
            failed |= done is not None and bool(done.record.failures)
            show(document, done)
    return not failed


def _run(asked: Asked, settings: Settings, place: Place, inputs: Inputs) -> bool:
    tally, totals, seconds = Tally(), None, 0.0
    with Shown(inputs.count) as shown, _interruptible():
        try:
            try:
                if asked.ray is None:
                    seconds = asyncio.run(_read(asked, settings, place, inputs, shown, tally))
                else:
                    seconds = _read_on_ray(asked.ray, asked, settings, inputs, shown, tally)
            except Exception:
                if tally.documents:
                    _index_anyway(asked, place, shown)
                raise
            totals = _index(asked, place, shown)
        except KeyboardInterrupt:
            tally.stopped = True
    return _told(asked, tally, totals, seconds)


async def _read(asked: Asked, settings: Settings, place: Place, inputs: Inputs, shown: Shown, tally: Tally) -> float:
    """Read with engines of this machine or with servers; gives the seconds that took."""
    loop = asyncio.get_running_loop()
    settings, parallel = _in_parallel(asked, settings)
    at_once = 2 * parallel * max(1, len(asked.servers)) + 2 + _REMOTE_MORE * is_remote(asked.output)
    loop.set_default_executor(ThreadPoolExecutor(at_once + 4))
    options = asked.options(settings)
    async with Reader(lambda: reader(asked, settings, options, parallel), shown) as made:
        work = BulkRun(
            reader=made.get,
            storage=Storage(place, asked.retries, DecodeLimits.from_settings(settings)),
            options=options,
            fingerprints=options.fingerprints(settings),
            at_once=at_once,
            retry_failed=asked.retry_failed,
            grace_s=settings.shutdown_grace_s,
            done=shown.done,
            progress=shown.page,
            tally=tally,
        )

        def stop() -> None:
            if work.stop():
                shown.say("ending what is being read")
            else:
                grace = f"what is being read gets {settings.shutdown_grace_s:g} s"
                shown.say(f"stopping: {grace}; press again to end it at once")

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        await work.run(inputs)
        return time.monotonic() - made.began


def _index(asked: Asked, place: Place, shown: Shown) -> Totals:
    """Write the index. Whoever does not want to wait for it ends it: there is nothing left to do with grace.

    Raises:
        OutputFailed: it cannot be written.
        KeyboardInterrupt: by SIGTERM, too.
    """
    with _interruptible():  # once more, as event loops and Ray have handlers of their own
        shown.finishing()
        try:
            return build(place, asked.index, asked.retries, shown.indexed)
        except Exception as error:  # what the libraries of a bucket raise has no common base
            raise OutputFailed(f"cannot write the index of {place.url}: {said(error)}") from error


def _index_anyway(asked: Asked, place: Place, shown: Shown) -> None:
    """Write the index of what was read before something ended the run; that is told of, and not what fails here."""
    try:
        _index(asked, place, shown)
    except (OutputFailed, KeyboardInterrupt):
        shown.say("the index is not written; the same command goes on and writes it")
    else:
        shown.say(f"ended early; what was read and what could not be is in the index and in {FAILURES} all the same")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM and Ctrl-C are KeyboardInterrupt at once."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_parallel(asked: Asked, settings: Settings) -> tuple[Settings, int]:
    """How many pages are read at a time, and the settings with it: another server's model has no part in our cores."""
    if asked.servers:
        return settings, asked.parallel or _CALLS_EACH
    if settings.engine == "vlm":
        pages = asked.parallel or settings.vlm_concurrency
        return settings.model_copy(update={"vlm_concurrency": pages, "replicas": None}), pages
    return settings, asked.parallel or allowed(settings.cores).count


def _read_on_ray(address: str, asked: Asked, settings: Settings, inputs: Inputs, shown: Shown, tally: Tally) -> float:
    """Read on Ray; gives the seconds that took."""
    output = asked.output if is_remote(asked.output) else os.path.abspath(local_path(asked.output))
    return cli_bulk_ray.run(
        address, asked.parallel, inputs, settings, asked.options(settings), output, tally,
        retry_failed=asked.retry_failed, starting=shown.starting, begin=shown.begin, done=shown.done,
    )  # fmt: skip


def _told(asked: Asked, tally: Tally, totals: Totals | None, seconds: float) -> bool:
    """Say what was done; gives whether all of it could be."""
    if not tally.documents and not tally.stopped:
        sys.stderr.write(f"ml-server: no documents in {asked.source}\n")
    summary = Summary.of(tally, totals, seconds, asked.output, asked.index)
    summary.show(as_json=asked.as_json)
    return summary.status == "success"
