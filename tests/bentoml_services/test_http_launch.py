"""How the server is started: settings reach its processes, and a port that is taken is said before anything starts."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from certificates import Authority
from pages import png
from pydantic import SecretStr
from running_server import RunningServer

from ml_server.bentoml_services import import_path, launch
from ml_server.clients import OCRClient
from ml_server.settings import Settings


def test_settings_reach_other_processes_whatever_the_environment_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_SERVER_ENGINE", "easyocr")
    monkeypatch.setenv("ml_server_lang", "french")
    monkeypatch.setenv("ML_SERVER_REPLICAS", "7")
    wanted = Settings(
        engine="mock", lang="korean", replicas=None, api_key=SecretStr("s3cret"), model_dir=Path("weights"), preload="",
        page_timeout_s=0.25, mock_failure="hang",
    )  # fmt: skip
    handed_down = launch.environment(wanted, dict(os.environ))
    for name in [name for name in os.environ if name.upper().startswith("ML_SERVER_")]:
        monkeypatch.delenv(name)
    for name, value in handed_down.items():
        monkeypatch.setenv(name, value)
    assert Settings() == wanted


def test_the_rest_of_the_environment_stays_and_bentoml_reports_nothing_home() -> None:
    handed_down = launch.environment(Settings(), {"PATH": "/bin", "ML_SERVER_OTHER": "kept"})
    ours = {"BENTOML_DO_NOT_TRACK": "True", "GRPC_VERBOSITY": "ERROR", "PYTHONSAFEPATH": "1"}
    assert handed_down == {"PATH": "/bin", "ML_SERVER_OTHER": "kept", **ours}
    assert launch.environment(Settings(), {"BENTOML_DO_NOT_TRACK": "False"})["BENTOML_DO_NOT_TRACK"] == "False"


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the process would have become."""
    calls: list[Any] = []

    def execve(path: str, command: list[str], environment: dict[str, str]) -> NoReturn:
        calls.append((path, command, environment))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    return calls


def test_serve_becomes_bentoml_serve(executed: list[Any]) -> None:
    settings = Settings(http_host="localhost", http_port=0, grpc_host="[::1]", grpc_port=0, shutdown_grace_s=2.5)
    with pytest.raises(SystemExit):
        launch.serve(settings)
    ((_, command, environment),) = executed
    assert command[1:] == [
        "-m", "ml_server.bentoml_services.bento_supervisor", "serve", "ml_server.bentoml_services.service:MLServer",
        "--host", "127.0.0.1", "--port", "0", "--timeout-graceful-shutdown", "3",
    ]  # fmt: skip
    assert environment["ML_SERVER_GRPC_PORT"] == "0"


def test_packages_in_the_folder_it_is_started_in_hide_none_that_it_needs(mock_server: RunningServer) -> None:
    front = mock_server.front()
    assert (Path(front.cwd()) / "ml_server" / "__init__.py").exists()
    with OCRClient(mock_server.http) as http, OCRClient(f"grpc://{mock_server.grpc}") as grpc:
        assert http.extract_text(png()).engine == grpc.extract_text(png()).engine == "mock"
    assert "this is not the installed" not in mock_server.log.read_text()


@pytest.mark.parametrize(
    ("safe", "told", "before", "after"),
    [
        (True, "", [".", "{here}", "/lib", "{here}"], ["/lib", "{here}"]),
        (True, "{here}", ["{here}", "/lib"], ["{here}", "/lib"]),
        (False, "", ["{here}", "/lib"], ["{here}", "/lib"]),
    ],
    ids=["BentoML has added it", "PYTHONPATH names it", "plain bentoml serve"],
)
def test_the_current_folder_is_left_out_where_only_bentoml_looks_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, safe: bool, told: str, before: list[str], after: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", told.format(here=tmp_path))
    path = [each.format(here=tmp_path) for each in before]
    monkeypatch.setattr(import_path, "sys", SimpleNamespace(flags=SimpleNamespace(safe_path=safe), path=path))
    import_path.leave_out_here()
    assert path == [each.format(here=tmp_path) for each in after]


def test_a_certificate_goes_to_both_wires(executed: list[Any], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    ports = Settings(http_host="127.0.0.1", grpc_host="127.0.0.1", http_port=0, grpc_port=0)
    with pytest.raises(SystemExit):
        launch.serve(ports.model_copy(update={"tls_cert": pair.cert, "tls_key": pair.key}))
    with pytest.raises(SystemExit):
        launch.serve(
            ports.model_copy(update={"tls_cert": pair.cert, "tls_key": pair.key, "tls_client_ca": authority.file})
        )
    (_, one_sided, environment), (_, mutual, _) = executed
    assert one_sided[-4:] == ["--ssl-certfile", str(pair.cert), "--ssl-keyfile", str(pair.key)]
    assert mutual[-4:] == ["--ssl-ca-certs", str(authority.file), "--ssl-cert-reqs", "2"]
    assert environment["ML_SERVER_TLS_CERT"] == str(pair.cert)


@pytest.mark.parametrize(("wire", "flag"), [("http", "--http-port"), ("grpc", "--grpc-port")])
def test_a_taken_port_is_said_at_once(executed: list[Any], wire: str, flag: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        hosts = {"http_host": "127.0.0.1", "grpc_host": "127.0.0.1", "http_port": 0, "grpc_port": 0}
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} .*{flag}"):
            launch.serve(Settings.model_validate(hosts | {f"{wire}_port": port}))
    assert executed == []
