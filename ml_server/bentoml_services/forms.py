"""multipart/form-data bodies: the files' bytes and the options, or an error that names the field."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ml_server import logs
from ml_server.bentoml_services.exchange import Exchange
from ml_server.bentoml_services.schemas import Options
from ml_server.errors import DeadlineExceeded, InvalidRequest, NotReady, UnsupportedMediaType
from ml_server.settings import Settings

Fields = TypeVar("Fields", bound=BaseModel)

_MAX_FIELDS = 100
_MORE_FILES = 8  # than allowed are read all the same, for a message that names the field
_MAX_FIELD_BYTES = 64 * 2**10
_DISK_AGAIN_S = 10.0

_log = logs.get_logger("ml_server.http")


@dataclass(frozen=True, slots=True)
class Form:
    """What a form held.

    Attributes:
        files: the bytes of each file, in the order sent; an empty file is there too.
        options: checked for type and range.
    """

    files: list[bytes]
    options: Options


class _Parser(MultiPartParser):
    """Starlette's, which also refuses a body that ends before its closing boundary, and counts what it puts on disk."""

    _ended = False

    def __init__(self, request: Request, most: int, spool_max_size: int) -> None:
        self._body = Exchange.of(request.scope).body
        self._uploads: list[UploadFile] = []
        self._most = most
        super().__init__(
            request.headers,
            self._to_the_end(request.stream()),
            max_files=math.inf,  # see below
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_FIELD_BYTES,
        )
        self.spool_max_size = spool_max_size

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if self._current_part.file is not None:
            self._uploads.append(self._current_part.file)
        if len(self._uploads) > self._most + _MORE_FILES:
            raise MultiPartException(f"it holds more than {self._most + _MORE_FILES} files, allowed: {self._most}")

    def on_end(self) -> None:
        self._ended = True

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            self._body.spooled(self._on_disk_with(len(chunk)))
            yield chunk
        if not self._ended:
            raise MultiPartException("it ends before its closing boundary")  # here, so that the parser closes its files

    def _on_disk_with(self, coming: int) -> int:
        """Bytes on disk when the next chunk has been written; its part's headers may be among them."""
        sizes = [upload.size or 0 for upload in self._uploads]
        if sizes:
            sizes[-1] += coming
        return sum(size for size in sizes if size > self.spool_max_size)


async def read_form(request: Request, field: str, settings: Settings, *, most: int = 1, others: bool = False) -> Form:
    """Read a request's body.

    Args:
        request: its body not read yet.
        field: name of the file field.
        settings: for the defaults of language and engine.
        most: files allowed in ``field``.
        others: whether fields of other names may be there; nobody looks at them.

    Raises:
        UnsupportedMediaType: not multipart/form-data.
        InvalidRequest: a malformed form, a missing or empty field, text where a file belongs, too many files, or an
            option that does not exist, stands in the address, has two values, is of the wrong type or out of range.
        ServerBusy: there is no room for the body.
        NotReady: the temporary folder cannot be written to, most often because its disk is full.
        DeadlineExceeded: the body did not arrive in time.
    """
    async with open_form(request, settings, most=most) as form:
        files = uploads(form, field, most)
        if not others:
            check_names(request, form, (field, *Options.model_fields))
        options = text_fields(form, Options, {"language": settings.lang, "engine": settings.engine})
        return Form([await content(request, each, settings) for each in files], options)


async def content(request: Request, upload: UploadFile, settings: Settings) -> bytes:
    """A file's bytes; what is on disk is read when there is room in memory for it.

    Raises:
        ServerBusy: there was none for as long as a body may stand still.
    """
    size = upload.size or 0
    if size > settings.max_image_bytes:
        await Exchange.of(request.scope).body.memory.reserve_in_turn(size, settings.body_timeout_s)
    return await upload.read()


