"""The gRPC port's certificate; new connections get the renewed one."""

from __future__ import annotations

from typing import Any

import grpc

from ml_server.tls import TLS, Renewal


def server_credentials(tls: TLS) -> grpc.ServerCredentials:
    """For ``add_secure_port``. grpc asks before each handshake whether there is another certificate."""
    renewal = Renewal(tls)

    def renewed() -> Any:  # None for "no other", which the stubs do not know
        return _configuration(tls) if renewal.due() else None

    return grpc.dynamic_ssl_server_credentials(
        _configuration(tls), renewed, require_client_authentication=tls.client_ca is not None
    )


def _configuration(tls: TLS) -> grpc.ServerCertificateConfiguration:
    roots = tls.client_ca.read_bytes() if tls.client_ca is not None else None
    return grpc.ssl_server_certificate_configuration([(tls.key.read_bytes(), tls.cert.read_bytes())], roots)
