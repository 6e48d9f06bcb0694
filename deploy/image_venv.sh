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
  # They share one folder, too. From 1.27 on onnxruntime-gpu is built for CUDA 13.
  "${tool[@]}" uninstall -y onnxruntime
  "${tool[@]}" install --no-deps "onnxruntime-gpu==$(pin onnxruntime)"
fi

if [[ -n "${PADDLE_GPU:-}" ]]; then
  # Its own pins of NVIDIA's libraries are at odds with torch's; both take what the image has.
  "${tool[@]}" install opt-einsum networkx safetensors
  # shellcheck disable=SC2086  # several arguments
  "${tool[@]}" install --no-deps $PADDLE_GPU
fi

python -c 'import cv2, grpc, onnxruntime, torch; print("torch", torch.__version__, "onnxruntime", onnxruntime.__version__)'