@asynccontextmanager
async def open_form(request: Request, settings: Settings, *, most: int = 1) -> AsyncGenerator[FormData, None]:
    """A request's body, read to its end; its files are gone when this is left.

    Raises:
        UnsupportedMediaType, InvalidRequest, ServerBusy, NotReady, DeadlineExceeded: see :func:`read_form`.
    """
    try:
        async with asyncio.timeout(settings.request_timeout_s):
            form = await _parse(request, most, settings)
    except TimeoutError:
        raise DeadlineExceeded(f"the body did not arrive within {settings.request_timeout_s:g} s") from None
    try:
        yield form
    finally:
        await form.close()
        Exchange.of(request.scope).body.disk.give_back()


async def _parse(request: Request, most: int, settings: Settings) -> FormData:
    found = request.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType(
            f"the Content-Type is {found[:100]!r}, allowed: multipart/form-data (curl -F, files= in Python)"
        )
    try:
        # Images stay in memory, larger documents go to a temporary file.
        return await _Parser(request, most, settings.max_image_bytes).parse()
    except MultiPartException as error:
        raise InvalidRequest(f"malformed multipart form: {error.message}") from error
    except OSError as error:
        _log.error("cannot_spool", error=str(error))
        why = "the server cannot write an upload of this size to its temporary folder"
        raise NotReady(why, retry_after_s=_DISK_AGAIN_S) from error


def uploads(form: FormData, field: str, most: int) -> list[UploadFile]:
    """The files of a field, 1 to ``most``.

    Raises:
        InvalidRequest: none, too many, or text where a file belongs.
    """
    values = form.getlist(field)
    if not values:
        others = ", ".join(sorted({name[:40] for name in form})) or "none"
        raise InvalidRequest(f"field {field!r} is missing: it must hold a file; fields sent: {others}", field=field)
    if len(values) > most:
        raise InvalidRequest(f"field {field!r} holds {len(values)} files, allowed: {most}", field=field)
    found = [value for value in values if isinstance(value, UploadFile)]
    if len(found) < len(values):
        raise InvalidRequest(
            f"field {field!r} holds text, it must hold a file (with a filename); addresses are not fetched", field=field
        )
    if any(not upload.filename and not upload.size for upload in found):
        raise InvalidRequest(f"field {field!r} is empty: no file was chosen", field=field)
    return found


def check_names(request: Request, form: FormData, known: Collection[str]) -> None:
    """Refuse what nobody would look at: a misspelt option must not mean its default.

    Args:
        request: options may be in its address by mistake.
        form: see :func:`open_form`.
        known: the fields there are.

    Raises:
        InvalidRequest: a field has another name, or stands in the address.
    """
    for name in form:
        if name not in known:
            raise InvalidRequest(f"unknown field {name[:40]!r}; known: {', '.join(known)}", field=name[:40])
    for name in request.query_params:
        if name in known:
            raise InvalidRequest(f"{name!r} is in the address, it must be a field of the form", field=name)


def text_fields(form: FormData, model: type[Fields], defaults: Mapping[str, Any]) -> Fields:
    """The text fields of a form.

    Args:
        form: see :func:`open_form`.
        model: what they may be.
        defaults: for those that were not sent or left empty.

    Raises:
        InvalidRequest: one is a file, has two values, is of the wrong type or out of range.
    """
    values = dict(defaults)
    for name in model.model_fields:
        given: set[str] = set()
        for value in form.getlist(name):
            if not isinstance(value, str):
                raise InvalidRequest(f"field {name!r} holds a file, it must hold text", field=name)
            given.add(value.strip())
        given.discard("")  # a form sends fields that were left empty, too
        if len(given) > 1:
            found = ", ".join(repr(value[:40]) for value in sorted(given)[:3])
            raise InvalidRequest(f"field {name!r} has several values: {found}; allowed: one", field=name)
        if given:
            values[name] = given.pop()
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        raise InvalidRequest(f"field {name!r} is {str(first['input'])[:60]!r}: {first['msg']}", field=name) from error
