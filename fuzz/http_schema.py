"""Fuzz the HTTP API: requests made from its own OpenAPI document, right and wrong ones, to a server on the mock engine.

Findings are answers of 500 and above that the document does not name or that say "internal", answers that are not what
the document says, and right requests that are refused.

    python fuzz/http_schema.py [options of `schemathesis run`, as --max-examples 500]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "fuzz"  # where schemathesis keeps what it found
BOUNDS = ("--seed", "20261121", "--max-examples", "50", "--workers", "1", "--request-timeout", "20", "--no-color")
EXCLUDED = ("--exclude-checks", "negative_data_rejection")  # forms take 1, yes and off for a boolean, on purpose
SETTINGS = {
    "ENGINE": "mock", "PRELOAD": "", "REPLICAS": "1", "DECODE_WORKERS": "1", "KEY_VALUE_EXTRACTOR": "mock",
    "HTTP_HOST": "127.0.0.1", "GRPC_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING",
}  # fmt: skip


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers 200 on ``/readyz``.

    Raises:
        RuntimeError: it has ended, or is not ready within a minute.
    """
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return
        except OSError:  # refused, reset, answered 503, or too busy to answer
            time.sleep(0.1)
    raise RuntimeError("the server is not ready after a minute")


def main() -> int:
    """Run schemathesis against a server of its own. Returns its exit code: 1 for findings."""
    binaries = Path(sys.executable).parent
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {f"ML_SERVER_{name}": value for name, value in SETTINGS.items()}
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as documents:
        environment["ML_SERVER_DOCUMENTS"] = documents
        command = [str(binaries / "ml-server"), "serve", "--http-port", str(port), "--grpc-port", str(free_port())]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until_ready(address, server)
            fuzzer = [str(binaries / "schemathesis"), "run", f"{address}/openapi.json"]
            fuzzer += [*BOUNDS, *EXCLUDED, *sys.argv[1:]]
            files = {"SCHEMATHESIS_HOOKS": "http_files", "PYTHONPATH": str(HERE)}
            found = subprocess.run(fuzzer, env=os.environ | files, cwd=BUILD, check=False)
            wait_until_ready(address, server)  # still, whatever was sent
        finally:
            server.terminate()
            server.wait(30)
        log.seek(0)
        sys.stderr.write(log.read().decode(errors="replace"))
    return found.returncode


if __name__ == "__main__":
    sys.exit(main())
