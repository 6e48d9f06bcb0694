"""Tokens with a real Label Studio: either kind, expired, revoked and wrong ones; and addresses that are not its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pages import png
from real_command import Command, project_of
from real_label_studio import LabelStudio, running_label_studio

from ml_server.label_studio import api, tokens
from ml_server.label_studio.images import Images
from ml_server.label_studio.settings import LabelStudioSettings

pytestmark = [pytest.mark.label_studio, pytest.mark.timeout(600)]

LIFE_S = 6
# Label Studio's own settings in this very module, as it asks for some of them while they are still being read.
SHORT_LIVED = f"""from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

exec(Path(find_spec("label_studio.core.settings.label_studio").origin).read_text())
SIMPLE_JWT = {{"ACCESS_TOKEN_LIFETIME": timedelta(seconds={LIFE_S})}}
"""


@pytest.fixture
def command(studio: LabelStudio, tmp_path: Path) -> Command:
    return Command(studio, tmp_path)


@pytest.mark.parametrize(("token", "cause"), [("", "is empty"), ("0" * 40, "legacy"), ("PAT", "personal")])
def test_a_wrong_token_is_refused_with_the_cause(command: Command, token: str, cause: str) -> None:
    command.token = command.token[:-6] + "AAAAAA" if token == "PAT" else token
    code, _, err = command.run("predict", "-p", "1")
    assert code == 1
    assert cause in err
    assert "Traceback" not in err


def test_a_legacy_token_and_an_access_token_do_as_well(studio: LabelStudio, command: Command, tmp_path: Path) -> None:
    project, tasks = project_of(studio, tmp_path, 1)
    command.token = studio.legacy_token
    code, out, err = command.run("predict", "-p", str(project), "--json")
    assert (code, json.loads(out)["done"]) == (0, len(tasks)), err
    command.token = studio.post("/api/token/refresh/", {"refresh": studio.personal_token})["access"]
    code, out, err = command.run("predict", "-p", str(project), "--json")
    assert (code, json.loads(out)["skipped"]) == (0, len(tasks)), err


@pytest.fixture
def redirecting(studio: LabelStudio) -> Iterator[str]:
    """An address that sends everybody on to Label Studio."""

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", studio.url + self.path)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_redirect_is_not_followed_with_the_token(command: Command, redirecting: str) -> None:
    command.url = redirecting
    code, _, err = command.run("predict", "-p", "1")
    assert code == 2
    assert "is redirected (301)" in err


def test_a_project_that_is_not_there_is_said(command: Command) -> None:
    code, _, err = command.run("predict", "-p", "99999")
    assert (code, "no such thing (404)" in err) == (2, True)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    """A Label Studio whose bearer tokens live seconds, by Django's own setting for it, instead of five minutes."""
    folder = tmp_path_factory.mktemp("hasty")
    (folder / "short_lived.py").write_text(SHORT_LIVED)
    with running_label_studio(folder, PYTHONPATH=str(folder), DJANGO_SETTINGS_MODULE="short_lived") as started:
        yield started


async def test_an_expired_bearer_is_renewed_after_its_401(
    hasty: LabelStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, (task,) = project_of(hasty, tmp_path, 1)
    # As on a machine that slept meanwhile: by its own clock the bearer token is good for long.
    monkeypatch.setattr(tokens, "_EARLY_S", -3600.0)
    settings = LabelStudioSettings.model_validate({"url": hasty.url, "api_key": hasty.personal_token})
    asked: list[str] = []
    async with api.LabelStudio(settings) as client:

        async def count(request: object) -> None:
            asked.append(f"{request.method} {request.url.path}")  # type: ignore[attr-defined]  # of httpx

        client.client.event_hooks["request"].append(count)
        images = Images(settings, lambda: client, 10**6)
        address = (await client.get(f"/api/tasks/{task}/", resolve_uri="false"))["data"]["image"]
        assert asked == ["POST /api/token/refresh/", f"GET /api/tasks/{task}/"]
        await asyncio.sleep(LIFE_S + 1)
        del asked[:]
        found = await asyncio.gather(images.fetch(address), *(client.get(f"/api/projects/{project}") for _ in range(3)))
        assert found == [png(60, 40), *[hasty.get(f"/api/projects/{project}")] * 3]
        assert asked.count("POST /api/token/refresh/") == 1, "one renewal for all"
        assert asked.count(f"GET {address}") == 2, "refused, and sent again"
        await images.close()


def test_an_access_token_that_has_expired_is_refused_with_what_to_give_instead(
    hasty: LabelStudio, tmp_path: Path
) -> None:
    project, tasks = project_of(hasty, tmp_path, 1)
    command = Command(hasty, tmp_path)
    code, out, err = command.run("predict", "-p", str(project), "--json")  # each of its calls asks for a new one
    assert (code, json.loads(out)["done"]) == (0, len(tasks)), err
    command.token = hasty.post("/api/token/refresh/", {"refresh": hasty.personal_token})["access"]
    time.sleep(LIFE_S + 1)
    code, _, err = command.run("predict", "-p", str(project))
    assert (code, "Traceback" in err) == (1, False)
    assert "refuses the token" in err
    assert "give the personal access token" in " ".join(err.split())


def test_a_revoked_personal_token_is_refused_with_the_cause(hasty: LabelStudio, tmp_path: Path) -> None:
    command = Command(hasty, tmp_path)
    hasty.post("/api/token/blacklist/", {"refresh": command.token})
    hasty.personal_token = hasty.post("/api/token/", {})["token"]
    code, _, err = command.run("predict", "-p", "1")
    assert (code, "Traceback" in err) == (1, False)
    assert "does not take the personal access token" in err
    assert "revoked" in err
