"""A program that is missing is no reason for a green CI."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from programs import found, program


@pytest.mark.parametrize("said", ["", "0", "false"])
def test_on_a_developers_machine_such_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("CI", said)
    with pytest.raises(pytest.skip.Exception, match="no nonesuch here; install it"):
        program("nonesuch", "install it")


def test_in_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must not go without: no nonesuch here; install it"):
        program("nonesuch", "install it")


def test_what_is_beside_this_python_comes_first() -> None:
    name = Path(sys.executable).name
    assert Path(found(name) or "").parent == Path(sys.executable).parent
