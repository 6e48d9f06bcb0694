"""The images' HEALTHCHECK: exit status 0 if the server in this container is alive, else 1.

It asks ``/livez``; of ``ml-server grpc``, which has no HTTP, gRPC's own health, where any answer will do. Where the
server listens it learns as the server does: from the arguments that the container was started with, else from the same
variables. With a client authority every caller needs a certificate, so the certificate the server itself has is
offered; where its authority is another one, or where ``ml-server grpc`` speaks TLS, run the container with
``--no-healthcheck`` and ask from outside.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request
from pathlib import Path

_COMMAND = Path("/proc/1/cmdline")
_TIMEOUT_S = 4.0
_ANY = frozenset({"", "0.0.0.0", "::"})


def main(command: Path = _COMMAND) -> int:
    """Exit status.

    Args:
        command: file with the arguments that the container was started with, a zero byte behind each.
    """
    arguments = [os.fsdecode(each) for each in command.read_bytes().split(b"\0")]
    if "grpc" in arguments:
        return _grpc(_address("grpc", _told(arguments, "grpc-port") or "50051"))
    address = _address("http", _told(arguments, "http-port") or "3000")
    return _http(address, _told(arguments, "tls-cert"), _told(arguments, "tls-key"))


def _told(arguments: list[str], name: str) -> str:
    """A setting's value: the flag's, the last one if there are several, else the variable's; empty for neither."""
    found = os.environ.get(f"ML_SERVER_{name.replace('-', '_').upper()}", "")
    for at, each in enumerate(arguments):
        flag, equals, value = each.partition("=")
        if flag == f"--{name}":
            found = value if equals else "".join(arguments[at + 1 : at + 2])
    return found


def _address(wire: str, port: str) -> str:
    """Where a server that binds this wire's address answers from within: loopback, unless it binds another one."""
    host = os.environ.get(f"ML_SERVER_{wire.upper()}_HOST", "")
    host = "127.0.0.1" if host in _ANY else host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _http(server: str, certificate: str, key: str) -> int:
    context = None
    if certificate:
        # It asks its own container, whatever name the certificate is for.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(certificate, key or None)
    address = f"{'https' if certificate else 'http'}://{server}/livez"
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
