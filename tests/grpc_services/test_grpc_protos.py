"""The protos keep buf's rules, the committed stubs are what the protos give, and names equal the nouns'."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ml_server.document import Block, DocumentRequest, Entity, Line, OCRPage, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.key_value import KeyValue, KeyValuePage

ROOT = Path(__file__).resolve().parents[2]


def buf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("buf")
    if not program.exists():
        pytest.skip("buf is not installed beside this Python; pip install buf-bin")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the protos and buf's rules that a test may spoil."""
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def test_the_protos_keep_the_rules() -> None:
    linted = buf(ROOT, "lint")
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("  // 0..1.\n  double confidence = 2;", "  double confidence = 2;", "should have a non-empty comment"),
        ("rpc ListEngines(ListEnginesRequest)", "rpc ListEngines(ExtractTextRequest)", "ListEnginesRequest"),
        ("double overall_confidence", "double overallConfidence", "lower_snake_case"),
    ],
)
def test_the_rules_are_really_checked(copy: Path, old: str, new: str, rule: str) -> None:
    proto = copy / "protos" / "ml_server" / "v1" / "ocr.proto"
    text = proto.read_text(encoding="utf-8")
    assert old in text
    proto.write_text(text.replace(old, new), encoding="utf-8")
    linted = buf(copy, "lint")
    assert linted.returncode != 0
    assert rule in linted.stdout + linted.stderr


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    spec = importlib.util.spec_from_file_location("generate_protos", ROOT / "scripts" / "generate_protos.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_stubs_are_fresh() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    command = [sys.executable, str(ROOT / "scripts" / "generate_protos.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_stale_missing_and_left_over_stubs_are_found(generator: ModuleType, tmp_path: Path) -> None:
    for path in generator.TARGET.glob("*_pb2*.py*"):
        shutil.copy(path, tmp_path)
    assert generator.stale(tmp_path) == []
    (tmp_path / "ocr_pb2.py").write_text("# old\n", encoding="utf-8")
    (tmp_path / "ocr_pb2.pyi").unlink()
    (tmp_path / "gone_pb2.py").write_text("", encoding="utf-8")
    assert generator.stale(tmp_path) == ["gone_pb2.py", "ocr_pb2.py", "ocr_pb2.pyi"]


def test_the_file_is_registered_under_its_proto_path() -> None:
    """Reflection shows this name, and a client's own stubs of the same file then do not collide with ours."""
    assert ocr_pb2.DESCRIPTOR.name == "ml_server/v1/ocr.proto"
    assert ocr_pb2.DESCRIPTOR.package == "ml_server.v1"


def test_fields_are_named_as_the_nouns_are() -> None:
    def fields(message: type) -> set[str]:
        return set(message.DESCRIPTOR.fields_by_name)  # type: ignore[attr-defined]  # every message has one

    def attributes(noun: type) -> set[str]:
        return {field.name for field in dataclasses.fields(noun)}

    options = {"language", "engine", "confidence_threshold", "use_angle_cls"}
    assert fields(ocr_pb2.ExtractTextRequest) == options | {"image"}
    assert fields(ocr_pb2.DocumentOptions) == options | {"model_version"}
    assert options | {"model_version"} <= attributes(DocumentRequest)
    assert fields(ocr_pb2.Word) == attributes(Word)
    assert fields(ocr_pb2.TextBox) == attributes(Line)
    assert fields(ocr_pb2.Block) == attributes(Block)
    assert fields(ocr_pb2.Engine) == attributes(EngineInfo)
    for message, noun in ((ocr_pb2.Entity, Entity), (ocr_pb2.Relation, Relation), (ocr_pb2.KeyValue, KeyValue)):
        assert fields(message) == attributes(noun)
    assert fields(ocr_pb2.KeyValues) == attributes(KeyValuePage) - {"number"}
    page = attributes(OCRPage) - {"lines", "number"} | {"text", "overall_confidence", "text_boxes"}
    assert fields(ocr_pb2.ExtractTextResponse) == page
