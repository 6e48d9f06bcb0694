"""``ml-server bulk --ray [ADDRESS]``: the command line's part in a run on Ray."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand

if TYPE_CHECKING:
    from ml_server.bulk.options import BulkDocument, BulkOptions
    from ml_server.bulk.outcome import Outcome
    from ml_server.bulk.run import Tally
    from ml_server.settings import Settings

FLAG: Final = "--ray"
LOCAL: Final = "local"

_ADDRESS = re.compile(r"local|auto|ray://\S+|[\w.-]+:\d+|\[[0-9a-f:]+\]:\d+")


class RayCommand(TyperCommand):
    """A command whose ``--ray`` may go without its value; Typer knows no such options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say ``--ray local`` for a ``--ray`` that no address follows."""
        for at in [index for index, each in enumerate(args) if each == FLAG][::-1]:
            if at + 1 == len(args) or not _ADDRESS.fullmatch(args[at + 1]):
                args.insert(at + 1, LOCAL)
        return super().parse_args(ctx, args)


def run(
    address: str,
    actors: int | None,
    documents: Iterable[BulkDocument],
    settings: Settings,
    options: BulkOptions,
    output: str,
    tally: Tally,
    *,
    retry_failed: bool,
    starting: Callable[[], object],
    begin: Callable[[], object],
    done: Callable[[BulkDocument, Outcome], None],
) -> float:
    """Read everything on Ray; where nothing is left to read there need not be one.

    Args:
        address: see :class:`RayOptions`.
        actors: at most; None for what fits.
        documents: to read.
        settings: of a bulk run.
        options: what to read and write.
        output: address of the results.
        tally: counts what is done.
        retry_failed: also try what failed for good in an earlier run.
        starting: called when there is something to read, before Ray is asked for it.
        begin: called when documents come: finished ones at first, and again when there is a Ray.
        done: told of every document.

    Returns:
        The seconds it took.

    Raises:
        InvalidRequest: there is no Ray at the address, or no room in it.
        EngineUnavailable: Ray is not installed, or no document can be read.
        OutputFailed: results cannot be written.
    """
    from ml_server.bulk.places import open_place
    from ml_server.bulk.ray_actor import Reading
    from ml_server.bulk.ray_run import RayOptions, connected, run_on_ray
    from ml_server.bulk.storage import Storage
    from ml_server.bulk.unfinished import unfinished

    wanted = RayOptions.of(address, actors, settings)
    storage, fingerprints = Storage(open_place(output), options.retries), options.fingerprints(settings)

    def skipped(document: BulkDocument, outcome: Outcome) -> None:
        tally.add(outcome)
        done(document, outcome)

    begin()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    try:
        left = unfinished(documents, storage, options, fingerprints, skipped, retry_failed=retry_failed)
    except KeyboardInterrupt:
        tally.stopped, left = True, []
    if not left:
        return time.monotonic() - began
    starting()
    with connected(wanted) as ray:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # once more: Ray's own would print a stack
        begin()
        began = time.monotonic()
        try:
            run_on_ray(ray, left, Reading(settings, options, output, retry_failed, fingerprints), wanted, done, tally)
        except KeyboardInterrupt:
            tally.stopped = True
        return time.monotonic() - began
