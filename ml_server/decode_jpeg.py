"""JPEGs as pixels by libjpeg-turbo alone (simplejpeg), which takes two thirds of Pillow's time.

Pillow feeds the same library in small pieces, keeps four bytes for each pixel and copies them into three. Its answer is
still the one that counts: whatever is not a plain, sound file in grey or RGB is left to it. Decoder processes only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simplejpeg

MODES = ("L", "RGB")
"""Pillow's modes of files whose pixels are the same both ways."""


def to_rgb(data: bytes, width: int, height: int) -> npt.NDArray[np.uint8] | None:
    """Decode a file of one of MODES.

    Args:
        data: the file.
        width: in pixels, as its header says and as it was allowed.
        height: likewise.

    Returns:
        uint8, shape (height, width, 3), writable; None where libjpeg has something to say against the file,
        which Pillow may mend or refuse.
    """
    pixels = np.empty((height, width, 3), np.uint8)
    try:
        found: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", buffer=pixels, strict=True)
    except (ValueError, RuntimeError):
        return None
    return pixels if found.shape == pixels.shape else None
