"""ONNX Runtime and OpenVINO, imported so that they report their use to nobody. The package imports them only here."""

from __future__ import annotations

import os
import sys
from typing import Any


def onnxruntime() -> Any:
    """The package ``onnxruntime``; what it collects about its use is switched off."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is loaded
    import onnxruntime as package

    package.disable_telemetry_events()
    return package


def openvino() -> Any:
    """The package ``openvino``, without the one that tells its makers of every import over the network."""
    # None makes importing it an ImportError, for which OpenVINO has a stand-in that does nothing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is what the import system wants
    import openvino as package

    return package
