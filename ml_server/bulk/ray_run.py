"""A bulk run on Ray Data: actors that hold an engine, on one machine or many.

Ray deals the documents out, keeps no more in flight than the actors can take, starts actors again that died, and gives
the work of a lost machine to the others. What is finished is known from the results alone, as in every bulk run: a
document that is dealt out again goes on with the page it had come to.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.ray_actor import RayReader, Reading, outcome_of, row_of
from ml_server.bulk.run import Tally
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.settings import Settings

LOCAL: Final = "local"
"""Instead of an address: a Ray of this machine's own, for this run."""

_MOST_BATCHES = 20_000
"""Batches are what Ray deals out and does again; it keeps account of each."""


@dataclass(frozen=True, slots=True)
class RayOptions:
    """What Ray is asked for.

    Attributes:
        address: ``local``, ``auto`` for the Ray this machine belongs to, ``host:6379`` or ``ray://host:10001``.
        actors: engines, at most; None for as many as the cluster's CPUs or GPUs allow.
        cpus: of each actor.
        gpus: of each actor; a fraction where several share one.
    """

    address: str
    actors: int | None
    cpus: int
    gpus: float

    @classmethod
    def of(cls, address: str, actors: int | None, settings: Settings) -> RayOptions:
        """From settings: ``threads`` CPUs each, or one, and a GPU if that is the device."""
        return cls(address, actors, settings.threads or 1, 1.0 if settings.device == "gpu" else 0.0)

    def at_most(self, resources: dict[str, float]) -> int:
        """Actors that the cluster has room for now.

        Raises:
            InvalidRequest: it has none for a single one.
        """
        room = math.floor(resources.get("CPU", 0) / self.cpus)
        if self.gpus:
            room = min(room, math.floor(resources.get("GPU", 0) / self.gpus))
        if room < 1:
            raise InvalidRequest(
                f"the Ray cluster has {resources.get('CPU', 0):g} CPUs and {resources.get('GPU', 0):g} GPUs; an engine "
                f"wants {self.cpus} CPUs and {self.gpus:g} GPUs"
            )
        return min(room, self.actors or room)


@contextmanager
def connected(options: RayOptions) -> Iterator[Any]:
    """The ``ray`` module, connected to the cluster.

    Raises:
        EngineUnavailable: Ray is not installed.
        InvalidRequest: there is no Ray at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # tells nobody of its use
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise EngineUnavailable(f'--ray needs Ray: {error}; install it with: pip install "ml_server[ray]"') from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # else a line of its own when it is through
    more: dict[str, Any] = {"include_dashboard": False} if options.address == LOCAL else {}
    try:
        # "local" is an address of Ray's own, and means it even where RAY_ADDRESS names another one.
        ray.init(address=options.address, log_to_driver=False, logging_level=logging.ERROR, **more)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InvalidRequest(f"there is no Ray at {options.address}: {error}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def run_on_ray(
    ray: Any,
    documents: Iterable[BulkDocument],
    reading: Reading,
    options: RayOptions,
    done: Callable[[BulkDocument, Outcome], None],
    tally: Tally,
) -> None:
    """Read them all.

    Args:
        ray: see :func:`connected`.
        documents: what there is to read; those that are finished cost a look at their record.
        reading: how; the output must be the same place for every machine.
        options: what to ask Ray for.
        done: told of every document.
        tally: counts them.

    Raises:
        InvalidRequest: the cluster has no room for an engine.
        OutputFailed: results cannot be written.
        MLServerError: no document can be read.
    """
    rows = [row_of(document) for document in documents]
    if not rows:
        return
    most = options.at_most(ray.cluster_resources())
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Two documents at a time keep an engine busy while one of them is fetched or written.
    size = max(2, math.ceil(len(rows) / _MOST_BATCHES))
    settings = reading.settings.model_copy(
        update={"replicas": 1, "cores": options.cpus, "threads": options.cpus, "decode_workers": 1}
    )
    results = ray.data.from_items(rows, override_num_blocks=math.ceil(len(rows) / size)).map_batches(
        RayReader,
        fn_constructor_args=(replace(reading, settings=settings),),
        batch_format="numpy",
        batch_size=None,
        num_cpus=options.cpus,
        num_gpus=options.gpus,
        # Not a fixed size: after a machine is lost there is room for fewer, and Ray must be free to have fewer.
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
    )
    for row in results.iter_rows():
        document, outcome = outcome_of(row)
        tally.add(outcome)
        done(document, outcome)
