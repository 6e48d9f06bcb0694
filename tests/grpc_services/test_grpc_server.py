"""The server around the RPCs: health, reflection, limits, ports, stopping."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc import aio
from grpc_fakes import FakePipeline, details, failure, rich_status, serving, settings_on, stub
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from ml_server.errors import PayloadTooLarge
from ml_server.grpc_services import server as server_module
from ml_server.grpc_services.server import SERVICE, GrpcServer, serve_forever
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.pipeline import Pipeline

ALONE = Path(__file__).with_name("serving_alone.py")
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "reflection_client.py"
Text = ocr_pb2.ExtractTextRequest
Health = health_pb2.HealthCheckResponse
SERVING, NOT_SERVING = Health.SERVING, Health.NOT_SERVING


def server_on(port: int) -> GrpcServer:
    return GrpcServer(cast(Pipeline, FakePipeline()), settings_on(port))


@pytest.mark.parametrize("service", ["", SERVICE])
async def test_health_follows_the_pipeline_and_the_stop(service: str) -> None:
    pipeline = FakePipeline()
    pipeline.is_ready = False
    async with serving(pipeline) as (channel, server):
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service=service))
        assert (await watch.read()).status == NOT_SERVING
        pipeline.is_ready = True
        assert (await watch.read()).status == SERVING
        pipeline.is_ready = False
        assert (await watch.read()).status == NOT_SERVING
        pipeline.is_ready = True
        assert (await watch.read()).status == SERVING
        running = stub(channel).ExtractText(Text(image=b"wait there"))
        await pipeline.arrived(1)
        stopping = asyncio.create_task(server.stop(60))
        assert (await watch.read()).status == NOT_SERVING  # while the call still runs
        assert not running.done()
        pipeline.gate("there").set()
        assert (await running).engine == "fake"
        await stopping  # does not wait a minute for the watcher


async def test_health_of_an_unknown_service_is_not_found() -> None:
    async with serving(FakePipeline()) as (channel, _):
        health: Any = health_pb2_grpc.HealthStub(channel)
        error = await failure(health.Check(health_pb2.HealthCheckRequest(service="nothing")))
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_a_stop_takes_no_new_calls_and_cancels_those_that_outlast_the_grace() -> None:
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, server):
        running = stub(channel).ExtractText(Text(image=b"wait ever"))
        await pipeline.arrived(1)
        await server.stop(0.2)
        await failure(running)
        await pipeline.were_cancelled(1)  # its handler is told a turn of the loop later
        assert pipeline.cancelled == [b"wait ever"]
        refused = await failure(stub(channel).ExtractText(Text(image=b"x")))
        assert refused.code() is grpc.StatusCode.UNAVAILABLE
        await server.stop(0.2)  # again, and nothing happens
    assert len(pipeline.requests) == 1


async def test_a_taken_port_is_an_error_that_names_it() -> None:
    first = server_on(0)
    port = await first.start()
    second = server_on(port)
    try:
        with pytest.raises(OSError, match=f"127.0.0.1:{port}.*ML_SERVER_GRPC_PORT"):
            await second.start()
    finally:
        await second.stop(0)
        await first.stop(0)


async def test_an_image_above_four_megabytes_arrives() -> None:
    """That is grpc's own limit."""
    pipeline = FakePipeline()
    async with serving(pipeline) as (channel, _):
        await stub(channel).ExtractText(Text(image=bytes(9 * 2**20)))
    assert len(pipeline.requests[0].data) == 9 * 2**20


async def test_only_a_message_above_the_absolute_limit_is_refused_by_grpc_itself() -> None:
    pipeline = FakePipeline([PayloadTooLarge])
    async with serving(pipeline, max_image_bytes=10, max_document_bytes=1000) as (channel, _):
        within = await failure(stub(channel).ExtractText(Text(image=b"raise PayloadTooLarge")))
        assert details(rich_status(within))["ErrorInfo"].reason == "payload_too_large"
        above = await failure(stub(channel).ExtractText(Text(image=bytes(2**20 + 1000))))
    assert above.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in str(above.details())
    assert len(pipeline.requests) == 1


async def test_reflection_names_the_services() -> None:
    def services(address: str) -> set[str]:
        with grpc.insecure_channel(address) as channel:
            return set(ProtoReflectionDescriptorDatabase(channel).get_services())

    server = server_on(0)
    port = await server.start()
    try:
        found = await asyncio.to_thread(services, f"127.0.0.1:{port}")
    finally:
        await server.stop(0)
    assert found == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_the_documented_client_that_knows_only_reflection_reads_a_page(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"x")
    server = server_on(0)
    port = await server.start()
    try:
        client = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLE),
            str(tmp_path / "page.png"),
            f"127.0.0.1:{port}",
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await client.communicate()
    finally:
        await server.stop(0)
    assert client.returncode == 0
    assert said.decode() == "합계 1,000\nTotal\nfake, 0.68, 12 ms\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serving_alone_ends_gracefully_on_a_signal(number: signal.Signals) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ALONE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        port = int(await program.stdout.readline())
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            watch = cast(Any, health_pb2_grpc.HealthStub(channel)).Watch(health_pb2.HealthCheckRequest())
            while (await watch.read()).status != SERVING:
                pass
            running = stub(channel).ExtractText(Text(image=b"wait there"))
            assert await program.stdout.readline() == b"arrived\n"
            program.send_signal(number)
            assert (await watch.read()).status == NOT_SERVING
            assert not running.done()
            program.stdin.write(b"there\n")
            assert (await running).engine == "fake"
        assert await program.stdout.read() == b"start drain close\n"
        assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def test_serving_alone_on_a_taken_port_fails_before_it_starts_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = FakePipeline()
    monkeypatch.setattr(server_module, "Pipeline", lambda settings: pipeline)
    first = server_on(0)
    port = await first.start()
    try:
        with pytest.raises(OSError, match=str(port)):
            await serve_forever(settings_on(port))
    finally:
        await first.stop(0)
    assert pipeline.calls == ["close"]
