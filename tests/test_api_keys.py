"""API keys from the settings and from a file that changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ml_server import api_keys
from ml_server.api_keys import ApiKeys
from ml_server.errors import Unauthenticated
from ml_server.settings import Settings


def keys_of(**settings: Any) -> ApiKeys:
    return ApiKeys(Settings.model_validate(settings))


def holder(keys: ApiKeys, key: str) -> str | None:
    """Whose key it is; None for a key that is refused."""
    try:
        return keys.holder([("accept", b"*/*"), ("x-api-key", key.encode())], "send one")
    except Unauthenticated:
        return None


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at with every call."""
    monkeypatch.setattr(api_keys, "_RECHECK_S", 0.0)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"api_key": "a,b: c"}, {"a,b: c": ""}),
        ({"api_keys": "k-1, bob: k-2 ,,k:3"}, {"k-1": "", "k-2": "bob", "k:3": ""}),
        ({"api_keys": '["k-1", "bob: k,2"]'}, {"k-1": "", "k,2": "bob"}),
        ({"api_key": "old", "api_keys": "bob: new"}, {"old": "", "new": "bob"}),
    ],
)
def test_keys_and_names_from_settings(settings: dict[str, str], names: dict[str, str]) -> None:
    keys = keys_of(**settings)
    assert keys.required
    assert {key: holder(keys, key) for key in names} == names
    for wrong in ("", "wrong", *(key[:-1] for key in names), *(key + "x" for key in names), *set(names.values())):
        assert holder(keys, wrong) is None, wrong


def test_a_refusal_says_what_was_missing_and_no_key() -> None:
    keys = keys_of(api_key="s3cret")
    with pytest.raises(Unauthenticated, match=r"^found no API key; send one$"):
        keys.holder([("authorization", b"Basic czNjcmV0")], "send one")
    with pytest.raises(Unauthenticated, match=r"^found a wrong API key; send one$"):
        keys.holder([("authorization", b"Bearer s3cre"), ("x-api-key", b"S3CRET")], "send one")


def test_without_keys_the_server_is_open_and_with_a_file_it_never_is(tmp_path: Path) -> None:
    for settings in ({}, {"api_key": ""}, {"api_keys": " , "}):
        assert not keys_of(**settings).required
        assert holder(keys_of(**settings), "anything") == ""
    (tmp_path / "keys").write_text("# none yet\n\n")
    with pytest.raises(ValueError, match="there is no API key in"):
        keys_of(api_keys_file=tmp_path / "keys")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_keys": "good,two words"}, "entry 2 of ML_SERVER_API_KEYS is neither"),
        ({"api_keys": "[1]"}, "no JSON list of strings"),
        ({"api_keys": "[s3cret"}, "no JSON list of strings"),
        ({"api_keys_file": "nowhere"}, "nowhere: No such file"),
    ],
)
def test_malformed_keys_are_refused_and_not_quoted(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        keys_of(**settings)
    assert "words" not in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.usefixtures("no_pause")
def test_a_key_is_replaced_while_the_server_runs(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("\ufeff# the office\nbob: old\n")
    keys = keys_of(api_keys_file=file, api_key="fixed")
    assert (holder(keys, "old"), holder(keys, "new")) == ("bob", None)
    file.write_text("bob: old\nbob: new\n")
    assert (holder(keys, "old"), holder(keys, "new")) == ("bob", "bob")
    (tmp_path / "next").write_text("bob: new\n")
    with capture_logs() as lines:
        os.replace(tmp_path / "next", file)
        assert (holder(keys, "old"), holder(keys, "new"), holder(keys, "fixed")) == (None, "bob", "")
    assert [(line["event"], line["keys"], line["names"]) for line in lines] == [("api_keys_renewed", 1, ["bob"])]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("broken", [b"", b"new\nhalf a li", b"\xff\xfe", bytes(2**20 + 1), None])
def test_a_file_that_cannot_be_used_changes_nothing_until_it_can(tmp_path: Path, broken: bytes | None) -> None:
    file = tmp_path / "keys"
    file.write_text("old\n")
    keys = keys_of(api_keys_file=file)
    file.unlink()
    if broken is not None:
        file.write_bytes(broken)
    with capture_logs() as lines:
        assert [holder(keys, "old") for _ in range(3)] == [""] * 3
    assert [line["event"] for line in lines] == ["api_keys_not_renewed"]  # once, not with every call
    assert "half" not in lines[0]["reason"]
    file.write_text("new\n")
    assert (holder(keys, "old"), holder(keys, "new")) == (None, "")


def test_a_file_is_looked_at_once_a_second_at_most(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("old\n")
    keys = keys_of(api_keys_file=file)
    file.write_text("other\n")
    assert holder(keys, "old") == ""
