"""The images' HEALTHCHECK: exit status 0 if the server in this container answers ``/livez``, else 1.

It reads the same variables as the server. With ``ML_SERVER_TLS_CLIENT_CA`` every caller needs a certificate, so the
certificate the server itself has is offered; where its authority is another one, run the container with
``--no-healthcheck`` and ask from outside. ``ml-server grpc`` has no HTTP: likewise.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request


def main() -> int:
    """Exit status."""
    port = os.environ.get("ML_SERVER_HTTP_PORT") or "3000"
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
        with urllib.request.urlopen(address, timeout=4, context=context) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(f"{address}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
