"""Which models are refused for their licence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_server.engines.layoutlm import licence
from ml_server.engines.layoutlm.licence import is_free, read_card
from ml_server.errors import EngineUnavailable


@pytest.mark.parametrize(
    "name",
    [
        *("mit", "MIT", "Apache-2.0", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "gpl-3.0"),
        *("mit or cc-by-nc-4.0", "(MIT and Apache-2.0)", "gpl-2.0 with classpath-exception-2.0"),
    ],
)
def test_commercial_use_is_allowed(name: str) -> None:
    assert is_free(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "()", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "other", "unknown", "llama3"),
        *("mit and cc-by-nc-4.0", "mitigated", "not-mit"),
    ],
)
def test_commercial_use_is_not_known_to_be_allowed(name: str) -> None:
    assert not is_free(name)


@pytest.mark.parametrize(
    ("readme", "config", "found"),
    [
        ("---\nlicense: MIT\n---\n# text", {}, "mit"),
        ("\ufeff---\r\nlicense: mit\r\n---\r\n", {}, "mit"),
        ("---\nlicense: [mit, cc-by-4.0]\n---", {}, "mit and cc-by-4.0"),
        ("---\nlicense: other\nlicense_name: acme-research\n---\n", {}, "acme-research"),
        ("---\ntags: [a]\n---\n", {"license": "apache-2.0"}, "apache-2.0"),
        ("---\nlicense: mit\nbase_model: microsoft/LayoutLMv3-base\n---\n", {}, "cc-by-nc-sa-4.0"),
        ("---\nlicense: mit\n---\n", {"model_type": "layoutlmv3"}, "cc-by-nc-sa-4.0"),
        ("---\nlicense: mit\n---\n", {"_name_or_path": "microsoft/layoutxlm-base"}, "cc-by-nc-sa-4.0"),
        ("---\nlicense: mit\nbase_model: microsoft/layoutlm-base-uncased\n---\n", {"model_type": "layoutlm"}, "mit"),
        ("license: mit\n", {}, ""),
        ("---\nlicense: [\n---\n", {}, "unreadable"),
        ("---\n- a\n---\n", {}, ""),
        (None, None, ""),
    ],
)
def test_where_the_licence_stands(
    tmp_path: Path, readme: str | None, config: dict[str, str] | None, found: str
) -> None:
    if readme is not None:
        (tmp_path / "README.md").write_text(readme, encoding="utf-8", newline="")
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_card(tmp_path).licence == found


def test_a_card_that_cannot_be_read_may_forbid_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    (tmp_path / "config.json").write_text("[")
    assert read_card(tmp_path) == licence.Card(licence="unreadable")
    with pytest.raises(EngineUnavailable, match="unreadable"):
        licence.check("unreadable", "m", allow_noncommercial=False, may_lack=True)


@pytest.mark.parametrize(
    ("expression", "free"),
    [
        ("(MIT OR Apache-2.0) AND CC-BY-NC-4.0", False),
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0 WITH Commons-Clause", False),
    ],
)
def test_expressions_with_brackets_and_additions(expression: str, free: bool) -> None:
    assert licence.is_free(expression) is free


def test_languages_are_named_as_everywhere_else(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlanguage: [ko, en, eng, sw]\nversion: 1.5\n---\n")
    assert read_card(tmp_path) == licence.Card(languages=("korean", "english", "sw"), version="1.5")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cc-by-nc-4.0", "cc-by-nc-4.0, forbids commercial use"),
        ("mit and cc-by-nc-sa-4.0", "forbids commercial use"),
        ("other", "other, is not one that is known"),
        ("", "names no licence"),
    ],
)
def test_a_refusal_names_the_model_the_licence_and_the_setting(name: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        licence.check(name, "acme/forms", allow_noncommercial=False, may_lack=False)
    for part in (reason, "acme/forms", "ML_SERVER_ALLOW_NONCOMMERCIAL=true"):
        assert part in caught.value.message
    licence.check(name, "acme/forms", allow_noncommercial=True, may_lack=False)
