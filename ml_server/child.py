"""What runs inside a replica's process.

It imports nothing that brings native libraries along: those read the environment when they are loaded, and it is set
here first.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import wait
from typing import Any

_worker: Any = None


def settle_in(environment: Mapping[str, str], log_level: str, log_format: str) -> None:
    """Take on the environment, leave signals to the server, die with it, log like it."""
    os.environ.update(environment)
    # Ctrl-C and supervisors signal the whole family; a replica must finish its page while the server drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A ProcessPoolExecutor's process holds both ends of its queue and would outlive a killed parent for ever.
        def follow(sentinel: int = parent.sentinel) -> None:
            wait([sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
    from ml_server import logs

    logs.configure(log_level, log_format)


def build(make: Callable[[], Any]) -> None:
    """Make the process's worker."""
    global _worker
    with _out_of_memory_is_plain():
        _worker = make()


def call(request_id: str, method: str, args: tuple[Any, ...]) -> Any:
    """Call a method of the worker."""
    from ml_server import logs

    with logs.bind_request_id(request_id), _out_of_memory_is_plain():
        return getattr(_worker, method)(*args)


@contextlib.contextmanager
def _out_of_memory_is_plain() -> Iterator[None]:
    """Raise MemoryError for a framework's own error: to unpickle that, the server would import the framework."""
    from ml_server.errors import MLServerError
    from ml_server.outcomes import is_out_of_memory

    try:
        yield
    except Exception as error:
        if isinstance(error, MLServerError | MemoryError) or not is_out_of_memory(error):
            raise
        raise MemoryError(f"{type(error).__name__}: {error}") from error
