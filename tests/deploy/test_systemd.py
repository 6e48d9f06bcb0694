"""deploy/systemd: the service can be enabled, and agrees with the server's settings and with docs/deployment.md."""

from __future__ import annotations

from collections import defaultdict

from manifests import PREFIX, ROOT, settings

FILE = ROOT / "deploy" / "systemd" / "ml-server.service"


def sections() -> dict[str, list[tuple[str, str]]]:
    """Keys and values by section, in order: a key may be there twice."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    section = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[section].append((key, value))
    return found


def test_it_can_be_enabled() -> None:
    assert dict(sections()["Install"]) == {"WantedBy": "multi-user.target"}
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert f"{FILE.relative_to(ROOT)} /etc/systemd/system/" in page
    service = dict(sections()["Service"])
    program, command = service["ExecStart"].split()
    assert command == "serve"
    assert f"{program.removesuffix('/bin/ml-server')}/bin/pip install" in page


def test_its_settings_are_the_servers_and_it_has_the_time_to_stop() -> None:
    service = sections()["Service"]
    variables = dict(value.split("=", 1) for key, value in service if key == "Environment")
    told = settings({name: value for name, value in variables.items() if name.startswith(PREFIX)})
    assert variables["HOME"] == f"/var/lib/{dict(service)['StateDirectory']}"
    assert int(dict(service)["TimeoutStopSec"]) > told.shutdown_grace_s + 10
