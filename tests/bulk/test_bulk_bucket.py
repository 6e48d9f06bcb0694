"""``ml-server bulk`` from bucket to bucket, over S3's own protocol, from a server that fails now and then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bulk_runs import bulk, bulk_process, mixed, results, rows, summary
from flaky_bucket import flaky_bucket
from s3_server import S3Server, s3_server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server("scans") as server:
        yield server


@pytest.fixture(autouse=True)
def credentials(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)


def upload(s3: S3Server, folder: Path, prefix: str) -> None:
    for path in sorted(folder.rglob("*.*")):
        name = f"{prefix}/{path.relative_to(folder).as_posix()}"
        s3.client.put_object(Bucket="scans", Key=name, Body=path.read_bytes())


def read(s3: S3Server, name: str) -> bytes:
    return bytes(s3.client.get_object(Bucket="scans", Key=name)["Body"].read())


@pytest.mark.bulk_long
def test_a_bucket_that_fails_now_and_then_loses_and_doubles_nothing(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(tmp_path / "in", 9, damaged=1)
    upload(s3, tmp_path / "in", "in/2026")
    bulk_process(tmp_path / "in", tmp_path / "out")
    arguments = ("s3://scans/in", "s3://scans/out", "--json", "--index", "jsonl", "--retries", "5")
    with flaky_bucket(s3.url) as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
        first = bulk_process(*arguments)
        assert first.returncode == 1, "one is damaged"
        told = summary(first)
        again = summary(bulk_process(*arguments))
    assert bucket.answers["refused"] > 10
    assert min(bucket.answers[kind] for kind in ("broken", "slow")) > 2
    assert (told["documents"], told["pages"], told["failed"]) == (9, len(results(tmp_path / "out")), 1), first.stderr
    assert (again["pages"], again["skipped"], again["total_pages"]) == (0, 9, told["pages"])

    found = {}
    for row in (json.loads(line) for line in read(s3, "out/index.jsonl").splitlines()):
        assert row["path"].startswith("s3://scans/in/2026/")
        body = json.loads(read(s3, f"out/{row['file']}"))
        del body["processing_time_ms"]
        assert row["file"] not in found
        found[row["file"].removeprefix("2026/")] = body
    assert found == results(tmp_path / "out")
    (failure,) = (json.loads(line) for line in read(s3, "out/failures.jsonl").splitlines())
    assert (failure["path"], failure["code"]) == ("s3://scans/in/2026/scan0.png", "invalid_image")


@pytest.mark.bulk_long
def test_one_object_a_pattern_and_a_list(s3: S3Server, tmp_path: Path) -> None:
    mixed(tmp_path / "in", 4)
    upload(s3, tmp_path / "in", "some")
    names = ["s3://scans/some/scan0.png", str(tmp_path / "in" / "scan2.pdf"), "s3://scans/some/absent.png"]
    (tmp_path / "list.txt").write_text("\n".join(names))
    for source, folders in (
        ("s3://scans/some/scan0.png", ["scan0"]),
        ("s3://scans/some/**/*.tiff", ["하위/scan1"]),
        (str(tmp_path / "list.txt"), ["absent", "scan0", "scan2"]),
    ):
        listed = bulk_process(source, tmp_path / "out", "--dry-run", "--json").stdout.splitlines()
        assert sorted(json.loads(line)["folder"] for line in listed)[-1].endswith(folders[-1])
        assert len(listed) == len(folders)
    run = bulk_process(tmp_path / "list.txt", tmp_path / "out")
    assert run.returncode == 1
    (failure,) = rows(tmp_path / "out" / "failures.jsonl")
    assert failure["path"] == names[2]
    assert "cannot read the file" in failure["message"]


def test_a_bucket_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    run = bulk("s3://absent/in", tmp_path / "out")
    assert run.returncode == 2
    assert "s3://absent/in" in run.stderr


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_results_that_have_no_bucket_to_go_to_are_not_begun(tmp_path: Path, options: tuple[str, ...]) -> None:
    mixed(tmp_path / "in", 1)
    run = bulk(tmp_path / "in", "s3://absent/out", *options)
    assert (run.returncode, run.stdout) == (2, "")
    assert "there is no bucket absent for s3://absent/out" in run.stderr
