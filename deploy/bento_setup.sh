#!/usr/bin/env bash
# Runs in the image that `bentoml containerize` builds, beside the bento's src/, with its virtual environment active.
set -euo pipefail

src="$BENTO_PATH/src"

uv pip install -r "$src/pyproject.toml" --extra paddle --extra tesseract --extra easyocr -c "$src/constraints.txt"
# Last and on top, as in scripts/setup.sh: the OpenCV that needs no libGL.
uv pip install --reinstall --no-deps -c "$src/constraints.txt" opencv-python-headless
# onnxruntime and onnxruntime-gpu share one folder. 1.26 is built for CUDA 12, like the image; newer ones for CUDA 13.
if [[ "${ML_SERVER_DEVICE:-cpu}" == gpu ]]; then
  uv pip uninstall onnxruntime
  uv pip install --no-deps "onnxruntime-gpu==1.26.0"
fi
