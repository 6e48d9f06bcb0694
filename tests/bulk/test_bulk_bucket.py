"""``ml-server bulk`` from bucket to bucket, over S3's own protocol, from a server that fails now and then."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bulk_runs import bulk, mixed, results, rows, summary
from flaky_bucket import flaky_bucket
from running_server import free_port

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True, slots=True)
class S3:
    """A server with a bucket ``scans``."""

    address: str
    client: Any

    def upload(self, folder: Path, prefix: str) -> None:
        for path in sorted(folder.rglob("*.*")):
            name = f"{prefix}/{path.relative_to(folder).as_posix()}"
            self.client.put_object(Bucket="scans", Key=name, Body=path.read_bytes())

    def read(self, name: str) -> bytes:
        return bytes(self.client.get_object(Bucket="scans", Key=name)["Body"].read())


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = (tmp_path_factory.mktemp("s3") / "log").open("w")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(address, timeout=30)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        client = boto3.client(
            "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="scans")
        yield S3(address, client)
        client.close()
    finally:
        process.kill()
        process.wait(10)
        log.close()


@pytest.mark.bulk_long
def test_a_bucket_that_fails_now_and_then_loses_and_doubles_nothing(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(tmp_path / "in", 9, damaged=1)
    s3.upload(tmp_path / "in", "in/2026")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    bulk(tmp_path / "in", tmp_path / "out")
    arguments = ("s3://scans/in", "s3://scans/out", "--json", "--index", "jsonl", "--retries", "5")
    with flaky_bucket(s3.address) as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
        first = bulk(*arguments)
        assert first.returncode == 1, "one is damaged"
        told = summary(first)
        again = summary(bulk(*arguments))
    assert bucket.answers["refused"] > 10
    assert min(bucket.answers[kind] for kind in ("broken", "slow")) > 2
    assert (told["documents"], told["pages"], told["failed"]) == (9, len(results(tmp_path / "out")), 1), first.stderr
    assert (again["pages"], again["skipped"], again["total_pages"]) == (0, 9, told["pages"])

    found = {}
    for row in (json.loads(line) for line in s3.read("out/index.jsonl").splitlines()):
        assert row["path"].startswith("s3://scans/in/2026/")
        body = json.loads(s3.read(f"out/{row['file']}"))
        del body["processing_time_ms"]
        assert row["file"] not in found
        found[row["file"].removeprefix("2026/")] = body
    assert found == results(tmp_path / "out")
    (failure,) = (json.loads(line) for line in s3.read("out/failures.jsonl").splitlines())
    assert (failure["path"], failure["code"]) == ("s3://scans/in/2026/scan0.png", "invalid_image")


@pytest.mark.bulk_long
def test_one_object_a_pattern_and_a_list(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed(tmp_path / "in", 4)
    s3.upload(tmp_path / "in", "some")
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3.address}.items():
        monkeypatch.setenv(name, value)
    names = ["s3://scans/some/scan0.png", str(tmp_path / "in" / "scan2.pdf"), "s3://scans/some/absent.png"]
    (tmp_path / "list.txt").write_text("\n".join(names))
    for source, folders in (
        ("s3://scans/some/scan0.png", ["scan0"]),
        ("s3://scans/some/**/*.tiff", ["하위/scan1"]),
        (str(tmp_path / "list.txt"), ["absent", "scan0", "scan2"]),
    ):
        listed = bulk(source, tmp_path / "out", "--dry-run", "--json").stdout.splitlines()
        assert sorted(json.loads(line)["folder"] for line in listed)[-1].endswith(folders[-1])
        assert len(listed) == len(folders)
    run = bulk(tmp_path / "list.txt", tmp_path / "out")
    assert run.returncode == 1
    (failure,) = rows(tmp_path / "out" / "failures.jsonl")
    assert failure["path"] == names[2]
    assert "cannot read the file" in failure["message"]


def test_a_bucket_that_is_not_there_is_said_plainly(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3.address}.items():
        monkeypatch.setenv(name, value)
    run = bulk("s3://absent/in", tmp_path / "out")
    assert run.returncode == 2
    assert "s3://absent/in" in run.stderr
    assert "Traceback" not in run.stderr
