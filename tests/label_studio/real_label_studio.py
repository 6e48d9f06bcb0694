"""A real Label Studio for tests: PyPI's package in an environment of its own, on SQLite, spoken to through its API.

The environment is made once and kept: in ``ML_SERVER_TEST_LABEL_STUDIO`` (a virtual environment that already has the
package will do), else in the user's cache folder. It takes about two minutes and one gigabyte.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from running_server import free_port

VERSION = "1.23.2"
EMAIL, PASSWORD = "annotator@example.com", "correct-horse-battery-9"
_DATABASE = "label_studio.sqlite3"
_START_S = 600
"""A fresh database takes a minute or two on a busy machine."""
_QUIET = {
    "COLLECT_ANALYTICS": "False",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "False",
    # Ours are at private addresses, which Label Studio refuses for ML backends, webhooks and S3 unless told otherwise.
    "USE_DEFAULT_BANNED_SUBNETS": "False",
    "USER_ADDITIONAL_BANNED_SUBNETS": "169.254.0.0/16",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "False",
    "SENTRY_DSN": "",
}


def program() -> Path:
    """Label Studio's console script; installed first where it is not yet.

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    given = os.environ.get("ML_SERVER_TEST_LABEL_STUDIO")
    place = Path(given) if given else cache / "ml_server" / f"label-studio-{VERSION}"
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs must not install into one folder
        found = place / "bin" / "label-studio"
        if not found.is_file():
            subprocess.run([sys.executable, "-m", "venv", place], check=True)
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", f"label-studio=={VERSION}"]
            subprocess.run(pip, check=True)
    return found


def _copy(database: Path, to: Path) -> None:
    part = to.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(to)


@dataclass(slots=True)
class LabelStudio:
    """One instance with a user of its own.

    Attributes:
        folder: its database, uploads and log.
        url: without a slash at its end.
        personal_token: a personal access token of the user.
        legacy_token: the user's other one.
        environment: added to its own.
        session: logged in as the browser would be; sends what the UI sends.
    """

    folder: Path
    url: str
    personal_token: str = ""
    legacy_token: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    session: httpx.Client = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.session = httpx.Client(base_url=self.url, timeout=120)

    def start(self) -> None:
        """Start it and wait until it answers; a stopped one goes on with its data and port."""
        port = self.url.rsplit(":", 1)[1]
        # Python's own server, as the package starts it; without a terminal, and one folder for everything it writes.
        command = [str(program()), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", port]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | _QUIET
        environment |= {"LABEL_STUDIO_BASE_DATA_DIR": str(self.folder), "HOME": str(self.folder), "HOST": self.url}
        environment |= {"LOCAL_FILES_SERVING_ENABLED": "true", "LOCAL_FILES_DOCUMENT_ROOT": str(self.folder / "files")}
        environment |= self.environment
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        kept, database = program().parents[1] / "empty.sqlite3", self.folder / _DATABASE
        fresh = not database.exists()
        if fresh and kept.exists():
            shutil.copy(kept, database)  # making it anew takes as long as everything else together
        with (self.folder / "label_studio.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    if fresh and not kept.exists():
                        _copy(database, kept)
                    return
            except httpx.TransportError:
                time.sleep(0.3)
        self.stop()
        raise RuntimeError(f"Label Studio did not start:\n{self.log()[-3000:]}")

    def stop(self) -> None:
        """End it; its data stay."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None

    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "label_studio.log").read_text(errors="replace")

    def sign_up(self) -> None:
        """Make the user, its organisation and both of its tokens, as the UI does."""
        self.session.get("/user/signup/").raise_for_status()
        form = {"email": EMAIL, "password": PASSWORD, "allow_newsletters": "false"}
        form["csrfmiddlewaretoken"] = self.session.cookies["csrftoken"]
        answer = self.session.post("/user/signup/", data=form, headers={"Referer": f"{self.url}/user/signup/"})
        assert answer.status_code == 302, answer.text[-2000:]
        self.session.headers["X-CSRFToken"] = self.session.cookies["csrftoken"]
        both = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True, "api_token_ttl_days": 300}
        self.post("/api/jwt/settings", both)
        self.personal_token = self.post("/api/token/", {})["token"]
        self.legacy_token = self.get("/api/current-user/token")["token"]

    def get(self, path: str, **query: Any) -> Any:
        """An answer of its API, parsed."""
        answer = self.session.get(path, params=query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """An answer of its API, parsed; None where it is empty."""
        answer = self.session.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json() if answer.content else None

    def project(self, title: str, config: str) -> int:
        """Make a project; gives its id.

        Args:
            title: of the project.
            config: labelling config, XML.
        """
        return int(self.post("/api/projects/", {"title": title, "label_config": config})["id"])

    def upload(self, project: int, images: Sequence[Path]) -> list[int]:
        """Upload pictures as the UI's import does, a task each; gives the tasks' ids in the pictures' order."""
        before = {task["id"] for task in self.tasks(project)}
        for image in images:
            with image.open("rb") as file:
                answer = self.session.post(f"/api/projects/{project}/import", files={"file": (image.name, file)})
            assert answer.is_success, answer.text[:1000]
        return sorted(task["id"] for task in self.tasks(project) if task["id"] not in before)

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Every task with its annotations and predictions."""
        query = {"project": project, "fields": "all", "page_size": 1000, "resolve_uri": "false"}
        found: list[dict[str, Any]] = self.get("/api/tasks", **query)["tasks"]
        return found

    def predictions(self, task: int) -> list[dict[str, Any]]:
        """The predictions of a task."""
        found: list[dict[str, Any]] = self.get("/api/predictions", task=task)
        return found

    def annotate(self, task: int, result: list[dict[str, Any]], **more: Any) -> int:
        """Submit an annotation as the UI does; gives its id."""
        return int(self.post(f"/api/tasks/{task}/annotations/", {"result": result, "lead_time": 3.5, **more})["id"])


@contextmanager
def running_label_studio(folder: Path, **environment: str) -> Iterator[LabelStudio]:
    """Start one with an empty database and a new user; stop it afterwards.

    Args:
        folder: for its files; made where it is not there.
        environment: its settings: ``ML_TIMEOUT_PREDICT="600"``.
    """
    found = LabelStudio(folder, f"http://127.0.0.1:{free_port()}", environment=environment)
    try:
        found.start()
        found.sign_up()
        yield found
    finally:
        found.stop()
        found.session.close()


if __name__ == "__main__":  # CI installs it while other tests run
    program()
