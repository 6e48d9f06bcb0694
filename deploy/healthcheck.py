"""The images' HEALTHCHECK: exit status 0 if the server in this container is alive, else 1.

It asks ``/livez``; of ``ml-server grpc``, which has no HTTP, gRPC's own health, where any answer will do. It reads the
same variables as the server. With ``ML_SERVER_TLS_CLIENT_CA`` every caller needs a certificate, so the certificate the
server itself has is offered; where its authority is another one, or where ``ml-server grpc`` speaks TLS, run the
container with ``--no-healthcheck`` and ask from outside.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request
from pathlib import Path

_COMMAND = Path("/proc/1/cmdline")
_TIMEOUT_S = 4.0


def main(command: Path = _COMMAND) -> int:
    """Exit status.

    Args:
        command: file with the arguments that the container was started with, a zero byte behind each.
    """
    if b"grpc" in command.read_bytes().split(b"\0"):
        return _grpc(f"127.0.0.1:{os.environ.get('ML_SERVER_GRPC_PORT') or '50051'}")
    return _http(os.environ.get("ML_SERVER_HTTP_PORT") or "3000")


def _http(port: str) -> int:
    certificate, key = os.environ.get("ML_SERVER_TLS_CERT"), os.environ.get("ML_SERVER_TLS_KEY")
    context = None
    if certificate:
        # It asks its own container, whatever name the certificate is for.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(certificate, key)
    address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}/livez"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S, context=context) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(f"{address}: {error}", file=sys.stderr)
        return 1


def _grpc(address: str) -> int:
    import grpc  # takes longer than all else here
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    try:
        with grpc.insecure_channel(address) as channel:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
    except grpc.RpcError as error:
        print(f"{address}: {error.details()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
