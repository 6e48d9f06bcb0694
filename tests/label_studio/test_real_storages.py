"""Tasks from an S3 storage of a real Label Studio, with moto as the bucket: synced, predicted, exported, refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import png
from real_command import CONFIG, MOCK, Command, versions
from real_label_studio import LabelStudio
from s3_server import S3Server, s3_server
from test_real_loop import connect, retrieve
from test_real_training import backend, corrected

pytestmark = [pytest.mark.label_studio, pytest.mark.timeout(600)]

PAGES = """<View><Image name="image" valueList="$pages"/><RectangleLabels name="label" toName="image">
<Label value="QUESTION"/><Label value="ANSWER"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""
NAMES = ("a.png", "하위 폴더/스캔 (2)+b.png", "100%25 & more.png")
"""With what addresses have to escape."""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server("scans", "annotated") as server:
        yield server


@pytest.fixture
def command(studio: LabelStudio, tmp_path: Path) -> Command:
    return Command(studio, tmp_path)


def width(number: int) -> int:
    """Of a picture: each has its own, so that none is taken for another."""
    return 300 + number


def put(s3: S3Server, project: int, *names: str) -> list[str]:
    """Put pictures into the project's folder of the bucket; gives their addresses."""
    there = len(s3.keys("scans", f"{project}/"))
    for number, name in enumerate(names, there):
        s3.client.put_object(Bucket="scans", Key=f"{project}/{name}", Body=png(width(number), 90))
    return [f"s3://scans/{project}/{name}" for name in names]


def connected(studio: LabelStudio, s3: S3Server, title: str, config: str = CONFIG, **storage: Any) -> int:
    """A project with a storage of its title; gives the project."""
    project = studio.project(title, config)
    known = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1", "s3_endpoint": s3.url}
    about = {"project": project, "title": title, "bucket": "scans", "use_blob_urls": True, "recursive_scan": True}
    put(s3, project, *NAMES)
    studio.post("/api/storages/s3/", known | about | {"prefix": f"{project}/"} | storage)
    return project


def synced(command: Command, title: str) -> int:
    """Sync and wait; gives how many tasks came."""
    code, out, err = command.run("sync", "--storage", title, "--wait", "--json")
    told = json.loads(out)
    assert (code, told["status"], told["type"]) == (0, "completed", "s3"), err
    return int(told["count"])


def predicted(command: Command, project: int) -> tuple[int, dict[str, Any], str]:
    """Exit code, summary and complaints of ``predict``."""
    code, out, err = command.run("predict", "-p", str(project), "--json")
    return code, json.loads(out) if out else {}, err


def seen(studio: LabelStudio, project: int) -> dict[str, int]:
    """The width of the picture that was predicted for, by the address its task has."""
    found = {}
    for task in studio.tasks(project):
        (prediction,) = task["predictions"]
        (address,) = task["data"].values()
        found[address] = prediction["result"][0]["original_width"]
    return found


def expected(project: int) -> dict[str, int]:
    return {f"s3://scans/{project}/{name}": width(number) for number, name in enumerate(NAMES)}


@pytest.mark.parametrize("way", ["proxied", "presigned", "direct"])
def test_tasks_of_an_s3_storage_are_synced_and_predicted(
    studio: LabelStudio, s3: S3Server, command: Command, way: str
) -> None:
    project = connected(studio, s3, way, presign=way != "proxied")
    assert synced(command, way) == len(NAMES)
    if way == "presigned":  # the bucket is a private address that nobody has named
        code, told, err = predicted(command, project)
        assert (code, told["failed"]) == (1, len(NAMES))
        why = Path(told["failures"]).read_text()
        assert why.count(f"ML_SERVER_LABEL_STUDIO_HOSTS={s3.url.removeprefix('http://')}") == len(NAMES), why
        command.environment["ML_SERVER_LABEL_STUDIO_HOSTS"] = s3.url.removeprefix("http://")
    if way == "direct":
        command.environment |= s3.environment | {"ML_SERVER_LABEL_STUDIO_HOSTS": "s3://scans"}
    asked_before = studio.log().count("/resolve")
    code, told, err = predicted(command, project)
    assert (code, told.get("done")) == (0, len(NAMES)), err
    assert seen(studio, project) == expected(project)
    assert (studio.log().count("/resolve") == asked_before) is (way == "direct")

    put(s3, project, "late.png")
    assert synced(command, way) == 1
    assert predicted(command, project)[1]["done"] == 1
    assert set(versions(studio, project).values()) == {1}


def test_tasks_written_as_json_in_the_bucket_have_several_pages(
    studio: LabelStudio, s3: S3Server, command: Command
) -> None:
    project = connected(studio, s3, "json", PAGES, use_blob_urls=False, regex_filter=r".*\.json", presign=False)
    addresses = [f"s3://scans/{project}/{name}" for name in NAMES]
    s3.client.put_object(
        Bucket="scans", Key=f"{project}/task.json", Body=json.dumps({"data": {"pages": addresses}}).encode()
    )
    assert synced(command, "json") == 1
    code, told, err = predicted(command, project)
    assert (code, told.get("done")) == (0, 1), err
    ((prediction,),) = [task["predictions"] for task in studio.tasks(project)]
    found = {item["item_index"]: item["original_width"] for item in prediction["result"] if "value" in item}
    assert found == {number: width(number) for number in range(len(NAMES))}


