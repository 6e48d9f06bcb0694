"""Generate the gRPC stubs from ``protos/`` into the package, or check that the committed ones are what it would write.

::

    python scripts/generate_protos.py           write ml_server/grpc_services/v1/*_pb2*.py, .pyi
    python scripts/generate_protos.py --check   exit 1 and name the files that differ

The proto package is ``ml_server.v1`` and its files are registered as ``ml_server/v1/….proto``, which is what reflection
shows and what any client generates. The Python modules lie one level deeper, in ``ml_server.grpc_services.v1``, where
protobuf belongs in this package; so the absolute imports between generated modules are rewritten to that path.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[1]
PROTOS = ROOT / "protos"
TARGET = ROOT / "ml_server" / "grpc_services" / "v1"
SOURCES = tuple(sorted((PROTOS / "ml_server" / "v1").glob("*.proto")))

# `from ml_server.v1 import x_pb2` in _pb2.py and _pb2_grpc.py; the .pyi files of mypy-protobuf use the same form.
_IMPORT = re.compile(r"^from ml_server\.v1 import ", re.MULTILINE)


def generate() -> dict[str, str]:
    """The stubs as they should be: file name to text."""
    plugins = Path(sys.executable).parent  # protoc-gen-mypy and protoc-gen-mypy_grpc lie beside the interpreter
    with tempfile.TemporaryDirectory() as folder:
        failed = protoc.main(
            [
                "protoc",
                f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
                f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
                f"-I{PROTOS}",
                f"-I{files('grpc_tools') / '_proto'}",
                f"--python_out={folder}",
                f"--grpc_python_out={folder}",
                f"--mypy_out=quiet:{folder}",
                f"--mypy_grpc_out=quiet:{folder}",
                *(str(source.relative_to(PROTOS)) for source in SOURCES),
            ]
        )
        if failed:
            raise SystemExit(f"protoc failed with status {failed}")
        written = Path(folder, "ml_server", "v1").iterdir()
        return {
            path.name: _IMPORT.sub("from ml_server.grpc_services.v1 import ", path.read_text(encoding="utf-8"))
            for path in written
        }


def stale(target: Path = TARGET) -> list[str]:
    """Names of the stubs in ``target`` that are missing, differ or have no source any more."""
    wanted = generate()
    found = {path.name: path.read_text(encoding="utf-8") for path in target.glob("*_pb2*.py*")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main() -> int:
    """Exit status: 0 where the stubs are (now) as they should be, 1 where the check found a difference."""
    parser = argparse.ArgumentParser(description="generate the gRPC stubs")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed stubs are stale")
    if parser.parse_args().check:
        names = stale()
        if names:
            print(f"stale in {TARGET.relative_to(ROOT)}: {', '.join(names)}; run: make proto", file=sys.stderr)
        return 1 if names else 0
    wanted = generate()
    for path in TARGET.glob("*_pb2*.py*"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {', '.join(sorted(wanted))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
