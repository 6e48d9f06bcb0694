"""Objects of buckets that the operator lets this server read with its own keys, by fsspec."""

from __future__ import annotations

from ml_server.errors import EngineUnavailable, InvalidRequest, NotReady, PayloadTooLarge, Unauthenticated

_NEEDS = {"s3": "pip install 'ml_server[s3]'", "gs": "pip install gcsfs", "azure-blob": "pip install adlfs"}


def read(address: str, max_bytes: int) -> bytes:
    """The bytes of an object; blocking.

    Args:
        address: ``s3://bucket/key`` or ``gs://bucket/key``.
        max_bytes: of one object.

    Raises:
        EngineUnavailable: the package for this kind of storage is not installed; the message says which.
        InvalidRequest: there is no such object.
        Unauthenticated: the keys do not open it.
        PayloadTooLarge: more than ``max_bytes``.
        NotReady: the storage cannot be reached, or failed.
    """
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower()
    try:
        import fsspec

        # Not fsspec.open, to which "::" in a key would lead on to another storage, or to a file of this machine.
        with fsspec.filesystem(scheme).open(f"{scheme}://{rest}", "rb") as file:
            found = bytes(file.read(max_bytes + 1))
    except ImportError as error:
        raise EngineUnavailable(
            f"{address[:200]} cannot be read with this server's own keys: {error}; install it with: {_NEEDS[scheme]}"
        ) from error
    except FileNotFoundError as error:
        raise InvalidRequest(f"there is no {address[:200]}", field="data") from error
    except PermissionError as error:
        raise Unauthenticated(f"this server's own keys do not open {address[:200]}: {error}") from error
    except Exception as error:  # each storage's library has errors of its own
        raise NotReady(f"{address[:200]} cannot be read: {type(error).__name__}: {error}", retry_after_s=1.0) from error
    if len(found) > max_bytes:
        raise PayloadTooLarge(f"{address[:200]} is too large: {max_bytes} bytes allowed", field="data")
    return found
