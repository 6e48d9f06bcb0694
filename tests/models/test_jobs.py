"""Training jobs in processes of their own: a real one to a new version, one that fails, one that is killed."""

from __future__ import annotations

import asyncio
import sys
from hashlib import sha256
from pathlib import Path

import psutil
import pytest
import small_forms
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.label_studio.jobs import JobStatus
from ml_server.models import promotion
from ml_server.models.jobs import ProcessJobs
from ml_server.models.serving import SHIPPED, ServingFile
from ml_server.models.store import ModelStore
from ml_server.settings import Settings

URL = "http://studio.test:8080/"
EXPORT = (sys.executable, str(Path(small_forms.__file__)))


def quick() -> Settings:
    """One step on the shipped model."""
    return Settings(train_epochs=0.1, train_threads=1, train_held_out=0.3)


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.ZombieProcess:  # of the test before, not reaped yet
        return []


async def over(jobs: ProcessJobs) -> JobStatus:
    async with asyncio.timeout(150):
        while (status := jobs.status()).state == "running":  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)
    return status


async def test_a_job_makes_a_version_and_promotes_it_unless_it_loses(home: Path) -> None:
    jobs = ProcessJobs(quick(), URL, EXPORT)
    assert jobs.status() == JobStatus("idle")
    status = await jobs.start(7, "20 new annotations")
    assert (status.state, status.project, status.why, status.started) == ("running", 7, "20 new annotations", True)
    again = await jobs.start(7, "START_TRAINING")
    assert (again.job, again.started, again.why) == (status.job, False, "20 new annotations")

    status = await over(ProcessJobs(quick(), URL, EXPORT))  # as after a restart of the server
    (job,) = jobs.files.all()
    assert job.state == "done", job.message
    version = ModelStore("key-values").list()[-1]
    assert (job.version, version.facts.parent, version.facts.compared) == (version.version, SHIPPED, SHIPPED)
    assert (version.facts.documents, version.facts.held_out_documents) in ((4, 2), (5, 1), (3, 3), (2, 4))
    assert version.facts.data == "label-studio-project-7"
    assert job.metrics == version.facts.metrics
    assert set(job.metrics) == {"SER F1", "RE F1", "pairs F1"}
    loses = promotion.loses(version.facts.metrics, version.facts.compared_metrics)
    serves = ServingFile.of(quick()).read().version
    assert serves == (SHIPPED if loses else version.version)
    assert job.promoted is not loses
    assert ("loses" if loses else "serves now") in status.message
    assert "license: apache-2.0" in (version.path / "README.md").read_text()
    assert f"version: {version.version}" in (version.path / "README.md").read_text().replace("'", "")
    assert not (jobs.files.folder / job.id / "work").exists()
    assert (home / "ml_server" / "held_out" / f"{version.facts.held_out}.jsonl").is_file()

    shown = CliRunner().invoke(app, ["models", "jobs", "--json"])
    assert job.id in shown.stdout
    # What was measured when it was trained is not measured again.
    promoted = CliRunner().invoke(app, ["models", "promote", "latest"])
    if serves == SHIPPED:
        assert promoted.exit_code == 1
        assert "it loses on" in promoted.stderr
    else:
        assert "serves already" in promoted.stdout


async def test_a_job_that_cannot_go_on_says_why(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Both of its processes import what is installed, whatever folder the server was started in.
    (tmp_path / "ml_server").mkdir()
    (tmp_path / "ml_server" / "__init__.py").write_text("raise ImportError('of the current folder')")
    monkeypatch.chdir(tmp_path)
    for name in ("LABEL_STUDIO_API_KEY", "ML_SERVER_LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    jobs = ProcessJobs(quick(), URL)
    await jobs.start(1, "START_TRAINING")
    status = await over(jobs)
    assert status.state == "failed"
    assert status.message.startswith("the export ended with code 1: ml-server: there is no Label Studio token")
    jobs = ProcessJobs(quick(), URL, (sys.executable, "-c", "import sys; sys.exit(f'no token for {sys.argv[1:]}')"))
    again = await jobs.start(2, "again")
    assert again.started, "the next one may start"
    # Each Label Studio has documents of its own: the project of that number is another one elsewhere.
    folder = home / "ml_server" / "documents" / f"{sha256(URL.rstrip('/').encode()).hexdigest()[:8]}-project-2"
    asked = ["--json", "--url", URL, "--project", "2", str(folder)]
    assert (await over(jobs)).message == f"the export ended with code 1: no token for {asked}"
    assert [jobs.status(job).project for job in (status.job, again.job, "")] == [1, 2, 2]
    assert jobs.status("../jobs") == JobStatus("idle")
    (jobs.files.folder / status.job / "status.json").write_text('{"id": "1", "project": 1, "why": "", "colour": "red"}')
    assert [each.id for each in jobs.files.all()] == [again.job], "another server's fields stop nobody"


async def test_a_job_that_was_killed_has_failed_with_its_last_lines(home: Path) -> None:
    endless = (sys.executable, "-c", "import time; time.sleep(60)")
    jobs = ProcessJobs(quick(), URL, endless)
    status = await jobs.start(1, "START_TRAINING")
    folder = jobs.files.folder / status.job
    async with asyncio.timeout(100):
        while jobs.files.read(folder).step != "export":  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
    (process,) = [each for each in psutil.Process().children() if str(folder) in command_of(each)]
    family = [process, *process.children(recursive=True)]
    assert process.nice() >= 10
    for each in family:
        each.kill()
    status = await over(jobs)
    assert status.state == "failed"
    assert "its process ended in the step export" in status.message
    assert "documents of Label Studio project 1" in status.message


async def test_what_is_not_installed_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ml_server.errors import EngineUnavailable

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(
        EngineUnavailable, match=r'training needs torch; install it with: pip install "ml_server\[train'
    ):
        await ProcessJobs(quick(), URL).start(1, "START_TRAINING")
