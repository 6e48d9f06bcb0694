#!/usr/bin/env bash
# The packages of an image or of a bento, with uv or else pip, into the virtual environment that is active.
#
#   image_venv.sh REQUIREMENTS     deploy/requirements.txt, or what BentoML wrote into the bento from it
#
# ML_SERVER_DEVICE    gpu: onnxruntime-gpu in the place of onnxruntime
# TORCH_BACKEND       which build of torch, as uv names it: cpu, cu130; empty for the package index's own
# PADDLE_GPU          arguments that install paddlepaddle-gpu, for ML_SERVER_PADDLE_BACKEND=paddle; empty for none
set -euo pipefail

requirements=$1
tool=(uv pip)
command -v uv >/dev/null || tool=(python -m pip)
[[ -z "${TORCH_BACKEND:-}" ]] || export UV_TORCH_BACKEND=$TORCH_BACKEND

# The pinned version of a package.
pin() { sed -n "s/^$1==//p" "$requirements"; }

"${tool[@]}" install -r "$requirements"

# paddlex asks for opencv-contrib-python, which needs libGL and fills the same folder; the headless one goes on top.
"${tool[@]}" install --force-reinstall --no-deps "opencv-python-headless==$(pin opencv-python-headless)"

if [[ "${ML_SERVER_DEVICE:-cpu}" == gpu ]]; then
  # They share one folder, too.
  "${tool[@]}" uninstall -y onnxruntime
  "${tool[@]}" install --no-deps "onnxruntime-gpu==$(pin onnxruntime)"
fi

if [[ -n "${PADDLE_GPU:-}" ]]; then
  # Its own pins of NVIDIA's libraries are at odds with torch's; both take what the image has.
  "${tool[@]}" install opt-einsum networkx safetensors
  # shellcheck disable=SC2086  # several arguments
  "${tool[@]}" install --no-deps $PADDLE_GPU
fi

# What is built for another CUDA than the rest would be found out on a GPU only, as "no CUDA" and pages read on the CPU. So
# the packages are asked here, and NVIDIA's base image, which has CUDA_VERSION.
python - <<'PYTHON'
import os
import sys

import cv2
import grpc
import onnxruntime
import torch

print("torch", torch.__version__, "onnxruntime", onnxruntime.__version__)
if os.environ.get("ML_SERVER_DEVICE") == "gpu":
    found = {
        "torch": torch.version.cuda,
        "onnxruntime": getattr(onnxruntime, "cuda_version", None),
        "base image": os.environ.get("CUDA_VERSION"),
    }
    built_for = {name: version for name, version in found.items() if version}
    print("CUDA:", built_for)
    if len({version.split(".")[0] for version in built_for.values()}) > 1:
        sys.exit("these are for different CUDAs: set CUDA_IMAGE, TORCH_BACKEND or the pin of onnxruntime")
PYTHON
