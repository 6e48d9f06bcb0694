"""The documentation's site: it builds without a warning, and its generated pages are what the code says today."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ml_server.bentoml_services import paths
from ml_server.errors import all_errors
from ml_server.grpc_services.v1 import ocr_pb2
from ml_server.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed; pip install 'ml_server[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def links() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("docs_links")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("generate_docs")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def test_every_page_is_there(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").with_suffix("")
        assert (site / ("index.html" if name.name == "index" else f"{name}/index.html")).is_file(), name


def test_the_site_asks_nobody_else_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        found = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', page.read_text(encoding="utf-8")
        )
        assert found == [], page


def test_the_licences_are_the_notice(site: Path) -> None:
    text = (site / "licences" / "index.html").read_text(encoding="utf-8")
    assert "Copyright 2026 the ml_server authors" in text
    assert "PP-OCRv6" in text


def test_references_are_fresh(generator: ModuleType) -> None:
    assert generator.stale() == [], "run make docs"


def test_stale_missing_and_left_over_pages_are_found(generator: ModuleType, tmp_path: Path) -> None:
    for page in REFERENCE.glob("*.md"):
        shutil.copy(page, tmp_path)
    (tmp_path / "grpc.md").write_text("# old\n", encoding="utf-8")
    (tmp_path / "http.md").unlink()
    (tmp_path / "gone.md").write_text("", encoding="utf-8")
    assert generator.stale(tmp_path) == ["gone.md", "grpc.md", "http.md"]


def test_references_have_everything() -> None:
    http = (REFERENCE / "http.md").read_text(encoding="utf-8")
    for path in (paths.EXTRACT_TEXT, paths.EXTRACT_TEXT_BATCH, paths.EXTRACT_DOCUMENT, paths.PREDICT, paths.ENGINES):
        assert re.search(rf"^## (GET|POST) {path}$", http, re.MULTILINE)
    assert all(f"| `{kind.code}` |" in http for kind in all_errors())
    grpc = (REFERENCE / "grpc.md").read_text(encoding="utf-8")
    methods = ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].methods_by_name
    names = [*ocr_pb2.DESCRIPTOR.message_types_by_name, *methods]
    assert [name for name in names if f"### {name}\n" not in grpc] == []
    settings = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"| `ML_SERVER_{name.upper()}` |" not in settings] == []


@pytest.mark.parametrize(
    ("page", "link", "becomes"),
    [
        ("grpc.md", "[ocr.proto](../protos/ml_server/v1/ocr.proto)", "`protos/ml_server/v1/ocr.proto`"),
        ("grpc.md", "[the table](../ml_server/errors.py#L3)", "the table (`ml_server/errors.py`)"),
        ("reference/grpc.md", "[gRPC](../grpc.md)", "[gRPC](../grpc.md)"),
        ("grpc.md", "[here](security.md#keys)", "[here](security.md#keys)"),
    ],
)
def test_links_to_files_beside_the_documentation_become_names(
    links: ModuleType, page: str, link: str, becomes: str
) -> None:
    assert links.unlink(f"See {link}.", page) == f"See {becomes}."
