"""Certificates that cannot be used are found at the start, and new ones are taken when they fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from structlog.testing import capture_logs
from typer.testing import CliRunner

from ml_server import tls
from ml_server.cli import app
from ml_server.settings import Settings
from ml_server.tls import TLS, Renewal


def wrong_ways(folder: Path) -> list[tuple[dict[str, Path], str]]:
    """Flags and what is said of them."""
    authority = Authority(folder)
    one, two = authority.issue("one"), authority.issue("two")
    locked = authority.issue("locked", password=b"s3cret")
    (folder / "text").write_text("no PEM")
    both: dict[str, Path] = {"tls_cert": one.cert, "tls_key": one.key}
    return [
        ({"tls_cert": one.cert}, "needs both"),
        ({"tls_client_ca": authority.file}, "needs both"),
        (both | {"tls_key": folder / "nowhere"}, "nowhere for TLS: No such file"),
        (both | {"tls_cert": folder}, "Is a directory"),
        (both | {"tls_key": two.key}, "the key is another certificate's"),
        (both | {"tls_key": folder / "text"}, "must be PEM"),
        ({"tls_cert": locked.cert, "tls_key": locked.key}, "not encrypted"),
        (both | {"tls_client_ca": folder / "text"}, "no certificates in PEM"),
    ]


def test_what_cannot_be_served_with_is_refused(tmp_path: Path) -> None:
    for values, said in wrong_ways(tmp_path):
        with pytest.raises(ValueError, match=said):
            TLS.of(Settings.model_validate(values))
    assert TLS.of(Settings()) is None


@pytest.mark.parametrize("command", ["serve", "grpc"])
def test_the_command_line_says_it_before_anything_starts(command: str, tmp_path: Path) -> None:
    values, said = wrong_ways(tmp_path)[4]
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    result = CliRunner().invoke(app, [command, *flags])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    result = CliRunner().invoke(app, [command, "--api-keys-file", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "cannot read the API keys" in " ".join(result.stderr.split())


def test_half_of_a_new_pair_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    found: Any = TLS.of(Settings(tls_cert=pair.cert, tls_key=pair.key))
    renewal = Renewal(found)
    authority.issue("server")
    assert not renewal.due()  # at most once a second
    monkeypatch.setattr(tls, "_RECHECK_S", 0.0)
    assert renewal.due()
    assert not renewal.due()
    other = authority.issue("other")
    with capture_logs() as lines:
        other.cert.replace(pair.cert)
        assert not renewal.due()
        assert not renewal.due()
        pair.key.unlink()
        assert not renewal.due()
        other.key.replace(pair.key)
        assert renewal.due()
    assert [line["event"] for line in lines] == [
        "certificate_not_renewed", "certificate_not_renewed", "certificate_renewed",
    ]  # fmt: skip
