"""The four clients, blocking and asyncio over HTTP and gRPC, against both real wires: what they send and give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from client_fakes import ENGINES, KEY, PAGE, Caller, Served, calling, serving, stop_being_ready
from key_value_pages import KEY_VALUE_PAGE

from ml_server.clients import AsyncOCRClient, OCRClient
from ml_server.document import DocumentRequest, DocumentResult
from ml_server.errors import InvalidImage, InvalidRequest, MLServerError, NotReady, Unauthenticated

KINDS = [
    pytest.param((kind, wire), id=f"{kind.__name__}-{wire}")
    for kind in (OCRClient, AsyncOCRClient)
    for wire in ("http", "grpc")
]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as server:
        yield server


@pytest.fixture(params=KINDS)
def which(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
async def call(which: Any, served: Served) -> AsyncIterator[Caller]:
    kind, wire = which
    async with calling(kind, getattr(served, wire), timeout_s=30) as caller:
        yield caller


async def test_a_page_arrives_to_the_last_bit(call: Caller) -> None:
    assert await call("extract_text", b"image") == PAGE


async def test_what_is_left_out_takes_the_servers_defaults(which: Any) -> None:
    kind, wire = which
    async with serving(lang="english", engine="mock") as server, calling(kind, getattr(server, wire)) as call:
        await call("extract_text", b"image", language=None, engine=None)
        await call("extract_document", b"image")
    for request in server.pipeline.requests:
        assert (request.language, request.engine) == ("english", "mock")
        assert request.confidence_threshold == DocumentRequest(b"").confidence_threshold
        assert request.use_angle_cls is DocumentRequest(b"").use_angle_cls


@pytest.mark.parametrize("method", ["extract_text", "extract_text_batch", "extract_document", "extract_key_values"])
async def test_every_option_arrives(call: Caller, served: Served, method: str) -> None:
    options = {"language": "ko+en", "engine": "tesseract", "confidence_threshold": 1 / 3, "use_angle_cls": False}
    await call(method, [b"image"] if method == "extract_text_batch" else b"image", request_id="mine", **options)
    request = served.pipeline.requests[0]
    assert {name: getattr(request, name) for name in options} == options
    assert request.data == b"image"
    assert served.pipeline.ids == ["mine"]


async def test_every_call_has_an_id_of_its_own(call: Caller, served: Served) -> None:
    await call("extract_text", b"image")
    await call("extract_text", b"image")
    first, second = served.pipeline.ids
    assert first != second
    assert len(first) == len(second) == 32


async def test_files_are_read_from_paths(call: Caller, served: Served, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"bytes of a file")
    await call("extract_text", path)
    await call("extract_text", str(path))
    await call("extract_text_batch", [path, b"bytes of a file"])
    assert {request.data for request in served.pipeline.requests} == {b"bytes of a file"}
    with pytest.raises(FileNotFoundError):
        await call("extract_text", tmp_path / "none.png")
    with pytest.raises(TypeError, match="found int, allowed: the file's bytes, or its path"):
        await call("extract_text", 1)
    assert len(served.pipeline.requests) == 4


async def test_a_bad_image_of_a_batch_fails_alone(call: Caller) -> None:
    good, bad, other = await call("extract_text_batch", [b"image", b"raise invalid_image", b"image"])
    assert good == other == PAGE
    assert type(bad) is InvalidImage
    assert bad.message == "made to fail: invalid_image"


async def test_a_document_has_all_its_pages(call: Caller, served: Served) -> None:
    served.pipeline.last_page.set()
    result = await call("extract_document", b"pages 3 " + bytes(700_000))
    pages = tuple(replace(PAGE, number=number) for number in (1, 2, 3))
    assert result == DocumentResult(pages, sum(page.processing_time_ms for page in pages))
    assert served.pipeline.requests[0].data == b"pages 3 " + bytes(700_000)
    assert [page async for page in call.pages(b"pages 3")] == list(pages)


async def test_keys_and_values_of_all_pages_arrive_to_the_last_bit(call: Caller, served: Served) -> None:
    served.pipeline.last_page.set()
    found = await call("extract_key_values", b"pages 3 " + bytes(700_000))
    assert found == [replace(KEY_VALUE_PAGE, number=number) for number in (1, 2, 3)]
    assert served.pipeline.requests[0].data == b"pages 3 " + bytes(700_000)
    with pytest.raises(InvalidImage, match="made to fail"):
        await call("extract_key_values", b"raise invalid_image")


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_grpc_gives_pages_as_they_are_done_and_can_be_ended(kind: Any, served: Served) -> None:
    async with calling(kind, served.grpc) as call:
        async with aclosing(call.pages(b"pages 3")) as pages:  # type: ignore[type-var]  # is a generator
            assert (await anext(pages)).number == 1
            assert (await anext(pages)).number == 2
            assert not served.pipeline.last_page.is_set()
        await asyncio.wait_for(served.pipeline.cancelled.wait(), 10)


async def test_the_engines(call: Caller) -> None:
    assert await call("engines") == ENGINES


async def test_ready_or_not(call: Caller, served: Served) -> None:
    assert await call("is_ready")
    await stop_being_ready(served, call)
    waiting = asyncio.create_task(call("wait_until_ready", 30))
    await asyncio.sleep(0)
    served.pipeline.state = "ready"
    await waiting
    assert await call("is_ready")


async def test_waiting_for_a_server_that_never_is_ready(call: Caller, served: Served) -> None:
    await stop_being_ready(served, call)
    with pytest.raises(NotReady, match=r"not ready after 0\.3 s: the server .*is starting"):
        await call("wait_until_ready", 0.3)


async def test_the_key(which: Any) -> None:
    kind, wire = which
    async with serving(api_key=KEY) as server:
        async with calling(kind, getattr(server, wire), api_key=KEY) as call:
            assert await call("extract_text", b"image") == PAGE
            assert await call("engines") == ENGINES
        async with calling(kind, getattr(server, wire)) as call:
            assert await call("is_ready")
            for method in ("extract_text", "extract_document", "extract_key_values"):
                with pytest.raises(Unauthenticated, match="found no API key"):
                    await call(method, bytes(5_000_000))
        async with calling(kind, getattr(server, wire), api_key="wrong") as call:
            with pytest.raises(Unauthenticated, match="found a wrong API key"):
                await call("engines")


async def test_a_closed_client_says_so(call: Caller) -> None:
    await call("extract_text", b"image")
    await call("close")
    await call("close")
    for method in ("extract_text", "extract_document"):
        with pytest.raises(RuntimeError, match="this client has been closed"):
            await call(method, b"image")
    with pytest.raises(RuntimeError, match="this client has been closed"):
        await call("is_ready")


async def test_a_client_is_a_context_manager(which: Any, served: Served) -> None:
    kind, wire = which
    client: OCRClient | AsyncOCRClient = kind(getattr(served, wire))
    if isinstance(client, OCRClient):
        with client as same:
            assert await asyncio.to_thread(same.extract_text, b"image") == PAGE
        with pytest.raises(RuntimeError, match="closed"):
            client.engines()
    else:
        async with client as other:
            assert await other.extract_text(b"image") == PAGE
        with pytest.raises(RuntimeError, match="closed"):
            await client.engines()


async def test_many_calls_at_once_over_one_client(call: Caller, served: Served) -> None:
    pages = await asyncio.gather(*(call("extract_text", b"image", request_id=f"id {n}") for n in range(20)))
    assert pages == [PAGE] * 20
    assert sorted(served.pipeline.ids) == sorted(f"id {n}" for n in range(20))


async def test_ids_that_no_header_can_carry(call: Caller, served: Served) -> None:
    for bad in ("", "한글", "a\nb", "x" * 129):
        with pytest.raises(InvalidRequest, match="printable ASCII") as caught:
            await call("extract_text", b"image", request_id=bad)
        assert caught.value.field == "request_id"
    assert served.pipeline.requests == []


async def test_misspelt_options(call: Caller, served: Served) -> None:
    with pytest.raises(TypeError, match="langauge"):
        await call("extract_text", b"image", langauge="korean")
    assert served.pipeline.requests == []


async def test_options_of_the_wrong_type(call: Caller, served: Served) -> None:
    for options, told in (
        ({"language": ["ko", "en"]}, "language is .*, allowed: a str"),
        ({"use_angle_cls": "false"}, "use_angle_cls is 'false', allowed: True or False"),
        ({"confidence_threshold": "0.7"}, "confidence_threshold is '0.7', allowed: a number"),
    ):
        with pytest.raises(TypeError, match=told):
            await call("extract_text", b"image", **options)
    assert served.pipeline.requests == []


async def test_a_batch_of_nothing_and_one_source_for_several(call: Caller, served: Served) -> None:
    with pytest.raises(InvalidRequest, match="no images") as caught:
        await call("extract_text_batch", [])
    assert caught.value.field == "images"
    for one in ("page.png", Path("page.png"), b"image"):
        with pytest.raises(TypeError, match="allowed: a list of images"):
            await call("extract_text_batch", one)
    assert served.pipeline.requests == []


async def test_an_error_names_its_request(call: Caller) -> None:
    with pytest.raises(MLServerError) as caught:
        await call("extract_text", b"raise invalid_image", request_id="mine")
    assert caught.value.__notes__ == ["request id: mine"]
