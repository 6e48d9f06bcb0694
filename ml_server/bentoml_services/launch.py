"""Start the server the way ``bentoml serve`` does: by becoming it, so that signals reach its supervisor directly."""

from __future__ import annotations

import math
import os
import socket
import ssl
import sys
from typing import NoReturn

from pydantic import SecretStr

from ml_server.settings import Settings
from ml_server.tls import TLS

SERVICE = "ml_server.bentoml_services.service:MLServer"
SUPERVISOR = "ml_server.bentoml_services.bento_supervisor"


def serve(settings: Settings) -> NoReturn:
    """Replace this process by BentoML's server of HTTP and gRPC.

    Args:
        settings: flags and environment together; the server's processes read them from their environment.

    Raises:
        OSError: a port is taken, or the host is not an address of this machine.
        ValueError: the certificate is not usable.
    """
    host = _address(settings.http_host)
    _check_free(host, settings.http_port, "HTTP", "--http-port")
    _check_free(_address(settings.grpc_host), settings.grpc_port, "gRPC", "--grpc-port")
    command = [
        sys.executable, "-m", SUPERVISOR, "serve", SERVICE, "--host", host, "--port", str(settings.http_port),
        "--timeout-graceful-shutdown", str(max(1, math.ceil(settings.shutdown_grace_s))),
        *_tls_options(settings),
    ]  # fmt: skip
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment(settings, dict(os.environ)))


def environment(settings: Settings, inherited: dict[str, str]) -> dict[str, str]:
    """The variables that make ``Settings()`` in another process equal to ``settings``.

    Args:
        settings: what to pass on.
        inherited: the environment to start from.
    """
    found = dict(inherited)
    prefix = str(Settings.model_config["env_prefix"])
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        variable = f"{prefix}{name.upper()}"
        for spelling in [each for each in found if each.upper() == variable]:
            del found[spelling]  # pydantic-settings reads them in any case
        if value != field.default:
            found[variable] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    found["PYTHONSAFEPATH"] = "1"  # else -m and -c look for packages in the current folder first
    found.setdefault("BENTOML_DO_NOT_TRACK", "True")  # no usage statistics to BentoML's makers, unless someone asks
    found.setdefault("GRPC_VERBOSITY", "ERROR")  # else a line in a format of its own for each failed handshake
    return found


def _tls_options(settings: Settings) -> list[str]:
    tls = TLS.of(settings)
    if tls is None:
        return []
    options = ["--ssl-certfile", str(tls.cert.absolute()), "--ssl-keyfile", str(tls.key.absolute())]
    if tls.client_ca is not None:
        options += ["--ssl-ca-certs", str(tls.client_ca.absolute()), "--ssl-cert-reqs", str(int(ssl.CERT_REQUIRED))]
    return options


def _address(host: str) -> str:
    """The IP address of a host; BentoML takes no names."""
    found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    # IPv4 first: "localhost" is both, and callers try IPv4 at the latest as the second.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return str(found[0][4][0])


def _check_free(host: str, port: int, wire: str, flag: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                error.errno, f"cannot listen for {wire} on {host}:{port} ({error.strerror}); choose another with {flag}"
            ) from error