def test_the_ml_backend_and_the_export_read_the_bucket_too(
    studio: LabelStudio, s3: S3Server, command: Command, tmp_path: Path
) -> None:
    project = connected(studio, s3, "backend", presign=True)
    assert synced(command, "backend") == len(NAMES)
    settings = {"ML_SERVER_HTTP_HOST": "127.0.0.1", "ML_SERVER_PRELOAD": "", **MOCK}
    command.environment["ML_SERVER_LABEL_STUDIO_HOSTS"] = s3.url.removeprefix("http://")
    with backend(studio, tmp_path / "backend.log", **settings, **command.environment) as url:
        connect(studio, project, url)
        retrieve(studio, project)
    assert seen(studio, project) == expected(project), (tmp_path / "backend.log").read_text()
    for number, task in enumerate(studio.tasks(project)):
        studio.annotate(task["id"], corrected(number))
    code, out, err = command.run("export", "-p", str(project), str(tmp_path / "forms"), "--json")
    assert (code, json.loads(out)["written"]) == (0, len(NAMES)), err
    pictures = {file.read_bytes() for file in (tmp_path / "forms" / "images").iterdir()}
    assert pictures == {png(width(number), 90) for number in range(len(NAMES))}


def test_a_resolved_address_in_a_tasks_data_is_followed(studio: LabelStudio, s3: S3Server, command: Command) -> None:
    """As tasks have it that were exported by Label Studio with ``resolve_uri`` and imported again."""
    project = connected(studio, s3, "resolved", presign=False)
    assert synced(command, "resolved") == len(NAMES)
    first = studio.tasks(project)[0]["id"]
    uri = base64.urlsafe_b64encode(f"s3://scans/{project}/{NAMES[1]}".encode()).decode()
    addresses = [f"{base}/tasks/{first}/{name}/?fileuri={uri}" for base, name in
                 (("", "resolve"), (studio.url, "resolve"), ("", "presign"))]  # fmt: skip
    addresses.append(f"/projects/{project}/resolve/?fileuri={uri}")
    again = studio.project("again", CONFIG)
    studio.post(f"/api/projects/{again}/import", [{"image": address} for address in addresses])
    code, told, err = predicted(command, again)
    assert (code, told.get("done")) == (0, len(addresses)), err
    assert seen(studio, again) == dict.fromkeys(addresses, width(1))


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("proxied", "Label Studio cannot get s3://scans/"),
        ("presigned", "is it private or gone, or its signature expired?"),
        ("direct", "there is no s3://scans/"),
    ],
)
def test_an_object_that_has_gone_fails_its_own_task_with_the_cause(
    studio: LabelStudio, s3: S3Server, command: Command, way: str, why: str
) -> None:
    project = connected(studio, s3, f"{way} gone", presign=way == "presigned")
    assert synced(command, f"{way} gone") == len(NAMES)
    hosts = "s3://scans" if way == "direct" else s3.url.removeprefix("http://")
    command.environment |= s3.environment | {"ML_SERVER_LABEL_STUDIO_HOSTS": hosts}
    s3.client.delete_object(Bucket="scans", Key=f"{project}/{NAMES[0]}")
    code, told, err = predicted(command, project)
    assert (code, told.get("done"), told.get("failed")) == (1, len(NAMES) - 1, 1), err
    (line,) = Path(told["failures"]).read_text().splitlines()
    assert why in json.loads(line)["message"]


def test_a_bucket_that_has_gone_is_said(studio: LabelStudio, s3: S3Server, command: Command) -> None:
    s3.client.create_bucket(Bucket="short-lived")
    connected(studio, s3, "goes away", bucket="short-lived", prefix="")
    s3.client.delete_bucket(Bucket="short-lived")
    code, out, err = command.run("sync", "--storage", "goes away", "--wait")
    assert (code, out) == (2, ""), err
    assert "Label Studio cannot reach 'goes away'" in err
    assert "are its bucket, keys and endpoint right" in err


def test_annotations_go_out_to_a_target_storage(studio: LabelStudio, s3: S3Server, command: Command) -> None:
    project = connected(studio, s3, "source")
    assert synced(command, "source") == len(NAMES)
    for number, task in enumerate(studio.tasks(project)):
        studio.annotate(task["id"], corrected(number))
    known = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1", "s3_endpoint": s3.url}
    studio.post("/api/storages/export/s3", known | {"project": project, "title": "out", "bucket": "annotated"})
    code, out, err = command.run("sync", "--storage", "out", "--target", "--wait", "--json")
    assert (code, json.loads(out)["status"], json.loads(out)["count"]) == (0, "completed", len(NAMES)), err
    assert len(s3.keys("annotated")) == len(NAMES)
