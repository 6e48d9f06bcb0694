"""BentoML's home with an empty model store."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def model_home(folder: Path) -> Iterator[Path]:
    """Of this process and of those it starts, in a folder that is made for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own: it uses a name that pathspec has deprecated
        import bentoml.models  # noqa: F401 - loaded lazily otherwise, where warnings are errors
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models.model import ModelStore

    (folder / "models").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(folder))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        BentoMLContainer.model_store.set(ModelStore(str(folder / "models")))
        yield folder
        BentoMLContainer.model_store.reset()
