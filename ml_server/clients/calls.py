"""One call: its options, its id and its deadline, which all its attempts share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, Unpack

from ml_server.errors import DeadlineExceeded, InvalidRequest, MLServerError
from ml_server.logs import LONGEST_REQUEST_ID, is_request_id, new_request_id

_TEXTS = frozenset({"language", "engine", "request_id", "model_version"})

Source: TypeAlias = bytes | str | os.PathLike[str]
"""A file's bytes, or the path of a file."""


class CallOptions(TypedDict, total=False):
    """Keyword arguments of the reading methods; what is left out or None takes the server's default.

    Attributes:
        language: as people write it: ``korean``, ``ko``, ``kor``, ``korean+english``.
        engine: ``auto`` or an engine's name.
        confidence_threshold: lines below it are left out, 0..1.
        use_angle_cls: also read pages and lines turned by 90, 180 or 270 degrees.
        request_id: for the server's log, printable ASCII of at most 128 characters; a new one where it is left out.
        model_version: of the model that finds keys and values; only ``extract_key_values`` looks at it.
    """

    language: str | None
    engine: str | None
    confidence_threshold: float | None
    use_angle_cls: bool | None
    request_id: str | None
    model_version: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """See :class:`CallOptions` for the options.

    Attributes:
        timeout_s: seconds for the whole call.
        deadline: when they are over, by ``time.monotonic``.
        request_id: sent with every attempt.
    """

    timeout_s: float
    deadline: float
    request_id: str
    language: str | None = None
    engine: str | None = None
    confidence_threshold: float | None = None
    use_angle_cls: bool | None = None
    model_version: str | None = None

    @classmethod
    def begin(cls, timeout_s: float, **options: Unpack[CallOptions]) -> Call:
        """A call whose time runs from now.

        Raises:
            InvalidRequest: the request id cannot be sent in a header.
            TypeError: an option that does not exist or is of the wrong type.
        """
        _check_types(options)
        given = options.get("request_id")
        request_id = new_request_id() if given is None else given
        if not is_request_id(request_id):
            raise InvalidRequest(
                f"request_id is {request_id[:200]!r}, allowed: 1 to {LONGEST_REQUEST_ID} printable ASCII characters",
                field="request_id",
            )
        fields: dict[str, Any] = {**options, "request_id": request_id}
        return cls(timeout_s, time.monotonic() + timeout_s, **fields)

    def left_s(self) -> float:
        """Seconds until the deadline, more than 0.

        Raises:
            DeadlineExceeded: it has passed.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.expired()
        return left

    def expired(self) -> DeadlineExceeded:
        """The error of a call that nobody answered in time."""
        return DeadlineExceeded(f"no answer from the server within this client's timeout_s of {self.timeout_s:g} s")

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Add the request id to the traceback of an error, as it is in the server's log."""
        try:
            yield
        except MLServerError as error:
            error.add_note(f"request id: {self.request_id}")
            raise


def _check_types(options: CallOptions) -> None:
    """Over HTTP any value would become text, and be read as something else; over gRPC the library would refuse it."""
    for name, value in options.items():
        if name not in CallOptions.__annotations__:
            raise TypeError(f"found the option {name!r}, allowed: {', '.join(CallOptions.__annotations__)}")
        if value is not None and isinstance(value, str) != (name in _TEXTS):
            allowed = "a str" if name in _TEXTS else "a number" if name == "confidence_threshold" else "True or False"
            raise TypeError(f"{name} is {value!r}, allowed: {allowed}")


def read_sources(sources: Sequence[Source]) -> list[bytes]:
    """The bytes of several.

    Raises:
        InvalidRequest: there are none.
        OSError: a file cannot be read.
        TypeError: one source instead of several, or neither bytes nor a path among them.
    """
    if isinstance(sources, str | bytes | bytearray | memoryview | os.PathLike):
        raise TypeError(f"found one {type(sources).__name__}, allowed: a list of images")
    data = [read_source(source) for source in sources]
    if not data:
        raise InvalidRequest("found no images, allowed: at least one", field="images")
    return data


def read_source(source: Source) -> bytes:
    """The bytes to send.

    Raises:
        OSError: the file cannot be read.
        TypeError: neither bytes nor a path.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return Path(source).read_bytes()
    raise TypeError(f"found {type(source).__name__}, allowed: the file's bytes, or its path as str or Path")
