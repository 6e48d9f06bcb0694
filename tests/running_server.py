"""A real server as a stranger meets it: the console script, free ports, HTTP and gRPC."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

BROKEN = "broken"
"""While there is a file of that name in the server's folder, its engine processes end as soon as they start."""

DUMP_MODULES = """\
import os, signal, sys

def dump(*_):
    with open(os.path.join(os.environ["ML_SERVER_TEST_DUMP"], f"{os.getpid()}.modules"), "w") as file:
        file.write("\\n".join(sorted(sys.modules)))

if "ML_SERVER_TEST_DUMP" in os.environ:
    if "spawn_main" in " ".join(sys.orig_argv) and os.path.exists(os.environ["ML_SERVER_TEST_DUMP"] + "/broken"):
        os._exit(3)
    signal.signal(signal.SIGUSR1, dump)
"""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Addresses and process of a server; ``dump`` is where SIGUSR1 makes a process write its ``sys.modules``."""

    http: str
    grpc: str
    process: psutil.Process
    log: Path
    dump: Path

    def front(self) -> psutil.Process:
        """The process that answers both wires."""
        port = int(self.http.rsplit(":", 1)[1])
        grpc_port = int(self.grpc.rsplit(":", 1)[1])
        for process in (self.process, *self.process.children(recursive=True)):
            listening = {c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
            if {port, grpc_port} <= listening:
                return process
        raise AssertionError("no process listens on both ports")

    def engines(self) -> list[psutil.Process]:
        """The engine and decoder processes."""
        return [child for child in self.front().children() if "spawn_main" in " ".join(child.cmdline())]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    folder: Path, tls: ssl.SSLContext | None = None, *, cwd: str | None = None, **settings: str
) -> Iterator[RunningServer]:
    """Start ``ml-server serve`` and wait until it is ready; stop it afterwards.

    Args:
        folder: for its files.
        tls: how callers speak to it, where the settings have a certificate.
        cwd: folder that it is started in; None for this process's.
        settings: its settings.
    """
    (folder / "sitecustomize.py").write_text(DUMP_MODULES)
    http, grpc = free_port(), free_port()
    log = folder / "server.log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "ML_SERVER_TEST_DUMP": str(folder),
        "ML_SERVER_HTTP_HOST": "127.0.0.1",
        "ML_SERVER_GRPC_HOST": "127.0.0.1",
        **{f"ML_SERVER_{name.upper()}": value for name, value in settings.items()},
    }
    command = [str(Path(sys.executable).parent / "ml-server"), "serve"]
    command += ["--http-port", str(http), "--grpc-port", str(grpc)]
    with ExitStack() as stack:
        output = stack.enter_context(log.open("w"))
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=cwd)
        stack.callback(_stop, process)
        scheme = "https" if tls else "http"
        server = RunningServer(
            f"{scheme}://127.0.0.1:{http}", f"127.0.0.1:{grpc}", psutil.Process(process.pid), log, folder
        )
        _wait_until_ready(server, process, tls)
        yield server


def _wait_until_ready(server: RunningServer, process: subprocess.Popen[bytes], tls: ssl.SSLContext | None) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{server.log.read_text()[-4000:]}")
        try:
            if httpx.get(f"{server.http}/readyz", timeout=5, verify=tls or True).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the server is not ready:\n{server.log.read_text()[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
