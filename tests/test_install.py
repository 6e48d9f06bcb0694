"""The installed environment: the right one of the two OpenCV packages that share a folder, and versions as pinned."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PINS = dict(
    re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
)

# In a process of its own, so that nothing another test imported is in its memory map.
CV2 = """
import cv2
print(cv2.__version__)
print(open("/proc/self/maps").read())
"""


@pytest.fixture(scope="module")
def cv2_output() -> tuple[str, str]:
    """The version that imports, and the libraries mapped then."""
    finished = subprocess.run([sys.executable, "-I", "-c", CV2], capture_output=True, text=True, check=True)
    version, _, maps = finished.stdout.partition("\n")
    return version, maps


def test_cv2_is_the_headless_one_and_needs_no_libgl(cv2_output: tuple[str, str]) -> None:
    _, maps = cv2_output
    assert "cv2" in maps
    assert "libGL" not in maps
    assert "libQt" not in maps
    assert "opencv_contrib_python.libs" not in maps


def test_cv2_is_the_pinned_version(cv2_output: tuple[str, str]) -> None:
    version, _ = cv2_output
    pin = PINS["opencv-python-headless"]
    # The wheel's fourth number counts rebuilds of one OpenCV release.
    assert pin.startswith(f"{version}.")
    assert metadata.version("opencv-python-headless") == pin
    assert metadata.version("opencv-contrib-python") == pin, "paddlex looks its OpenCV up under this name"


def test_constraints_are_exact_and_belong_to_no_one_machine() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) == len(PINS) > 100
    assert not [pin for pin in pins if "+" in pin or "/" in pin]
    assert "ml_server" not in PINS


def test_pins_of_what_is_installed_here_agree_with_it() -> None:
    normal = {re.sub(r"[-_.]+", "-", name).lower(): pin for name, pin in PINS.items()}
    installed = {re.sub(r"[-_.]+", "-", dist.name).lower(): dist.version for dist in metadata.distributions()}
    differing = {
        name: (installed[name], pin)
        for name, pin in normal.items()
        if name in installed and installed[name].partition("+")[0] != pin
    }
    assert differing == {}, "run make setup: (installed, pinned)"
