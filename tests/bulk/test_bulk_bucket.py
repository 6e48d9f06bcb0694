"""``ml-server bulk`` from bucket to bucket, over S3's own protocol, from a server that fails now and then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bulk_runs import bulk, bulk_process, mixed, results, rows, summary
from flaky_bucket import flaky_bucket
from s3_server import S3Server, s3_server
from s3fs import S3FileSystem
from tenacity import wait_none

from ml_server.bulk import again
from ml_server.bulk.inputs import Inputs
from ml_server.bulk.places import open_place
from ml_server.errors import NotReady


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
    assert "does not answer" not in first.stderr, "it stumbles, and that is what retries are for"
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


def test_a_bucket_is_listed_a_thousand_objects_at_a_time(s3: S3Server) -> None:
    names = ["z.png", "a/b.png", "a/b/c.pdf", "a-/d.png", ".trash/e.png", "a/.f.png", "a/notes.txt", "a//b.png"]
    client = s3.client
    for name in (*names, *(f"many/{number}/g.png" for number in range(12))):
        client.put_object(Bucket="scans", Key=f"listed/{name}", Body=b"x")

    def folders(source: str) -> list[str]:
        return sorted(document.folder for document in Inputs(source, "s3://scans/listed/many", lambda _: None))

    s3.requests.clear()
    found = folders("s3://scans/listed")
    assert found[:3] == ["a-/d", "a/b", "a/b/c"]
    assert found[3].startswith("a/~")
    assert found[4:] == ["z"]
    assert [each.split()[0] for each in s3.requests] == ["HEAD", "GET", "GET"]
    assert folders("s3://scans/listed/*.png") == ["z"]
    assert folders("s3://scans/listed/a*/*.png") == ["a-/d", "a/b"]
    assert folders("s3://scans/listed/.t*/*.png") == [".trash/e"]
    s3.requests.clear()
    place = open_place("s3://scans/listed/many")
    assert sorted(place.find("g.png")) == sorted(f"{number}/g.png" for number in range(12))
    assert len(s3.requests) == 1
    assert list(open_place("s3://scans/nothing").find("g.png")) == []


def test_a_folder_that_cannot_be_listed_is_never_left_out(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client = s3.client
    for number in range(3):
        client.put_object(Bucket="scans", Key=f"paged/{number}.png", Body=b"x")
    real = S3FileSystem.call_s3

    def by_ones(self: S3FileSystem, method: str, *args: Any, **asked: Any) -> Any:
        if method == "list_objects_v2" and "ContinuationToken" in asked and failing:
            failing.pop()
            raise OSError(16, "Please reduce your request rate")
        if method == "list_objects_v2":
            asked["MaxKeys"] = 1
        return real(self, method, *args, **asked)

    monkeypatch.setattr(S3FileSystem, "call_s3", by_ones)
    monkeypatch.setattr(again, "wait_exponential", lambda **_: wait_none())
    failing = [1]
    inputs = Inputs("s3://scans/paged", "out", lambda _: None)
    assert [document.folder for document in inputs] == ["0", "1", "2"]
    assert failing == []
    failing = [1] * 9
    with pytest.raises(NotReady, match="cannot list s3://scans/paged: Please reduce"):
        list(inputs)
    with pytest.raises(OSError, match="reduce"):
        list(open_place("s3://scans/paged").find("2.png"))


def test_a_listed_object_that_cannot_be_looked_at_is_no_changed_one(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.client.put_object(Bucket="scans", Key="some/a.png", Body=b"x")
    (tmp_path / "list.txt").write_text("s3://scans/some/a.png\ns3://scans/some/gone.png\n")

    async def busy(self: S3FileSystem, path: str, **_: Any) -> Any:
        raise OSError(16, "Please reduce your request rate")

    inputs = Inputs(str(tmp_path / "list.txt"), str(tmp_path / "out"), lambda _: None)
    assert [(document.size, bool(document.version)) for document in inputs] == [(1, True), (0, False)]
    monkeypatch.setattr(S3FileSystem, "_info", busy)
    monkeypatch.setattr(again, "wait_exponential", lambda **_: wait_none())
    with pytest.raises(NotReady, match=r"cannot look at s3://scans/some/a\.png"):
        list(inputs)


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
        found = sorted(json.loads(line)["folder"] for line in listed)
        assert len(found) == len(folders)
        assert all(one.endswith(other) for one, other in zip(found, folders, strict=True))
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
