"""Servers started for a measurement, on loopback and free ports, and always ended."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.callers import GrpcCaller, HttpCaller
from benchmarks.usage import tree

_START_S = 300.0
_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready.

    Attributes:
        process: at the head of its tree.
        http: URL; empty where it has no such wire.
        grpc: ``host:port``; empty where it has no such wire.
        language: of the pages it is asked to read.
        engine: to read them with.
    """

    process: psutil.Process
    http: str = ""
    grpc: str = ""
    language: str = ""
    engine: str = ""

    def caller(self, wire: str) -> HttpCaller | GrpcCaller:
        """A client of our server, or of one with the same routes, over ``http`` or ``grpc``."""
        if wire == "grpc":
            return GrpcCaller(self.grpc, self.language, self.engine)
        return HttpCaller(self.http, form={"language": self.language, "engine": self.engine})

    def replicas(self) -> list[psutil.Process]:
        """The engine and decoder processes of our server."""
        found = []
        for process in tree(self.process):
            try:
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], ready: Callable[[], bool], environment: Mapping[str, str] | None = None
) -> Iterator[psutil.Process]:
    """Start a program, wait until it is ready, and end it and all that it started.

    Args:
        command: to run.
        ready: whether it is; asked again and again.
        environment: added to this process's.

    Raises:
        RuntimeError: it did not become ready; with the end of what it wrote.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        started = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + _START_S
            while not ready():
                if started.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"{shlex.join(command)} is not ready:\n{log.read()[-3000:]}")
                time.sleep(0.1)
            yield psutil.Process(started.pid)
        finally:
            end(started)


@contextmanager
def ours(
    engine: str, settings: Mapping[str, str], language: str = "english", ports: tuple[int, int] | None = None
) -> Iterator[Server]:
    """``ml-server serve`` for one engine, as a user starts it; only the extractor waits for its first request.

    Args:
        engine: the only one it loads.
        settings: further ones, by name without their prefix.
        language: its default.
        ports: for HTTP and gRPC; None for free ones.
    """
    http, grpc = ports or (free_port(), free_port())
    command = [str(Path(sys.executable).parent / "ml-server"), "serve", "--engine", engine, "--lang", language]
    command += ["--http-port", str(http), "--grpc-port", str(grpc)]
    fixed = {"http_host": "127.0.0.1", "grpc_host": "127.0.0.1", "preload": "", "key_value_preload": "false"}
    environment = {f"ML_SERVER_{name.upper()}": value for name, value in {**fixed, **settings}.items()}
    url = f"http://127.0.0.1:{http}"
    with running(command, answering(f"{url}/readyz"), environment) as process:
        yield Server(process, url, f"127.0.0.1:{grpc}", language, engine)


def end(started: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; after half a minute end it, and in any case whatever it started and left behind."""
    try:
        family = list(tree(psutil.Process(started.pid)))
    except psutil.NoSuchProcess:
        family = []
    if started.poll() is None:
        started.terminate()
        try:
            started.wait(_END_S)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
    _, left = psutil.wait_procs(family, 2.0)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, _END_S)


def answering(address: str) -> Callable[[], bool]:
    """Whether an address answers below 500."""

    def asked() -> bool:
        try:
            return httpx.get(address, timeout=5.0).status_code < httpx.codes.INTERNAL_SERVER_ERROR
        except httpx.TransportError:
            return False

    return asked


def listening(port: int) -> Callable[[], bool]:
    """Whether something accepts connections on a port of loopback."""

    def asked() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return asked
