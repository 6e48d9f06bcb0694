"""Reading from callers' streams: work on several messages at once, and put an upload together. Both are bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeAlias, TypeVar

from ml_server.allowance import Share
from ml_server.errors import DeadlineExceeded, InvalidRequest, PayloadTooLarge, ServerBusy
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.settings import Settings

_LINGER_S = 2.0
"""A caller that is refused while it sends is read to its end, unless it stands still for so long."""

Q = TypeVar("Q")
A = TypeVar("A")

Upload: TypeAlias = ocr_pb2.ExtractDocumentRequest | ocr_pb2.ExtractKeyValuesRequest
"""A part of an upload, whichever method it is for."""


async def answers_as_done(
    questions: AsyncIterable[Q], answer: Callable[[Q], Awaitable[A]], limit: int
) -> AsyncGenerator[A, None]:
    """Answers in the order they are done; closing the generator cancels what is still being worked on.

    Args:
        questions: read only as fast as answers are taken.
        answer: what to do with each; an exception of it ends everything.
        limit: questions being worked on or answered and not taken yet; one more has been read.
    """
    permits = asyncio.Semaphore(limit)
    done: asyncio.Queue[A | None] = asyncio.Queue()

    async def one(question: Q) -> None:
        done.put_nowait(await answer(question))

    async def read() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                async for question in questions:
                    await permits.acquire()
                    group.create_task(one(question))
        finally:
            done.put_nowait(None)

    reader = asyncio.create_task(read())
    try:
        while (result := await done.get()) is not None:
            yield result
            permits.release()
        await reader
    finally:
        reader.cancel()
        await asyncio.wait({reader})


async def read_upload(
    messages: AsyncIterator[Upload], share: Share, settings: Settings
) -> tuple[ocr_pb2.DocumentOptions, bytes]:
    """The options and the bytes of a document that comes in parts.

    Args:
        messages: the options first, then chunks.
        share: counts the bytes.
        settings: ``max_document_bytes``; what is above it is not kept, nor what there is no room for, but up to twice
            as much is read: a grpc.aio client that is still writing when the call ends reports INTERNAL instead of the
            error it was sent (94 % of 200 calls, 1.85.1). ``request_timeout_s`` for all of it, ``body_timeout_s`` for
            it to stand still.

    Raises:
        ServerBusy: there is no room for it.
        InvalidRequest: the options are not first, or not only once.
        PayloadTooLarge: more than ``limit`` bytes.
        DeadlineExceeded: the upload takes too long.
    """
    limit, timeout_s = settings.max_document_bytes, settings.request_timeout_s
    options: ocr_pb2.DocumentOptions | None = None
    data = bytearray()
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            async for message in _moving(messages, settings.body_timeout_s):
                part = message.WhichOneof("part")
                if options is None and part == "options":
                    options = message.options
                    continue
                if options is None or part != "chunk":
                    order = "the first message has the options and every other one a chunk"
                    raise InvalidRequest(f"found {part or 'an empty message'} out of turn: {order}", field="options")
                chunk = message.chunk
                del message  # else it is kept until the next one has come, as the chunk would be
                size += len(chunk)
                if size <= limit:
                    try:
                        share.add(len(chunk))
                    except ServerBusy:
                        del chunk
                        data.clear()
                        share.give_back()
                        await _forget(messages, 2 * limit - size)
                        raise
                    data += chunk
                    del chunk
                    continue
                del chunk
                data.clear()
                share.give_back()
                if size > 2 * limit:
                    break
    except TimeoutError:
        found = f"{size} bytes of the document came in {timeout_s:g} s and no end"
        raise DeadlineExceeded(f"{found}; this is the server's limit for a request") from None
    if options is None:
        raise InvalidRequest("the stream is empty; send the options, then the document in chunks", field="options")
    if size > limit:
        raise PayloadTooLarge(f"the document has {size} bytes or more; at most {limit} are allowed", field="document")
    return options, bytes(data)


async def _moving(messages: AsyncIterator[Q], patience_s: float) -> AsyncGenerator[Q, None]:
    """The same messages, as long as they keep coming.

    Raises:
        DeadlineExceeded: none came for ``patience_s`` seconds.
    """
    while True:
        try:
            async with asyncio.timeout(patience_s):
                message = await anext(messages)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise DeadlineExceeded(f"the document is not whole, and nothing came for {patience_s:g} s") from None
        yield message
        del message


async def _forget(messages: AsyncIterator[Upload], most: int) -> None:
    with contextlib.suppress(DeadlineExceeded):
        async for message in _moving(messages, _LINGER_S):
            most -= len(message.chunk)
            del message
            if most < 0:
                return
