"""``ml_server.v1.OcrService``: each method converts, calls the pipeline, converts back.

Errors are raised and become statuses in :mod:`ml_server.grpc_services.calls`, but for the items of a batch or a stream,
which carry their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from grpc import aio

from ml_server.allowance import Share
from ml_server.body_budget import Body, BodyBudget
from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import DeadlineExceeded, InvalidRequest, MLServerError, ServerBusy, unexpected
from ml_server.grpc_services import convert, status
from ml_server.grpc_services.streams import Upload, answers_as_done, read_upload
from ml_server.grpc_services.v1 import ocr_pb2, ocr_pb2_grpc
from ml_server.logs import bind_request_id, current_request_id, get_logger
from ml_server.metrics import observe_refusal
from ml_server.observation import stage
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

_log = get_logger(__name__)

STREAM_IN_FLIGHT = 16
"""Pages of one ExtractTextStream being worked on at a time: enough to keep replicas busy, few enough for a fair queue
and for memory (16 images of at most 20 MiB)."""

Context: TypeAlias = "aio.ServicerContext[Any, Any]"  # quoted: generic in the stubs only


@dataclass(frozen=True, slots=True)
class _Item:
    """One of a stream: its caller's name for it, what is asked, what counts its image, and why it is refused."""

    name: str
    request: DocumentRequest
    share: Share
    refusal: ServerBusy | None


