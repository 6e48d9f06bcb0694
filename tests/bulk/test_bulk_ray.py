"""``ml-server bulk --ray`` on a cluster of two nodes of this machine: as a plain run, and with a node that dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bulk_runs import bulk, bulk_process
from pages import png, tiff
from typer.testing import CliRunner

from ml_server.bulk.inputs import Inputs
from ml_server.bulk.options import BulkDocument, BulkOptions
from ml_server.bulk.outcome import Outcome
from ml_server.bulk.pipeline_reader import bulk_settings
from ml_server.bulk.ray_actor import RayReader, Reading, outcome_of, row_of
from ml_server.bulk.ray_run import RayOptions, connected, run_on_ray
from ml_server.bulk.run import Tally
from ml_server.bulk.storage import OutputFailed
from ml_server.cli import app
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.settings import Settings

_STORE = 80 * 2**20  # bytes of objects a node may hold; Ray's least

OPTIONS = BulkOptions(language="korean", engine="mock")


def settings(**values: Any) -> Settings:
    return bulk_settings(Settings(engine="mock", log_level="ERROR", **values))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(30):
        (folder / f"page{number:02}.png").write_bytes(png(100 + number, 60))
    for number in range(5):
        (folder / f"three{number}.tif").write_bytes(tiff((90, 50), (80 + number, 40), (70, 30)))
    Path(os.fsdecode(os.fsencode(folder) + b"/damaged\xff.png")).write_bytes(b"hello")
    return folder


@pytest.fixture
def cluster() -> Iterator[tuple[str, Callable[[], None]]]:
    """Address of two nodes with a CPU each, and what kills the second one with SIGKILL."""
    pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": _STORE, "include_dashboard": False}
    both: Any = Cluster(initialize_head=True, head_node_args=node)
    second = both.add_node(num_cpus=1, object_store_memory=_STORE)
    try:
        yield both.address, lambda: both.remove_node(second, allow_graceful=False)
    finally:
        both.shutdown()


def run(address: str, scans: Path, out: Path, told: Callable[[int], None], delay_s: float) -> Tally:
    tally, seen = Tally(), list[str]()

    def done(document: BulkDocument, outcome: Outcome) -> None:
        seen.append(document.url)
        told(len(seen))

    wanted = RayOptions.of(address, None, settings())
    reading = Reading(settings(mock_delay_s=delay_s), OPTIONS, str(out), retry_failed=False)
    with connected(wanted) as ray:
        run_on_ray(ray, Inputs(str(scans), str(out), lambda _: None), reading, wanted, done, tally)
    assert len(seen) == len(set(seen))
    return tally


def results(out: Path) -> dict[str, Any]:
    """What was read on each page: all but how long it took."""
    found = {}
    for path in sorted(out.rglob("page*.json")):
        body = json.loads(path.read_text())
        del body["processing_time_ms"]
        found[str(path.relative_to(out))] = body
    return found


@pytest.mark.ray
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # Ray's own, of its threads and sockets
def test_a_node_that_dies_half_way_loses_and_doubles_nothing(
    cluster: tuple[str, Callable[[], None]], scans: Path, tmp_path: Path
) -> None:
    address, kill = cluster
    out = tmp_path / "out"
    killing = threading.Thread(target=kill)
    tally = run(address, scans, out, lambda seen: killing.start() if seen == 12 else None, 0.3)
    killing.join()
    assert (tally.documents, tally.failed, tally.stopped) == (36, 1, False)
    found = results(out)
    assert len(found) == 45
    assert not list(out.rglob(".ml-server-part-*"))

    plain = tmp_path / "plain"
    command = [str(Path(sys.executable).parent / "ml-server"), "bulk", str(scans), str(plain), "-l", "korean"]
    environment = os.environ | {"ML_SERVER_ENGINE": "mock"}
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 1
    assert found == results(plain)
    # What Ray has begun a plain run takes for finished, and the other way round.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("page*.json")}
    again = run(address, scans, out, lambda _: None, 0.0)
    assert (again.skipped, again.pages) == (36, 0)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("page*.json")} == before


@pytest.mark.ray
@pytest.mark.timeout(300)
def test_the_command_needs_no_address_and_its_summary_is_json(scans: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    command = [str(Path(sys.executable).parent / "ml-server"), "bulk", str(scans), str(tmp_path / "out")]
    environment = os.environ | {"ML_SERVER_ENGINE": "mock"}
    finished = subprocess.run(
        [*command, "--ray", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 1, finished.stderr
    summary = json.loads(finished.stdout)
    assert (summary["documents"], summary["pages"], summary["failed"]) == (36, 45, 1)
    assert "damaged\\udcff.png" in finished.stderr
    environment |= {"ML_SERVER_ENGINE": "magic"}
    refused = subprocess.run([*command, "--ray"], env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode in (2, 3)
    assert "magic" in refused.stderr
    assert "Traceback" not in refused.stderr


def batch(*documents: BulkDocument) -> dict[str, list[Any]]:
    rows = [row_of(document) for document in documents]
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_an_actor_reads_a_batch_and_tells_of_it_in_rows(scans: Path, tmp_path: Path) -> None:
    documents = list(Inputs(str(scans), str(tmp_path / "out"), lambda _: None))[:3]
    reading = Reading(settings(replicas=1, decode_workers=1), OPTIONS, str(tmp_path / "out"), retry_failed=False)
    with closing(RayReader(reading)) as reader:
        columns = reader(batch(*documents))
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    told = [outcome_of(row) for row in rows]
    assert [document for document, _ in told] == documents
    assert {outcome.read for _, outcome in told} == {0, 1}
    assert [len(outcome.record.failures) for _, outcome in told] == [1, 0, 0]


def test_what_ends_the_run_is_told_as_it_is(scans: Path, tmp_path: Path) -> None:
    document = BulkDocument(str(scans / "page00.png"), "page00", 1, "1")
    blocked = tmp_path / "file"
    blocked.write_text("")
    for options, out, kind in (
        (OPTIONS, blocked / "below", OutputFailed),
        (BulkOptions(language="korean", engine="magic", retries=0), tmp_path / "out", InvalidRequest),
    ):
        values = settings(replicas=1, decode_workers=1)
        with closing(RayReader(Reading(values, options, str(out), retry_failed=False))) as reader:
            columns = reader(batch(document))
        with pytest.raises(kind):
            outcome_of({name: values[0] for name, values in columns.items()})


def test_where_nothing_is_left_to_read_no_ray_is_asked_for(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert bulk(scans, out).returncode == 1
    (tmp_path / "none" / "ray").mkdir(parents=True)
    (tmp_path / "none" / "ray" / "__init__.py").write_text("raise ImportError('there is none')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "none"))
    again = bulk_process(scans, out, "--ray", "--json")
    assert again.returncode == 1, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["documents"], summary["skipped"], summary["failed"]) == (36, 36, 1)
    (scans / "new.png").write_bytes(png(90, 60))
    more = bulk_process(scans, out, "--ray")
    assert more.returncode == 3
    assert "ml_server[ray]" in more.stderr


def test_without_ray_the_install_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineUnavailable, match=r"ml_server\[ray\]"), connected(RayOptions("local", None, 1, 0.0)):
        pass


def test_actors_are_as_many_as_there_is_room_for() -> None:
    cpu = RayOptions.of("auto", None, Settings(threads=2))
    assert cpu.at_most({"CPU": 9.0}) == 4
    assert RayOptions.of("auto", 3, Settings(threads=2)).at_most({"CPU": 9.0}) == 3
    gpu = RayOptions.of("auto", None, Settings(device="gpu"))
    assert gpu.at_most({"CPU": 16.0, "GPU": 2.0}) == 2
    with pytest.raises(InvalidRequest, match="0 GPUs"):
        gpu.at_most({"CPU": 16.0})


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        (["IN", "OUT", "--ray"], "local"),
        (["--ray", "IN", "OUT"], "local"),
        (["IN", "OUT", "--ray", "auto"], "auto"),
        (["IN", "--ray", "head:6379", "OUT", "--text"], "head:6379"),
        (["IN", "OUT", "--ray", "ray://head:10001"], "ray://head:10001"),
        (["IN", "OUT"], None),
    ],
)
def test_the_address_may_be_left_out(
    arguments: list[str], address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_server import cli_bulk_run

    asked: list[cli_bulk_run.Asked] = []

    def remember(found: cli_bulk_run.Asked, settings: Settings) -> bool:
        asked.append(found)
        return True

    monkeypatch.setattr(cli_bulk_run, "run", remember)
    assert CliRunner().invoke(app, ["bulk", *arguments]).exit_code == 0
    assert [(found.ray, found.source, found.output) for found in asked] == [(address, "IN", "OUT")]
