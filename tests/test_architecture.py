"""Rules about the code itself: light imports, one direction, one error table."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

import ml_server
from ml_server.errors import MLServerError, all_errors, from_code

PACKAGE = Path(ml_server.__file__).parent
HEAVY = (
    "torch",
    "paddle",
    "paddleocr",
    "easyocr",
    "tesserocr",
    "onnxruntime",
    "pypdfium2",
    "bentoml",
    "grpc",
    "transformers",
)

CORE = (
    "document",
    "engine_info",
    "key_value",
    "errors",
    "geometry",
    "languages",
    "settings",
    "decode",
    "engines",
    "scheduler",
    "replicas",
    "pipeline",
    "reading",
    "extraction",
    "gate",
    "start_up",
    "metrics",
    "observation",
    "tracing",
)
ADAPTERS = ("bentoml_services", "grpc_services", "clients", "label_studio", "cli")


def test_import_is_light() -> None:
    code = f"import ml_server, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_the_core_and_the_engines_import_no_framework() -> None:
    code = (
        "import sys, ml_server.pipeline\n"
        "from ml_server.engines.factory import OCREngineFactory as F\n"
        "[F.engine_class(name) for name in F.names()]\n"
        "from ml_server.engines.extractors import ExtractorFactory as E\n"
        "[E.extractor_class(name) for name in E.names()]\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[]"


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    mine = {module.removeprefix("ml_server.") for module in imports(path) if module.startswith("ml_server.")}
    if name.split("_")[0] in CORE or name in CORE:
        assert not {module for module in mine if module.startswith(ADAPTERS)}
    if name == "engines":
        assert not {
            module
            for module in mine
            if module.startswith(("pipeline", "reading", "extraction", "scheduler", "replicas", "decode", "settings"))
        }
    if name in ("document", "engine_info", "errors"):
        assert not mine
    if name == "key_value":
        assert all(module.startswith("document") for module in mine)


def test_the_error_table_in_the_docstring_is_the_one_in_the_code() -> None:
    from ml_server import errors

    rows = {}
    for line in (errors.__doc__ or "").splitlines():
        cells = line.lstrip(" ├└│─").split()
        if len(cells) >= 4 and cells[1].isdigit():
            rows[cells[0]] = (int(cells[1]), cells[2], cells[3])
    assert rows == {kind.__name__: (kind.http_status, kind.grpc_code, kind.code) for kind in all_errors()}


@pytest.mark.parametrize("kind", all_errors())
def test_every_error_survives_both_wires_and_a_process_border(kind: type[MLServerError]) -> None:
    assert grpc.StatusCode[kind.grpc_code]
    error = kind("why", field="image", retry_after_s=2.5)
    for copy in (pickle.loads(pickle.dumps(error)), from_code(kind.code, "why", field="image", retry_after_s=2.5)):
        assert type(copy) is kind
        assert (copy.message, copy.field, copy.retry_after_s) == ("why", "image", 2.5)
    assert type(from_code("of-a-newer-server", "why")) is MLServerError