class OcrServicer(ocr_pb2_grpc.OcrServiceServicer):
    """The service over one pipeline.

    Args:
        pipeline: does the work.
        settings: defaults and limits.
        bodies: what request bodies may have together; None to count those of streams alone.
    """

    def __init__(self, pipeline: Pipeline, settings: Settings, bodies: BodyBudget | None = None) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._bodies = bodies or BodyBudget(settings)

    async def ExtractText(  # noqa: D102, N802 - named and described in ocr.proto
        self, request: ocr_pb2.ExtractTextRequest, context: Context
    ) -> ocr_pb2.ExtractTextResponse:
        asked = self._page_request(request, current_request_id(), context)
        del request  # else the image is in memory twice until it is read
        page = await self._pipeline.extract_page(asked)
        with stage("encode"):
            return convert.page_message(page)

    async def ExtractTextBatch(  # noqa: D102, N802 - named and described in ocr.proto
        self, request: ocr_pb2.ExtractTextBatchRequest, context: Context
    ) -> ocr_pb2.ExtractTextBatchResponse:
        count = len(request.requests)
        if not 1 <= count <= self._settings.max_batch:
            allowed = f"1..{self._settings.max_batch} are allowed; ExtractTextStream takes any number"
            raise InvalidRequest(f"found {count} items in the batch; {allowed}", field="requests")
        ids = [_item_id(str(index)) for index in range(count)]
        requests = [self._page_request(item, id_, context) for item, id_ in zip(request.requests, ids, strict=True)]
        del request  # else the images are in memory twice until they are read
        outcomes = await self._pipeline.extract_batch(requests)
        with stage("encode"):
            return ocr_pb2.ExtractTextBatchResponse(
                results=[
                    ocr_pb2.ExtractTextResult(error=status.to_status(outcome, id_))
                    if isinstance(outcome, MLServerError)
                    else ocr_pb2.ExtractTextResult(result=convert.page_message(outcome))
                    for outcome, id_ in zip(outcomes, ids, strict=True)
                ]
            )

    async def ExtractTextStream(  # noqa: D102, N802 - named and described in ocr.proto
        self, request_iterator: AsyncIterator[ocr_pb2.ExtractTextStreamRequest], context: Context
    ) -> AsyncIterator[ocr_pb2.ExtractTextStreamResponse]:
        async def answer(item: _Item) -> ocr_pb2.ExtractTextStreamResponse:
            outcome = item.refusal or await self._read_item(item.request, context)
            body.answered(item.share)
            if isinstance(outcome, MLServerError):
                observe_refusal(outcome.code)
                error = status.to_status(outcome, item.request.request_id)
                return ocr_pb2.ExtractTextStreamResponse(request_id=item.name, error=error)
            with stage("encode"):
                page = convert.page_message(outcome)
            return ocr_pb2.ExtractTextStreamResponse(request_id=item.name, result=page)

        limit = min(STREAM_IN_FLIGHT, self._settings.queue_size)
        with self._bodies.body() as body:
            async with aclosing(answers_as_done(self._items(request_iterator, body), answer, limit)) as answers:
                async for response in answers:
                    yield response

    async def ExtractDocument(  # noqa: D102, N802 - named and described in ocr.proto
        self, request_iterator: AsyncIterator[ocr_pb2.ExtractDocumentRequest], context: Context
    ) -> AsyncIterator[ocr_pb2.ExtractDocumentResponse]:
        with self._bodies.body() as body:
            request = await self._uploaded(request_iterator, body.memory, context)
            async with aclosing(self._pipeline.extract_pages(request)) as pages:
                async for page in pages:
                    with stage("encode"):
                        message = convert.page_message(page)
                    yield ocr_pb2.ExtractDocumentResponse(page=page.number, result=message)

    async def ExtractKeyValues(  # noqa: D102, N802 - named and described in ocr.proto
        self, request_iterator: AsyncIterator[ocr_pb2.ExtractKeyValuesRequest], context: Context
    ) -> AsyncIterator[ocr_pb2.ExtractKeyValuesResponse]:
        with self._bodies.body() as body:
            request = await self._uploaded(request_iterator, body.memory, context)
            async with aclosing(self._pipeline.extract_key_values(request)) as pages:
                async for page in pages:
                    with stage("encode"):
                        message = convert.key_values_message(page)
                    yield ocr_pb2.ExtractKeyValuesResponse(page=page.number, result=message)

    async def ListEngines(  # noqa: D102, N802 - named and described in ocr.proto
        self, request: ocr_pb2.ListEnginesRequest, context: Context
    ) -> ocr_pb2.ListEnginesResponse:
        return convert.engines_message(self._pipeline.engines())

    async def _items(
        self, messages: AsyncIterator[ocr_pb2.ExtractTextStreamRequest], body: Body
    ) -> AsyncIterator[_Item]:
        """The items of a stream; the next one is read when there is room for the one before."""
        async for message in messages:
            request = convert.document_request(
                message.request,
                message.request.image,
                self._settings,
                single_page=True,
                request_id=_item_id(message.request_id),
                timeout_s=None,
            )
            name, share, refusal = message.request_id, body.part(), None
            del message  # else the image is in memory twice
            try:
                await share.reserve_in_turn(len(request.data), self._settings.body_timeout_s)
            except ServerBusy as error:
                request, refusal = replace(request, data=b""), error
            yield _Item(name, request, share, refusal)
            del request  # it is the stream's no more

    def _page_request(self, item: ocr_pb2.ExtractTextRequest, request_id: str, context: Context) -> DocumentRequest:
        return convert.document_request(
            item,
            item.image,
            self._settings,
            single_page=True,
            request_id=request_id,
            timeout_s=seconds_left(context),
        )

    async def _uploaded(self, parts: AsyncIterator[Upload], share: Share, context: Context) -> DocumentRequest:
        options, data = await read_upload(parts, share, self._settings)
        return convert.document_request(
            options,
            data,
            self._settings,
            single_page=False,
            request_id=current_request_id(),
            timeout_s=seconds_left(context),
        )

    async def _read_item(self, request: DocumentRequest, context: Context) -> OCRPage | MLServerError:
        with bind_request_id(request.request_id):
            try:
                return await self._pipeline.extract_page(replace(request, timeout_s=seconds_left(context)))
            except MLServerError as error:
                return error
            except Exception:
                _log.exception("stream_item_failed")
                return unexpected()


def seconds_left(context: Context) -> float | None:
    """Seconds until the caller's deadline; None without one.

    Raises:
        DeadlineExceeded: it has passed, so that nothing more is done for this call.
    """
    left: float | None = context.time_remaining()
    if left is not None and left <= 0:
        raise DeadlineExceeded("the call's deadline passed before the server could start on it")
    return left


def _item_id(name: str) -> str:
    """The call's id and the item's, so that a log line of an item is found by either."""
    fit = "".join(char for char in name[:64] if char.isascii() and char.isprintable())
    return f"{current_request_id()}/{fit}"
