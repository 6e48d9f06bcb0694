"""The process above the server's starts it again when it dies; here is how both end when that is of no use.

BentoML's supervisor knows only one way to end well, SIGTERM, after which its exit code is 0. So the server sends it
SIGUSR1 instead, and it ends the same way but with code 1: whoever runs it (Kubernetes, Docker, systemd) starts anew.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
from types import FrameType

_SUPERVISOR = "_ML_SERVER_SUPERVISOR"  # environment variable: process id

_given_up = False


def watch_over() -> None:
    """In the supervisor, before it starts the server: listen for :func:`give_up`."""
    os.environ[_SUPERVISOR] = str(os.getpid())
    atexit.register(_exit)
    signal.signal(signal.SIGUSR1, _end)


def give_up() -> None:
    """In the server: end it gracefully, and its supervisor with it, both with code 1."""
    global _given_up
    _given_up = True
    if os.environ.get(_SUPERVISOR) == str(os.getppid()):
        os.kill(os.getppid(), signal.SIGUSR1)
    else:
        signal.raise_signal(signal.SIGTERM)


def exit_code() -> int:
    """Of this process: 1 after :func:`give_up`, here or below."""
    return int(_given_up)


def _end(number: int, frame: FrameType | None) -> None:
    global _given_up
    _given_up = True
    signal.raise_signal(signal.SIGTERM)


def _exit() -> None:
    if _given_up:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(1)
