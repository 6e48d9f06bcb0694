"""``ml_server.v1.OcrService``: each method converts, calls the pipeline, converts back.

Errors are raised and become statuses in :mod:`ml_server.grpc_services.calls`, but for the items of a batch or a stream,
which carry their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeAlias

from grpc import aio

from ml_server.document import DocumentRequest, OCRPage
from ml_server.errors import DeadlineExceeded, InvalidRequest, MLServerError
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


class OcrServicer(ocr_pb2_grpc.OcrServiceServicer):
    """The service over one pipeline.

    Args:
        pipeline: does the work.
        settings: defaults and limits.
    """

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._settings = settings

    async def ExtractText(  # noqa: D102, N802 - named and described in ocr.proto
        self, request: ocr_pb2.ExtractTextRequest, context: Context
    ) -> ocr_pb2.ExtractTextResponse:
        page = await self._pipeline.extract_page(self._page_request(request, current_request_id(), context))
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
        async def answer(item: ocr_pb2.ExtractTextStreamRequest) -> ocr_pb2.ExtractTextStreamResponse:
            id_ = _item_id(item.request_id)
            outcome = await self._read_item(item.request, id_, context)
            if isinstance(outcome, MLServerError):
                observe_refusal(outcome.code)
                error = status.to_status(outcome, id_)
                return ocr_pb2.ExtractTextStreamResponse(request_id=item.request_id, error=error)
            with stage("encode"):
                page = convert.page_message(outcome)
            return ocr_pb2.ExtractTextStreamResponse(request_id=item.request_id, result=page)

        limit = min(STREAM_IN_FLIGHT, self._settings.queue_size)
        async with aclosing(answers_as_done(request_iterator, answer, limit)) as answers:
            async for response in answers:
                yield response

    async def ExtractDocument(  # noqa: D102, N802 - named and described in ocr.proto
        self, request_iterator: AsyncIterator[ocr_pb2.ExtractDocumentRequest], context: Context
    ) -> AsyncIterator[ocr_pb2.ExtractDocumentResponse]:
        request = await self._uploaded(request_iterator, context)
        async with aclosing(self._pipeline.extract_pages(request)) as pages:
            async for page in pages:
                with stage("encode"):
                    message = convert.page_message(page)
                yield ocr_pb2.ExtractDocumentResponse(page=page.number, result=message)

    async def ExtractKeyValues(  # noqa: D102, N802 - named and described in ocr.proto
        self, request_iterator: AsyncIterator[ocr_pb2.ExtractKeyValuesRequest], context: Context
    ) -> AsyncIterator[ocr_pb2.ExtractKeyValuesResponse]:
        request = await self._uploaded(request_iterator, context)
        async with aclosing(self._pipeline.extract_key_values(request)) as pages:
            async for page in pages:
                with stage("encode"):
                    message = convert.key_values_message(page)
                yield ocr_pb2.ExtractKeyValuesResponse(page=page.number, result=message)

    async def ListEngines(  # noqa: D102, N802 - named and described in ocr.proto
        self, request: ocr_pb2.ListEnginesRequest, context: Context
    ) -> ocr_pb2.ListEnginesResponse:
        return convert.engines_message(self._pipeline.engines())

    def _page_request(self, item: ocr_pb2.ExtractTextRequest, request_id: str, context: Context) -> DocumentRequest:
        return convert.document_request(
            item,
            item.image,
            self._settings,
            single_page=True,
            request_id=request_id,
            timeout_s=seconds_left(context),
        )

    async def _uploaded(self, parts: AsyncIterator[Upload], context: Context) -> DocumentRequest:
        limits = self._settings
        options, data = await read_upload(parts, limits.max_document_bytes, limits.request_timeout_s)
        return convert.document_request(
            options,
            data,
            limits,
            single_page=False,
            request_id=current_request_id(),
            timeout_s=seconds_left(context),
        )

    async def _read_item(
        self, item: ocr_pb2.ExtractTextRequest, request_id: str, context: Context
    ) -> OCRPage | MLServerError:
        with bind_request_id(request_id):
            try:
                return await self._pipeline.extract_page(self._page_request(item, request_id, context))
            except MLServerError as error:
                return error
            except Exception:
                _log.exception("stream_item_failed")
                return status.internal_error()


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
