"""Where models come from: folders, BentoML's store and the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from ml_server.engines.layoutlm import model_source
from ml_server.engines.layoutlm.model_source import resolve
from ml_server.errors import EngineUnavailable

COMMIT = "0123456789abcdef"


def write_model(folder: Path, licence: str = "mit", **config: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "layoutlm", **config}))
    (folder / "model.safetensors").write_bytes(b"")
    if licence:
        (folder / "README.md").write_text(f"---\nlicense: {licence}\nlanguage: ko\nversion: 3\n---\n")
    return folder


def test_a_folder(tmp_path: Path) -> None:
    found = resolve(str(write_model(tmp_path / "mine")))
    assert (found.path, found.name, found.version) == (tmp_path / "mine", "mine", "3")
    assert (found.licence, found.languages) == ("mit", ("korean",))


def test_a_folder_under_a_licence_against_commerce(tmp_path: Path) -> None:
    folder = str(write_model(tmp_path, "cc-by-nc-sa-4.0"))
    with pytest.raises(EngineUnavailable, match=r"cc-by-nc-sa-4\.0.*ML_SERVER_ALLOW_NONCOMMERCIAL=true"):
        resolve(folder)
    assert resolve(folder, allow_noncommercial=True).licence == "cc-by-nc-sa-4.0"


def test_a_folder_without_a_card_passes_with_a_warning(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = str(write_model(tmp_path / "mine", ""))
    assert resolve(folder, download=False).licence == ""
    assert "model_without_licence" not in "".join(capfd.readouterr())
    assert resolve(folder).licence == ""
    assert "model_without_licence" in "".join(capfd.readouterr())


def test_what_is_no_model(tmp_path: Path) -> None:
    for reference, reason in (
        (str(tmp_path), "no config.json"),
        (str(tmp_path / "absent"), "no such folder"),
        ("two words", "no such folder"),
        ("https://example.org/model", "no such folder"),
    ):
        with pytest.raises(EngineUnavailable, match=reason):
            resolve(reference)


def test_the_shipped_model_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_source, "SHIPPED", write_model(tmp_path / "weights"))
    assert resolve("").path == tmp_path / "weights"
    monkeypatch.setattr(model_source, "SHIPPED", tmp_path)
    with pytest.raises(EngineUnavailable, match="shipped model"):
        resolve("")


def test_a_tag_of_the_model_store(tmp_path: Path) -> None:
    code = """
import bentoml
from ml_server.engines.layoutlm.model_source import resolve
from ml_server.errors import EngineUnavailable
for name, licence in (("forms", "mit"), ("theirs", "cc-by-nc-4.0")):
    with bentoml.models.create(name + ":v7") as model:
        open(model.path + "/config.json", "w").write("{}")
        open(model.path + "/README.md", "w").write("---\\nlicense: " + licence + "\\n---\\n")
for reference in ("forms:v7", "forms", "forms:v8", "theirs:v7"):
    try:
        found = resolve(reference, download=False)
        print(found.name, found.version, found.licence, (found.path / "config.json").is_file())
    except EngineUnavailable as error:
        print(error)
"""
    env = {**os.environ, "BENTOML_HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "true"}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    versioned, latest, absent, refused = result.stdout.splitlines()
    assert versioned == latest == "forms v7 mit True"
    assert "no model forms:v8 in BentoML's store" in absent
    assert "cc-by-nc-4.0" in refused


class Hub:
    """A hub with some repositories, and what was asked of it."""

    def __init__(self, cache: Path, files: dict[str, dict[str, str]]) -> None:
        self.cache, self.files, self.asked = cache, files, list[str]()

    def snapshot_download(self, name: str, *, allow_patterns: list[str], local_files_only: bool) -> str:
        folder = self.cache / name / COMMIT
        if not local_files_only:
            if name not in self.files:
                raise ConnectionError("no route to the hub")
            self.asked += allow_patterns
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in self.files[name].items():
                if any(fnmatch(file, pattern) for pattern in allow_patterns):
                    (folder / file).write_text(text)
        if not folder.is_dir():
            raise FileNotFoundError("not in the cache")
        return str(folder)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    mit, nc = "---\nlicense: mit\n---\n", "---\nlicense: cc-by-nc-4.0\n---\n"
    weights = {"config.json": "{}", "model.safetensors": ""}
    made = Hub(
        tmp_path,
        {
            "acme/forms": {**weights, "README.md": mit, "training_args.bin": ""},
            "acme/old": {"config.json": "{}", "pytorch_model.bin": "", "README.md": mit},
            "acme/empty": {"README.md": mit},
            "acme/closed": {**weights, "README.md": nc},
            "acme/silent": weights,
            "microsoft/layoutlmv3-base": {**weights, "README.md": mit},
        },
    )
    monkeypatch.setattr("huggingface_hub.snapshot_download", made.snapshot_download)
    return made


def test_a_hub_model(hub: Hub) -> None:
    with pytest.raises(EngineUnavailable, match="not in the hub's cache"):
        resolve("acme/forms", download=False)
    found = resolve("acme/forms")
    assert (found.name, found.version, found.licence) == ("acme/forms", COMMIT[:8], "mit")
    assert {file.name for file in found.path.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert resolve("acme/forms", download=False) == found
    assert (resolve("acme/old").path / "pytorch_model.bin").is_file()
    with pytest.raises(EngineUnavailable, match="no weights"):
        resolve("acme/empty")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("acme/closed", "cc-by-nc-4.0"), ("acme/silent", "no licence"), ("microsoft/layoutlmv3-base", "nc")],
)
def test_a_refused_hub_model_is_not_fetched(hub: Hub, name: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=reason):
        resolve(name)
    assert "*.safetensors" not in hub.asked
    assert resolve(name, allow_noncommercial=True).path.is_dir()
    assert "*.safetensors" in hub.asked


def test_without_a_network_the_message_says_what_to_do(hub: Hub) -> None:
    with pytest.raises(EngineUnavailable, match=r"no route to the hub.*hf download acme/absent"):
        resolve("acme/absent")
